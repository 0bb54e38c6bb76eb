// A conversation as one text for models that go on with texts, in the form of Bai et al. 2022:
// "\n\nHuman: ... \n\nAssistant:". Knows no server.

import type { Message } from "../../records/index.ts";

/** Where the next human turn begins, and with it what is no part of a reply. */
export const humanTurn = "\n\nHuman:";

const speakers = { system: "System", user: "Human", assistant: "Assistant" } as const;

/**
 * How a transcript begins; the form of critique and revision puts a system's turn first, and the published comparisons
 * stand outside of all turns: "The answer is:" at their end is what a letter follows.
 */
const opening = /^\n\n(?:Human|System|Consider the following conversation between a human and an assistant):/;

/**
 * The text that a model is to go on with. A single message that is a transcript itself stays as it is, to the last sign.
 */
export const transcriptOf = (messages: readonly Message[]): string => {
  const [first, ...others] = messages;
  if (first?.role === "user" && others.length === 0 && opening.test(first.content)) return first.content;
  const turns = messages.map(({ role, content }) => `\n\n${speakers[role]}: ${content}`);
  return `${turns.join("")}\n\nAssistant:`;
};
