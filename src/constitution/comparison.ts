// How a principle is put to a model: the multiple-choice question of a comparison (Bai et al. 2022, section 4.1)
// and the two requests of a round of critique and revision (section 3.1). The corpus that teaches a model these
// forms and the feedback that uses them both take them from here. Deviation: a chat message instead of a transcript,
// and options without brackets around them.

import type { Message, Principle } from "../records/index.ts";
import { loadTemplate, renderTemplate } from "./template.ts";

const comparisonTemplate = loadTemplate(new URL("./prompts/comparison.txt", import.meta.url), [
  "conversation",
  "preference",
  "first",
  "second",
]);

/** What the judge's reply begins with when it prefers the first or the second reply: the continuations to score. */
export const comparisonOptions = ["(A)", "(B)"] as const;

/** What a comparison is about: the conversation so far, the principle that decides, and the two replies in order. */
export type Comparison = {
  readonly messages: readonly Message[];
  readonly principle: Pick<Principle, "preference">;
  readonly first: string;
  readonly second: string;
};

const speakers = { system: "System", user: "User", assistant: "Assistant" } as const;

/** A conversation as lines "User: ..." and "Assistant: ...". */
export const renderConversation = (messages: readonly Message[]): string =>
  messages.map((message) => `${speakers[message.role]}: ${message.content}`).join("\n");

/** The question put to the judge: one user message that ends in "The answer is:". */
export const renderComparison = ({ messages, principle, first, second }: Comparison): Message[] => [
  {
    role: "user",
    content: renderTemplate(comparisonTemplate, {
      conversation: renderConversation(messages),
      preference: principle.preference,
      first,
      second,
    }),
  },
];

/** The conversation that asks for a critique of an answer: the request, the answer, the principle's critique. */
export const renderCritique = (
  messages: readonly Message[],
  answer: string,
  principle: Pick<Principle, "critique">,
): Message[] => [
  ...messages,
  { role: "assistant", content: answer },
  { role: "user", content: principle.critique },
];

/** The conversation that asks for the revision after the critique. The next round starts from the revision alone. */
export const renderRevision = (
  messages: readonly Message[],
  answer: string,
  principle: Pick<Principle, "critique" | "revision">,
  critique: string,
): Message[] => [
  ...renderCritique(messages, answer, principle),
  { role: "assistant", content: critique },
  { role: "user", content: principle.revision },
];
