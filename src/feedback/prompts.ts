// Prompts from JSONL files (.gz too), in the shapes that people have: our own records, {prompt}, {messages}, and
// preference rows {chosen, rejected}, whose common beginning is the prompt. Every fault is told with file, line and
// field. Text is taken as it is: braces and role markers in a plain prompt stay what they are.

import { z } from "zod";
import {
  canonicalJson,
  checkValue,
  collectFaults,
  deriveSeed,
  describeFields,
  hashText,
  parseJson,
  readLines,
  sha256Text,
  type TextPlace,
  UserError,
} from "../core/index.ts";
import {
  type Message,
  messageSchema,
  type PromptKind,
  type PromptRecord,
  promptKindSchema,
  promptRecordSchema,
} from "../records/index.ts";
import { commonPrompt, mergeTurns, messagesEndingWith, parseDialogue } from "./dialogue.ts";

/**
 * testShare: share of prompts that the hash puts into the test split (rows that name their split keep it). sideOf:
 * decides before the hash does, where it can (null: it cannot). kind: of rows that name none. limit: at most so many
 * prompts, from the beginning of the file.
 */
export type PromptOptions = {
  readonly runSeed: number;
  readonly stage?: string;
  readonly testShare?: number;
  readonly sideOf?: (messages: readonly Message[]) => "train" | "test" | null;
  readonly kind?: PromptKind;
  readonly limit?: number;
};

const filled = z.string().refine((text) => text.trim() !== "", { message: "a prompt must hold text" });

const conversation = messagesEndingWith("user");

const labels = {
  id: z.union([z.string().min(1), z.number()]).optional(),
  kind: promptKindSchema.optional(),
  area: z.string().optional(),
  split: z.enum(["train", "test"]).optional(),
};
type Labels = z.infer<z.ZodObject<typeof labels>>;

const messagesRow = z.object({ ...labels, messages: conversation });
const promptRow = z.object({
  ...labels,
  prompt: z.union([filled, conversation], "it must be a text or a list of messages"),
});
const dialogueSchema = z.union([z.string(), z.array(messageSchema)]);
const preferenceRow = z.object({ ...labels, chosen: dialogueSchema, rejected: dialogueSchema });

const readDialogue = (
  value: z.infer<typeof dialogueSchema>,
  field: string,
  place: TextPlace,
): readonly Message[] => {
  const turns = typeof value === "string" ? parseDialogue(value) : value;
  if (turns !== null) return turns;
  const start = JSON.stringify(String(value).slice(0, 40));
  throw new UserError(
    "prompt-row",
    `${place.file}, line ${place.line}: ${field}: got a text that begins with ${start}, expected a dialogue that begins with "\\n\\nHuman:".`,
    { ...place, field },
  );
};

/** One row as messages with what it says about itself. */
const readRow = (row: unknown, place: TextPlace): { messages: Message[]; labels: Labels } => {
  const has = (key: string): boolean => typeof row === "object" && row !== null && key in row;
  if (has("messages")) {
    const { messages, ...rest } = checkValue(messagesRow, row, place);
    return { messages, labels: rest };
  }
  if (has("prompt")) {
    const { prompt, ...rest } = checkValue(promptRow, row, place);
    return {
      messages: typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt,
      labels: rest,
    };
  }
  if (has("chosen") || has("rejected")) {
    const { chosen, rejected, ...rest } = checkValue(preferenceRow, row, place);
    const shared = commonPrompt(
      readDialogue(chosen, "chosen", place),
      readDialogue(rejected, "rejected", place),
    );
    if (shared.length > 0) return { messages: mergeTurns(shared), labels: rest };
    throw new UserError(
      "prompt-row",
      `${place.file}, line ${place.line}: chosen, rejected: the two dialogues share no turn of the user, so there is no prompt. Expected two dialogues with the same beginning.`,
      { ...place, field: "chosen" },
    );
  }
  throw new UserError(
    "prompt-row",
    `${place.file}, line ${place.line}: ${describeFields(row, "prompt, messages, or chosen and rejected")}.`,
    { ...place },
  );
};

/** The side of a conversation: decided by its content alone, so the same prompt is on the same side in every run. */
export const splitOf = (messages: readonly Message[], testShare: number): "train" | "test" =>
  hashText(`split\u001f${canonicalJson(messages)}`) / 2 ** 32 < testShare ? "test" : "train";

const isRecord = (row: unknown): boolean =>
  typeof row === "object" &&
  row !== null &&
  ["messages", "parents", "stage", "seed"].every((key) => key in row);

const toRecord = (row: unknown, place: TextPlace, options: PromptOptions): PromptRecord => {
  if (isRecord(row)) return checkValue(promptRecordSchema, row, place);
  const { messages, labels: given } = readRow(row, place);
  const { runSeed, stage = "prompts", testShare = 0.2, sideOf = () => null } = options;
  const id =
    given.id === undefined ? `prompt-${sha256Text(canonicalJson(messages)).slice(0, 16)}` : `${given.id}`;
  const kind = given.kind ?? options.kind;
  return {
    id,
    parents: [],
    stage,
    seed: deriveSeed(runSeed, stage, id),
    messages,
    ...(kind === undefined ? {} : { kind }),
    ...(given.area === undefined ? {} : { area: given.area }),
    split: given.split ?? sideOf(messages) ?? splitOf(messages, testShare),
  };
};

/**
 * The prompts of a file, as a stream, each conversation once; repeated: told of every row that says the same as an
 * earlier one. Throws UserError with file, line and field of every fault when the file has been read; a fault is also
 * when two different prompts have one id.
 */
export async function* readPrompts(
  file: string,
  options: PromptOptions,
  repeated: (line: number) => void = () => {},
): AsyncGenerator<PromptRecord> {
  const lines = new Map<string, number>();
  const seen = new Set<string>();
  const faults = collectFaults(file);
  let given = 0;
  /** The prompt of a line; null for one that was there before. */
  const take = (line: number, text: string): PromptRecord | null => {
    const place = { file, line };
    const record = toRecord(parseJson(text, place), place, options);
    const content = sha256Text(canonicalJson(record.messages));
    if (seen.has(content)) {
      repeated(line);
      return null;
    }
    const earlier = lines.get(record.id);
    if (earlier !== undefined) {
      throw new UserError(
        "prompt-id",
        `${file}, line ${line}: id: got "${record.id}", which line ${earlier} has already; ids must differ.`,
        { ...place, field: "id" },
      );
    }
    seen.add(content);
    lines.set(record.id, line);
    return record;
  };
  try {
    for await (const { line, text } of readLines(file)) {
      if (given >= (options.limit ?? Number.POSITIVE_INFINITY)) break;
      if (text.trim() === "") continue;
      const record = faults.attempt(() => take(line, text));
      if (record === undefined || record === null) continue;
      given++;
      yield record;
    }
  } catch (thrown) {
    faults.attempt(() => {
      throw thrown;
    });
  }
  faults.end();
}

/** All prompts of a file, and how many rows only repeated an earlier one. Throws UserError when there are none. */
export const loadPrompts = async (
  file: string,
  options: PromptOptions,
): Promise<{ readonly prompts: readonly PromptRecord[]; readonly repeated: number }> => {
  let repeated = 0;
  const prompts: PromptRecord[] = [];
  for await (const prompt of readPrompts(file, options, () => repeated++)) prompts.push(prompt);
  if (prompts.length > 0) return { prompts, repeated };
  throw new UserError(
    "prompts-empty",
    `${file} holds no prompts. Expected JSONL with one prompt a line, e.g. {"prompt": "How do I ...?"}.`,
    { file },
  );
};
