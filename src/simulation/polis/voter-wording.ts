// What a model that plays a voter is told, as messages: the votes that are shown, or what was made of them, and one statement
// to vote on with three options: under letters, or in the brief wording by their words, always in one order. This file alone
// decides who sees what: no vote that is asked about, no group, no id. What people wrote is never read as a template; it stands
// as JSON text, in brief as one line.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { createRandom, deriveSeed, oneLine } from "../../core/index.ts";
import { type Message, type VoteKind, voteKinds } from "../../records/index.ts";
import type { Wording } from "../stakeholders/persona-text.ts";

const load = <Hole extends string>(name: string, ...holes: readonly Hole[]) =>
  loadTemplate(new URL(`./prompts/${name}`, import.meta.url), holes);

const templates = {
  votes: load("voter-votes.txt", "topic", "agreed", "disagreed", "passed"),
  persona: load("voter-persona.txt", "topic", "persona"),
  describe: load("describe-voter.txt", "topic", "agreed", "disagreed", "passed", "words"),
  question: load("held-out-vote.txt", "statement", "first", "second", "third"),
  brief: {
    votes: load("brief/voter-votes.txt", "votes"),
    persona: load("brief/voter-persona.txt", "persona"),
    describe: load("brief/describe-voter.txt", "votes"),
    question: load("brief/held-out-vote.txt", "statement"),
  },
};

/** A vote that is shown, with the statement's text. */
export type ShownVote = { readonly text: string; readonly vote: VoteKind };

/** The letters of the options, in their order. */
export const optionLetters = ["(A)", "(B)", "(C)"] as const;

/** Kinds of votes in the order in which they stand under the letters. */
export type OptionOrder = readonly [first: VoteKind, second: VoteKind, third: VoteKind];

const [agree, disagree, pass] = voteKinds;
const rotations: readonly OptionOrder[] = [
  [agree, disagree, pass],
  [disagree, pass, agree],
  [pass, agree, disagree],
];

/** All three rotations, in which each option has each letter once; or one of them, drawn by the seed. In brief always one. */
export const optionOrders = (count: 1 | 3, seed: number, wording: Wording): readonly OptionOrder[] => {
  if (wording === "brief") return [voteKinds];
  return count === 3 ? rotations : [createRandom(deriveSeed(seed, "order")).pick(rotations)];
};

/** What stands for the options in an answer, in their order: letters, or in brief the options themselves. */
export const optionsIn = (order: OptionOrder, wording: Wording): OptionOrder | typeof optionLetters =>
  wording === "brief" ? order : optionLetters;

const listed = (votes: readonly ShownVote[], kind: VoteKind): string => {
  const own = votes.filter(({ vote }) => vote === kind);
  return own.length === 0 ? "none" : own.map(({ text }) => `- ${JSON.stringify(text)}`).join("\n");
};

const lists = (votes: readonly ShownVote[]) => ({
  agreed: listed(votes, agree),
  disagreed: listed(votes, disagree),
  passed: listed(votes, pass),
});

/** Votes in brief, a line each: "agree: Be discreet.". */
const briefVotes = (votes: readonly ShownVote[]): string =>
  votes.map(({ text, vote }) => `${vote}: ${oneLine(text)}`).join("\n");

/** What a model is told of the voter that it plays: the votes. The brief wording says no topic. */
export const voterByVotes = (topic: string, votes: readonly ShownVote[], wording: Wording): string =>
  wording === "brief"
    ? renderTemplate(templates.brief.votes, { votes: briefVotes(votes) })
    : renderTemplate(templates.votes, { topic, ...lists(votes) });

/** What a model is told of the voter that it plays: a description. */
export const voterByPersona = (topic: string, persona: string, wording: Wording): string =>
  wording === "brief"
    ? renderTemplate(templates.brief.persona, { persona })
    : renderTemplate(templates.persona, { topic, persona });

/** A model is asked to describe a voter. words: at most, of which the brief wording says nothing. */
export const describeMessages = (
  topic: string,
  votes: readonly ShownVote[],
  words: number,
  wording: Wording,
): Message[] => [
  {
    role: "user",
    content:
      wording === "brief"
        ? renderTemplate(templates.brief.describe, { votes: briefVotes(votes) })
        : renderTemplate(templates.describe, { topic, words: String(words), ...lists(votes) }),
  },
];

/** A model is asked how the voter that it plays votes. system: as above. */
export const voteMessages = (
  system: string,
  statement: string,
  [first, second, third]: OptionOrder,
  wording: Wording,
): Message[] => [
  { role: "system", content: system },
  {
    role: "user",
    content:
      wording === "brief"
        ? renderTemplate(templates.brief.question, { statement: oneLine(statement) })
        : renderTemplate(templates.question, {
            ...{ statement: JSON.stringify(statement), first, second, third },
          }),
  },
];
