// Requests: writes what a user asks about a combination, and reads it back.
// Whatever the context names, a request belongs to the combination that its question asks for.

import type { Random } from "../core/index.ts";
import { type Combination, fillForms } from "./lexicon/index.ts";
import { capitalise, expandAll, splitSentences, uncapitalise } from "./phrase.ts";
import {
  askTemplates,
  bareQuestionTemplates,
  closingTemplates,
  distractorTemplates,
  motiveTemplates,
  wishTemplates,
} from "./request-phrases.ts";
import { createSentenceTable } from "./sentence-table.ts";

type RequestPart = "ask" | "wish" | "bare-question" | "context" | "closing";

/** A request as read: what it asks for, and which sentences stand around the question. */
export type ParsedRequest = {
  readonly combination: Combination;
  readonly hasContext: boolean;
  readonly hasClosing: boolean;
};

const asks = expandAll(askTemplates);
const wishes = expandAll(wishTemplates);
const bareQuestions = expandAll(bareQuestionTemplates);
const motives = expandAll(motiveTemplates);
const distractors = expandAll(distractorTemplates);
const closings = expandAll(closingTemplates);

const mean = (meaning: RequestPart, texts: readonly string[]) =>
  texts.map((text) => ({ text: uncapitalise(text), meaning }));

const table = createSentenceTable<RequestPart>("user", [
  ...mean("ask", asks),
  ...mean("wish", wishes),
  ...mean("bare-question", bareQuestions),
  ...mean("context", [...motives, ...distractors]),
  ...mean("closing", closings),
]);

/**
 * Writes a request for the combination. others: what distractors may name (the combinations of the same split).
 */
export const writeRequest = (
  random: Random,
  combination: Combination,
  others: readonly Combination[],
): string => {
  const forms = combination.forms.user;
  const sentences: string[] = [];
  const context = random.next();
  if (context < 0.18) sentences.push(fillForms(random.pick(motives), forms));
  else if (context < 0.4) sentences.push(fillForms(random.pick(distractors), random.pick(others).forms.user));
  if (random.next() < 0.75) sentences.push(fillForms(random.pick(asks), forms));
  else sentences.push(fillForms(random.pick(wishes), forms), random.pick(bareQuestions));
  if (random.next() < 0.15) sentences.push(random.pick(closings));
  return sentences.map(capitalise).join(" ");
};

const roles: Readonly<Record<RequestPart, string>> = {
  ask: "a",
  wish: "w",
  "bare-question": "q",
  context: "c",
  closing: "t",
};

/** Reads a request; null when the text is not one of the language. */
export const parseRequest = (text: string): ParsedRequest | null => {
  const sentences = splitSentences(text);
  if (sentences === null || sentences.length > 4) return null;
  let shape = "";
  let combination: Combination | undefined;
  for (const sentence of sentences) {
    const reading = table.read(uncapitalise(sentence))[0];
    if (reading === undefined) return null;
    shape += roles[reading.meaning];
    if (reading.meaning === "ask" || reading.meaning === "wish") combination = reading.combination;
  }
  if (combination === undefined || !/^c?(a|wq)t?$/.test(shape)) return null;
  return { combination, hasContext: shape.startsWith("c"), hasClosing: shape.endsWith("t") };
};

/** Whether a text is a request of the language; says nothing of what it asks for. */
export const isRequest = (text: string): boolean => parseRequest(text) !== null;

/** The split that a request's combination belongs to; null when the text is not a request of the language. */
export const splitOfRequest = (text: string): "train" | "test" | null => {
  const request = parseRequest(text);
  if (request === null) return null;
  return request.combination.heldOut ? "test" : "train";
};
