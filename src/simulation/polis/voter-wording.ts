// What a model that plays a voter is told, as messages: the votes that are shown, or what was made of them, and one statement
// to vote on with three options under letters. This file alone decides who sees what: no vote that is asked about, no group,
// no id. What people wrote stands as JSON text and is never read as a template.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { createRandom, deriveSeed } from "../../core/index.ts";
import { type Message, type VoteKind, voteKinds } from "../../records/index.ts";

const load = <Hole extends string>(name: string, ...holes: readonly Hole[]) =>
  loadTemplate(new URL(`./prompts/${name}`, import.meta.url), holes);

const templates = {
  votes: load("voter-votes.txt", "topic", "agreed", "disagreed", "passed"),
  persona: load("voter-persona.txt", "topic", "persona"),
  describe: load("describe-voter.txt", "topic", "agreed", "disagreed", "passed", "words"),
  question: load("held-out-vote.txt", "statement", "first", "second", "third"),
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

/** All three rotations, in which each option has each letter once; or one of them, drawn by the seed. */
export const optionOrders = (count: 1 | 3, seed: number): readonly OptionOrder[] =>
  count === 3 ? rotations : [createRandom(deriveSeed(seed, "order")).pick(rotations)];

const listed = (votes: readonly ShownVote[], kind: VoteKind): string => {
  const own = votes.filter(({ vote }) => vote === kind);
  return own.length === 0 ? "none" : own.map(({ text }) => `- ${JSON.stringify(text)}`).join("\n");
};

const lists = (votes: readonly ShownVote[]) => ({
  agreed: listed(votes, agree),
  disagreed: listed(votes, disagree),
  passed: listed(votes, pass),
});

/** What a model is told of the voter that it plays: the votes. */
export const voterByVotes = (topic: string, votes: readonly ShownVote[]): string =>
  renderTemplate(templates.votes, { topic, ...lists(votes) });

/** What a model is told of the voter that it plays: a description. */
export const voterByPersona = (topic: string, persona: string): string =>
  renderTemplate(templates.persona, { topic, persona });

/** A model is asked to describe a voter. words: at most. */
export const describeMessages = (topic: string, votes: readonly ShownVote[], words: number): Message[] => [
  {
    role: "user",
    content: renderTemplate(templates.describe, { topic, words: String(words), ...lists(votes) }),
  },
];

/** A model is asked how the voter that it plays votes. system: as above. */
export const voteMessages = (
  system: string,
  statement: string,
  [first, second, third]: OptionOrder,
): Message[] => [
  { role: "system", content: system },
  {
    role: "user",
    content: renderTemplate(templates.question, {
      ...{ statement: JSON.stringify(statement), first, second, third },
    }),
  },
];
