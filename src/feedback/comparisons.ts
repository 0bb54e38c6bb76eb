// Comparisons that are there already, from files of rows: the published HHH format (prompt, corrects, incorrects,
// text_correct, text_incorrect), {prompt, chosen, rejected}, {prompt, replies}, or two dialogues as chosen and rejected.
// Text is kept to the last space, because the published question is made of it byte by byte.

import { z } from "zod";
import {
  canonicalJson,
  checkValue,
  collectFaults,
  describeFields,
  describePlace,
  sha256Text,
  type TextPlace,
  UserError,
} from "../core/index.ts";
import { type Message, messageSchema } from "../records/index.ts";
import { readRows } from "../tables/index.ts";
import { commonPrompt } from "./dialogue.ts";
import type { ReplyPair } from "./pairs.ts";

const filled = z.string().refine((text) => text.trim() !== "", "it must hold text");
const id = z
  .union([z.string().min(1), z.number()])
  .transform((given) => `${given}`)
  .optional();
const conversation = z.array(messageSchema).min(1);
const prompt = z.union([filled, conversation], "it must be a text or a list of messages");
const reply = z.union(
  [filled, z.array(messageSchema).length(1)],
  "it must be a text or a list of one message",
);
const dialogue = z.union([filled, conversation], "it must be a text or a list of messages");
const letters = z.array(z.string()).length(1, "it must be a list of one letter");

const hhhRow = z.object({
  id,
  corrects: letters,
  incorrects: letters,
  text_correct: filled,
  text_incorrect: filled,
});
const pairRow = z.object({ id, prompt, chosen: reply, rejected: reply });
const dialoguesRow = z.object({ id, chosen: dialogue, rejected: dialogue });
const repliesRow = z.object({
  id,
  prompt,
  replies: z.tuple([reply, reply]),
  correct: z.union([z.literal(0), z.literal(1)]).optional(),
});

type Comparison = {
  readonly id: string | undefined;
  readonly messages: readonly Message[];
  readonly replies: readonly [string, string];
  readonly correct?: 0 | 1 | undefined;
};

const marker = /\n\n(Human|Assistant):/g;

/** The turns of a dialogue; only the one space behind a marker is taken off. null: it does not begin with a turn. */
const readTurns = (text: string): Message[] | null => {
  const starts = [...text.matchAll(marker)];
  if (starts[0]?.index !== 0) return null;
  return starts.map((start, at) => ({
    role: start[1] === "Human" ? "user" : "assistant",
    content: text
      .slice(start.index + start[0].length, starts[at + 1]?.index ?? text.length)
      .replace(/^ /, ""),
  }));
};

const readPrompt = (value: z.infer<typeof prompt>): Message[] => {
  if (typeof value !== "string") return value;
  return readTurns(value.replace(/\n\nAssistant:\s*$/, "")) ?? [{ role: "user", content: value }];
};

const readReply = (value: z.infer<typeof reply>): string =>
  typeof value === "string" ? value : value[0]!.content;

/** Two dialogues that differ in their last reply: what they share, and the two ends. */
const readDialogues = (
  one: z.infer<typeof dialogue>,
  other: z.infer<typeof dialogue>,
  fields: string,
  place: TextPlace,
): { readonly messages: Message[]; readonly replies: [string, string] } => {
  const refuse = (expected: string): UserError =>
    new UserError("comparison-row", `${describePlace(place)}: ${fields}: expected ${expected}.`, {
      ...place,
    });
  const [first, second] = [one, other].map((value) => (typeof value === "string" ? readTurns(value) : value));
  if (!first || !second) throw refuse('dialogues that begin with "\\n\\nHuman:", or lists of messages');
  const messages = commonPrompt(first, second);
  const [end, otherEnd] = [first.slice(messages.length), second.slice(messages.length)];
  const [a, b] = [end[0], otherEnd[0]];
  if (
    messages.length === 0 ||
    end.length !== 1 ||
    otherEnd.length !== 1 ||
    a?.role !== "assistant" ||
    b?.role !== "assistant"
  )
    throw refuse("two dialogues that differ in the assistant's last reply alone");
  return { messages, replies: [a.content, b.content] };
};

