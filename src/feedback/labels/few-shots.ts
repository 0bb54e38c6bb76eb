// Examples that stand before a comparison, from files in the published format (ConstitutionalHarmlessnessPaper): a JSON
// list of {prompt, corrects, incorrects}, or for chains of thought of {prompt}, a whole example with "{}" where the
// principle goes. Each gets a principle of its own, drawn for the comparison that it stands before.

import { z } from "zod";
import { type ComparisonExample, drawPrinciple, type ReasoningExample } from "../../constitution/index.ts";
import {
  checkValue,
  collectFaults,
  createRandom,
  deriveSeed,
  parseJson,
  readText,
  UserError,
} from "../../core/index.ts";
import type { Constitution, Message } from "../../records/index.ts";
import { parseDialogue } from "../dialogue.ts";

type ChoiceShot = {
  readonly messages: readonly Message[];
  readonly correct: string;
  readonly incorrect: string;
};
type ReasoningShot = Omit<ReasoningExample, "principle">;

/** Examples of one kind: choice for questions whose answer is a letter, reasoning for chains of thought. */
export type FewShots =
  | { readonly type: "choice"; readonly shots: readonly ChoiceShot[] }
  | { readonly type: "reasoning"; readonly shots: readonly ReasoningShot[] };

const filled = z.string().refine((text) => text.trim() !== "", "it must hold text");
const choiceSchema = z.object({
  prompt: filled,
  corrects: z.array(filled).min(1),
  incorrects: z.array(filled).min(1),
});
const reasoningSchema = z.object({ prompt: filled });

const whole = /^\s*Human:([\s\S]*?)\n\nAssistant:([\s\S]*)\n\nHuman:\s*So the answer is:\s*(\([AB]\))\s*$/;

const readReasoning = ({ prompt: text }: { readonly prompt: string }, place: string): ReasoningShot => {
  const match = whole.exec(text);
  const [, question = "", reasoning = "", letter = ""] = match ?? [];
  if (match === null || question.split("{}").length !== 2)
    throw new UserError(
      "few-shot",
      `${place}: prompt: expected "Human: <question with {} for the principle>", a blank line, "Assistant: <reasoning>", a blank line, "Human:", and "So the answer is: (A)" or (B).`,
    );
  return {
    text,
    question: question.trim(),
    reasoning: reasoning.trim(),
    letter: letter === "(A)" ? "(A)" : "(B)",
  };
};

/** The dialogue before the two replies; plain text is one request. */
const readPrompt = (prompt: string): Message[] =>
  parseDialogue(prompt.replace(/\s*\n\nAssistant:\s*$/, "")) ?? [{ role: "user", content: prompt.trim() }];

const readChoice = ({ prompt, corrects, incorrects }: z.infer<typeof choiceSchema>): ChoiceShot => ({
  messages: readPrompt(prompt),
  correct: corrects[0]!.trim(),
  incorrect: incorrects[0]!.trim(),
});

const isChoice = (entry: unknown): boolean =>
  typeof entry === "object" && entry !== null && ("corrects" in entry || "incorrects" in entry);

const kinds = { choice: "{prompt, corrects, incorrects}", reasoning: "{prompt} alone, a chain of thought" };

/**
 * Reads a file of examples, all of the first one's kind. Throws UserError with the number and field of every entry that is
 * none, or of the other kind.
 */
export const loadFewShots = async (file: string): Promise<FewShots> => {
  const document = parseJson(await readText(file), { file });
  if (!Array.isArray(document) || document.length === 0)
    throw new UserError(
      "few-shots",
      `${file}: expected a JSON list of examples, {prompt, corrects, incorrects} or {prompt} each.`,
      { file },
    );
  const entries: readonly unknown[] = document;
  const faults = collectFaults(file);
  const type = isChoice(entries[0]) ? "choice" : "reasoning";
  const requireKind = (entry: unknown, place: string): void => {
    const own = isChoice(entry) ? "choice" : "reasoning";
    if (own === type) return;
    throw new UserError(
      "few-shot",
      `${place}: got ${kinds[own]}, but example 1 is ${kinds[type]}. Expected examples of one kind; put the others into a file of their own.`,
    );
  };
  /** What `read` makes of the entries. */
  const readAll = <Entry, Shot>(
    schema: z.ZodType<Entry>,
    read: (entry: Entry, place: string) => Shot,
  ): Shot[] =>
    entries.flatMap((entry, at) => {
      const place = `${file}, example ${at + 1}`;
      const shot = faults.attempt(() => {
        requireKind(entry, place);
        return read(checkValue(schema, entry, { file: place }), place);
      });
      return shot === undefined ? [] : [shot];
    });
  const shots: FewShots =
    type === "choice"
      ? { type, shots: readAll(choiceSchema, readChoice) }
      : { type, shots: readAll(reasoningSchema, readReasoning) };
  faults.end();
  return shots;
};

/** Examples before one comparison, each with its own principle and, for choices, the better reply at a drawn place. */
export const drawExamples = (
  { shots }: Extract<FewShots, { type: "choice" }>,
  constitution: Constitution,
  seed: number,
): ComparisonExample[] =>
  shots.map(({ messages, correct, incorrect }, at) => {
    const own = deriveSeed(seed, "few-shot", at);
    const better = createRandom(deriveSeed(own, "order")).next() < 0.5 ? 0 : 1;
    const [first, second] = better === 0 ? [correct, incorrect] : [incorrect, correct];
    return { messages, principle: drawPrinciple(constitution, own), first, second, better };
  });

/** Chains of thought before one comparison, each with its own principle. */
export const drawReasoning = (
  { shots }: Extract<FewShots, { type: "reasoning" }>,
  constitution: Constitution,
  seed: number,
): ReasoningExample[] =>
  shots.map((shot, at) => ({
    ...shot,
    principle: drawPrinciple(constitution, deriveSeed(seed, "few-shot", at)),
  }));
