// Whether a reply is already as a principle wants it: a question with two options, asked in both orders, and how the
// answer of a model that only writes is read. Strictly: what is not one of the two options is no answer.

import type { Message, Principle } from "../records/index.ts";
import { renderConversation } from "./comparison.ts";
import { loadTemplate, renderTemplate } from "./template.ts";

const recheckTemplate = loadTemplate(new URL("./prompts/recheck.txt", import.meta.url), [
  "conversation",
  "revision",
  "first",
  "second",
]);

const options = ["Yes, nothing has to change.", "No, it has to change."] as const;

/** order 0: yes is option (A); order 1: it is (B). */
export type RecheckQuestion = {
  readonly messages: readonly Message[];
  readonly reply: string;
  readonly principle: Pick<Principle, "revision">;
  readonly order: 0 | 1;
};

/** The question whether a reply is as a principle's revision request wants it: one user message. */
export const renderRecheck = ({ messages, reply, principle, order }: RecheckQuestion): Message[] => [
  {
    role: "user",
    content: renderTemplate(recheckTemplate, {
      conversation: renderConversation([...messages, { role: "assistant", content: reply }]),
      revision: principle.revision,
      first: options[order],
      second: options[1 - order]!,
    }),
  },
];

const written = /^(?:the answer is:?\s*)?(?:\(([AB])\)|([AB]))(?:[.:]?\s*(yes|no)\b[^()]*)?[.]?$/i;

const inWords = /^(yes|no)(?:, nothing has to change|, it has to change)?[.]?$/i;

/** What a written answer says: whether the reply is as the principle wants it; null where it does not say one of both. */
export const readRecheck = (text: string, order: 0 | 1): boolean | null => {
  const said = text.trim().replaceAll("*", "");
  const words = inWords.exec(said);
  if (words !== null) return words[1]!.toLowerCase() === "yes";
  const match = written.exec(said);
  if (match === null) return null;
  const letter = (match[1] ?? match[2]!).toUpperCase();
  const kept = (letter === "A") === (order === 0);
  const word = match[3]?.toLowerCase();
  // A letter and a word that contradict each other say nothing.
  return word === undefined || (word === "yes") === kept ? kept : null;
};