/** Whether the right answer is the first: "(A)" among the corrects. */
const isFirst = (row: z.infer<typeof hhhRow>, place: TextPlace): boolean => {
  const letterOf = (text: string): string => text.replace(/[()\s]/g, "");
  const [correct, incorrect] = [letterOf(row.corrects[0]!), letterOf(row.incorrects[0]!)];
  if (`${correct}${incorrect}` === "AB") return true;
  if (`${correct}${incorrect}` === "BA") return false;
  throw new UserError(
    "comparison-row",
    `${describePlace(place)}: corrects, incorrects: got ${row.corrects[0]} and ${row.incorrects[0]}, expected (A) and (B). A comparison is between two.`,
    { ...place },
  );
};

const has = (row: unknown, key: string): boolean => typeof row === "object" && row !== null && key in row;

const readRow = (value: unknown, place: TextPlace): Comparison => {
  if (has(value, "text_correct")) {
    const row = checkValue(hhhRow, value, place);
    const read = readDialogues(row.text_correct, row.text_incorrect, "text_correct, text_incorrect", place);
    const [right, wrong] = read.replies;
    return isFirst(row, place)
      ? { id: row.id, messages: read.messages, replies: [right, wrong], correct: 0 }
      : { id: row.id, messages: read.messages, replies: [wrong, right], correct: 1 };
  }
  if (has(value, "replies")) {
    const row = checkValue(repliesRow, value, place);
    const [one, other] = row.replies.map(readReply) as [string, string];
    return { id: row.id, messages: readPrompt(row.prompt), replies: [one, other], correct: row.correct };
  }
  if (has(value, "chosen") && !has(value, "prompt")) {
    const row = checkValue(dialoguesRow, value, place);
    return { id: row.id, ...readDialogues(row.chosen, row.rejected, "chosen, rejected", place), correct: 0 };
  }
  if (has(value, "chosen") || has(value, "rejected")) {
    const row = checkValue(pairRow, value, place);
    const replies = [readReply(row.chosen), readReply(row.rejected)] as const;
    return { id: row.id, messages: readPrompt(row.prompt), replies, correct: 0 };
  }
  throw new UserError(
    "comparison-row",
    `${describePlace(place)}: ${describeFields(value, "prompt and replies, prompt with chosen and rejected, or corrects, incorrects, text_correct and text_incorrect")}.`,
    { ...place },
  );
};

/** Ids by content, so that they are the same wherever a row stands; equal rows are told apart by their number. */
const createIds = () => {
  const seen = new Map<string, number>();
  return ({ messages, replies }: Comparison): string => {
    const own = `comparison-${sha256Text(canonicalJson([messages, replies])).slice(0, 16)}`;
    const count = (seen.get(own) ?? 0) + 1;
    seen.set(own, count);
    return count === 1 ? own : `${own}-${count}`;
  };
};

/**
 * The comparisons of a file, at most `limit` from its beginning; correct says which reply the row calls better. Throws
 * UserError with file, line and field of every fault, and when there are no rows.
 */
export const loadComparisons = async (
  file: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<ReplyPair[]> => {
  const faults = collectFaults(file);
  const idOf = createIds();
  const places = new Map<string, TextPlace>();
  const pairs: ReplyPair[] = [];
  for await (const { place, value } of readRows(file)) {
    if (places.size >= limit) break;
    faults.attempt(() => {
      const row = readRow(value, place);
      const own = row.id ?? idOf(row);
      const earlier = places.get(own);
      if (earlier !== undefined)
        throw new UserError(
          "comparison-id",
          `${describePlace(place)}: id: got "${own}", which line ${earlier.line ?? 0} has already; ids must differ.`,
          { ...place },
        );
      places.set(own, place);
      const replyAt = (at: 0 | 1) => ({ id: `${own}/${at}`, text: row.replies[at], finish: "stop" as const });
      const known = row.correct === undefined ? {} : { correct: row.correct };
      pairs.push({
        id: own,
        prompt: own,
        messages: row.messages,
        replies: [replyAt(0), replyAt(1)],
        ...known,
      });
    });
  }
  faults.end();
  if (pairs.length > 0) return pairs;
  throw new UserError(
    "comparisons-empty",
    `${file} holds no comparisons. Expected a row for each, e.g. {"prompt": "...", "chosen": "...", "rejected": "..."}.`,
    { file },
  );
};
