// What is asked where people decide on principles, as messages: for a proposal, for support of a principle or of several
// together, for what should change, and, of the model that mediates, for principles written anew. This file alone decides
// who sees what: a user the own persona, what is voted on and the own proposals; the mediator what was said, never by whom.

import { loadTemplate, renderTemplate } from "../../constitution/index.ts";
import { oneLine } from "../../core/index.ts";
import type { Message, Metric } from "../../records/index.ts";
import { briefForms, briefMetaTemplate } from "../episodes/brief-forms.ts";
import { numberedOrNone } from "../episodes/wording.ts";
import { withOwnTexts } from "../own-prompts.ts";
import { personaText, type ShownPersona, type Wording } from "../stakeholders/persona-text.ts";

const load = <Hole extends string>(file: URL, ...holes: readonly Hole[]) => loadTemplate(file, holes);

const full = {
  propose: load(new URL("./prompts/propose.txt", import.meta.url), "earlier", "words"),
  support: load(
    new URL("./prompts/support.txt", import.meta.url),
    ...(["principles", "question", "scale", "form"] as const),
  ),
  object: load(
    new URL("./prompts/object.txt", import.meta.url),
    ...(["principles", "question", "scale", "words", "form"] as const),
  ),
  mediate: load(
    new URL("./prompts/mediate.txt", import.meta.url),
    ...(["users", "principles", "opinions", "most", "words"] as const),
  ),
};
const brief = {
  propose: load(new URL("./prompts/brief/propose.txt", import.meta.url)),
  support: load(new URL("./prompts/brief/support.txt", import.meta.url), "principles", "low", "high"),
  object: load(new URL("./prompts/brief/object.txt", import.meta.url), "principles", "low", "high"),
  mediate: briefMetaTemplate,
};

/** In which words people and the mediator are asked. */
export type VotePrompts =
  | { readonly wording: "full"; readonly texts: typeof full }
  | { readonly wording: "brief"; readonly texts: typeof brief };

/** The prompts that come with Covenant, by the wording. */
export const votePrompts = {
  full: { wording: "full", texts: full },
  brief: { wording: "brief", texts: brief },
} as const satisfies Record<Wording, VotePrompts>;

/** Prompts with the texts of a file in place of those that a vote asks. Throws UserError as withOwnTexts does. */
export const withOwnVoteTexts = (
  prompts: VotePrompts,
  file: string,
  asked: readonly (keyof VotePrompts["texts"])[],
): Promise<VotePrompts> => withOwnTexts(prompts, file, asked);

/** How much a user is for what is voted on. */
export const supportMetric: Metric = {
  id: "support",
  name: "support",
  low: 0,
  high: 10,
  question:
    "How much do you support that the assistant keeps to this? The highest number if you want just this, the lowest if it must not be, the middle one if it is all the same to you.",
};

const asUser = (persona: ShownPersona, wording: Wording, content: string): Message[] => [
  { role: "system", content: personaText(persona, undefined, wording) },
  { role: "user", content },
];

/** earlier: what the user proposed before, which models that follow instructions are shown. words: of a proposal at most. */
export type ProposalQuestion = { readonly earlier: readonly string[]; readonly words: number };

/** A user is asked for one principle. */
export const proposalMessages = (
  persona: ShownPersona,
  { earlier, words }: ProposalQuestion,
  prompts: VotePrompts,
): Message[] =>
  asUser(
    persona,
    prompts.wording,
    prompts.wording === "brief"
      ? renderTemplate(prompts.texts.propose, {})
      : renderTemplate(prompts.texts.propose, { earlier: numberedOrNone(earlier), words: String(words) }),
  );

/** A user is asked how much the principles are to be supported together: one candidate is one principle. */
export const supportMessages = (
  persona: ShownPersona,
  statements: readonly string[],
  prompts: VotePrompts,
): Message[] => {
  const { low, high, question } = supportMetric;
  const principles = numberedOrNone(statements);
  return asUser(
    persona,
    prompts.wording,
    prompts.wording === "brief"
      ? renderTemplate(prompts.texts.support, { principles, low: String(low), high: String(high) })
      : renderTemplate(prompts.texts.support, {
          ...{ principles, question, scale: `A number from ${low} to ${high}.` },
          form: '{"support": ...}',
        }),
  );
};

/** A user is asked for support as above, and for what should change. words: of the comment at most. */
export const objectionMessages = (
  persona: ShownPersona,
  statements: readonly string[],
  words: number,
  prompts: VotePrompts,
): Message[] => {
  const { low, high, question } = supportMetric;
  const principles = numberedOrNone(statements);
  return asUser(
    persona,
    prompts.wording,
    prompts.wording === "brief"
      ? renderTemplate(prompts.texts.object, { principles, low: String(low), high: String(high) })
      : renderTemplate(prompts.texts.object, {
          ...{ principles, question, scale: `A number from ${low} to ${high}.`, words: String(words) },
          form: '{"support": ..., "feedback": "..."}',
        }),
  );
};

/** Something that a user said, with how content the user was: null where that is not known. */
export type Opinion = { readonly support: number | null; readonly said: string };

/** statements: the principles so far. most: principles at most; words: in all of them at most. */
export type MediationQuestion = {
  readonly users: number;
  readonly statements: readonly string[];
  readonly opinions: readonly Opinion[];
  readonly most: number;
  readonly words: number;
};

/** The mediator is asked for principles: one message. What people said stands as JSON text where models follow instructions. */
export const mediationMessages = (
  { users, statements, opinions, most, words }: MediationQuestion,
  prompts: VotePrompts,
): Message[] => {
  if (prompts.wording === "brief") {
    const comments = opinions.map(({ said }) => said);
    return briefForms.meta({ principles: statements.map(oneLine), comments }, prompts.texts.mediate);
  }
  const told = opinions.map(({ support, said }, at) => {
    const how = support === null ? "" : ` supports them with ${support} of ${supportMetric.high}:`;
    return `[${at + 1}]${how} ${JSON.stringify(said)}`;
  });
  const content = renderTemplate(prompts.texts.mediate, {
    ...{ users: String(users), principles: numberedOrNone(statements), opinions: told.join("\n") },
    ...{ most: String(most), words: String(words) },
  });
  return [{ role: "user", content }];
};

/** A conversation to learn: what is asked, and the answer. */
export type Scene = { readonly messages: readonly Message[]; readonly answer: string };

/** A proposal in the brief wording. */
export const briefProposalScene = (persona: ShownPersona, statement: string): Scene => ({
  messages: proposalMessages(persona, { earlier: [], words: 1 }, votePrompts.brief),
  answer: statement,
});

/** Support in the brief wording: of one principle or of several together, with a comment where one is given. */
export const briefSupportScene = (
  persona: ShownPersona,
  statements: readonly string[],
  said: { readonly support: number; readonly comment?: string },
): Scene =>
  said.comment === undefined
    ? {
        messages: supportMessages(persona, statements, votePrompts.brief),
        answer: `support: ${said.support}`,
      }
    : {
        messages: objectionMessages(persona, statements, 1, votePrompts.brief),
        answer: `support: ${said.support}\nfeedback: ${said.comment}`,
      };
