// Training rows from JSONL files in the shapes that people have: our own records, TRL's (text or messages), chats, plain
// texts and preference dialogues. What keeps the books of a run (id, parents, stage, seed) is derived where a row has
// none. Every row's line is kept, so that what is wrong with it later can be told, too.

import { z } from "zod";
import {
  canonicalJson,
  checkValue,
  collectFaults,
  deriveSeed,
  describeFields,
  describePlace,
  parseJson,
  readLines,
  sha256Text,
  type TextPlace,
  UserError,
} from "../core/index.ts";
import { commonPrompt, messagesEndingWith, parseDialogue } from "../feedback/index.ts";
import {
  type ChatRow,
  type CompletionRow,
  type Message,
  messageSchema,
  type PreferenceRow,
  preferenceRowSchema,
  type SftRow,
  sftRowSchema,
  type TextRow,
} from "../records/index.ts";

const books = {
  id: z
    .union([z.string().min(1), z.number()])
    .transform((id) => `${id}`)
    .optional(),
  parents: z.array(z.string()).optional(),
  stage: z.string().min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
};
type Books = z.infer<z.ZodObject<typeof books>>;

const mustHoldText = "it must hold text";
const isBlank = (text: string): boolean => text.trim() === "";
const filled = z.string().refine((text) => !isBlank(text), mustHoldText);
const textOrMessages = "it must be a text or a list of messages";

/** What of a list of messages is not in the order of a conversation; undefined where all is. */
const disorder = (messages: readonly Message[]): string | undefined => {
  for (const [at, { role }] of messages.entries()) {
    const before = messages[at - 1]?.role;
    if (role === "system" && at > 0)
      return `message ${at + 1} is of the role "system", which only the first may be`;
    if (role === before) return `messages ${at} and ${at + 1} are both of the role "${role}"`;
    if (role === "assistant" && before !== "user")
      return `message ${at + 1} is of the role "assistant" and answers no user`;
  }
  return undefined;
};

/** Messages whose roles take turns: a system message first or none, then user and assistant in turn. */
const inTurn = <Schema extends z.ZodType<Message[]>>(messages: Schema) =>
  messages.refine((list) => disorder(list) === undefined, {
    error: ({ input }) => `roles must take turns: ${disorder(input as Message[])}`,
  });

const prompt = z.union([filled, inTurn(messagesEndingWith("user"))], textOrMessages);
const reply = z.union(
  [
    filled,
    z
      .array(messageSchema)
      .length(1)
      .refine(([message]) => message === undefined || !isBlank(message.content), mustHoldText),
  ],
  "it must be a text or a list of one message",
);
const turns = z.union([z.string(), z.array(messageSchema).min(2)], textOrMessages);
const repeated = z.array(messageSchema).min(2);
const probability = preferenceRowSchema.shape.probability.default(1);

const completionRow = z.object({ ...books, prompt, completion: reply });
const chatRow = z.object({ ...books, messages: inTurn(messagesEndingWith("assistant").min(2)) });
const plainRow = z.object({ ...books, text: filled });
const margin = preferenceRowSchema.shape.margin;
const pairRow = z.object({ ...books, prompt, chosen: reply, rejected: reply, probability, margin });
const dialoguesRow = z.object({ ...books, chosen: turns, rejected: turns, probability, margin });

const asMessages = (value: z.infer<typeof prompt>): Message[] =>
  typeof value === "string" ? [{ role: "user", content: value }] : value;

const asText = (value: z.infer<typeof reply>): string =>
  typeof value === "string" ? value : value[0]!.content;

const has = (row: unknown, key: string): boolean => typeof row === "object" && row !== null && key in row;

const wrongRow = (row: unknown, place: TextPlace, expected: string): UserError =>
  new UserError("training-row", `${describePlace(place)}: ${describeFields(row, expected)}.`, { ...place });

type Read<Content> = { readonly given: Books; readonly content: Content };
type Pair = Pick<PreferenceRow, "prompt" | "chosen" | "rejected" | "probability" | "margin">;
type Supervised =
  | Pick<CompletionRow, "prompt" | "completion">
  | Pick<ChatRow, "messages">
  | Pick<TextRow, "text">;

const readSftRow = (row: unknown, place: TextPlace): Read<Supervised> => {
  if (has(row, "messages")) {
    const { messages, ...given } = checkValue(chatRow, row, place);
    return { given, content: { messages } };
  }
  if (has(row, "text") && !has(row, "prompt") && !has(row, "completion")) {
    const { text, ...given } = checkValue(plainRow, row, place);
    return { given, content: { text } };
  }
  const named = has(row, "completion") || Object.keys(row ?? {}).every((key) => key in completionRow.shape);
  if (!has(row, "prompt") || !named) throw wrongRow(row, place, "prompt and completion, messages, or text");
  const { prompt: asked, completion, ...given } = checkValue(completionRow, row, place);
  return { given, content: { prompt: asMessages(asked), completion: asText(completion) } };
};

/** The pair, when there is something to learn from it. */
const checkPair = (pair: Pair, place: TextPlace): Pair => {
  const refuse = (field: string, why: string): UserError =>
    new UserError("training-row", `${describePlace(place)}: ${field}: ${why}`, { ...place, field });
  for (const field of ["chosen", "rejected"] as const) {
    if (isBlank(pair[field])) throw refuse(field, "got a reply without text, but it must hold text.");
  }
  if (pair.chosen !== pair.rejected) return pair;
  throw refuse(
    "chosen, rejected",
    "got the same reply twice, which teaches nothing; expected two that differ.",
  );
};

const marginOf = (margin: number | undefined) => (margin === undefined ? {} : { margin });

/** The two ends of dialogues that begin alike. */
const readDialogues = (row: unknown, place: TextPlace): Read<Pair> => {
  const { chosen, rejected, probability: share, margin, ...given } = checkValue(dialoguesRow, row, place);
  const [one, other] = [chosen, rejected].map((value) =>
    typeof value === "string" ? parseDialogue(value) : value,
  );
  if (one == null || other == null)
    throw wrongRow(
      row,
      place,
      'prompt beside chosen and rejected, or dialogues that begin with "\\n\\nHuman:"',
    );
  const shared = commonPrompt(one, other);
  const ends = [one, other].map((dialogue) => dialogue.slice(shared.length));
  if (shared.length === 0 || ends.some(([end, ...more]) => end?.role !== "assistant" || more.length > 0)) {
    throw new UserError(
      "training-row",
      `${describePlace(place)}: chosen, rejected: expected two dialogues that differ in their last reply alone.`,
      { ...place, field: "chosen" },
    );
  }
  const [first, second] = ends.map(([end]) => end!.content);
  const content = { prompt: shared, chosen: first!, rejected: second!, probability: share };
  return { given, content: checkPair({ ...content, ...marginOf(margin) }, place) };
};

/** Whether chosen and rejected repeat the prompt, as whole lists of messages: what stands beside them says it again. */
const areDialogues = (row: unknown): boolean =>
  z.looseObject({ chosen: repeated, rejected: repeated }).safeParse(row).success;

const readPairRow = (row: unknown, place: TextPlace): Read<Pair> => {
  if (!has(row, "chosen") || !has(row, "rejected")) throw wrongRow(row, place, "prompt, chosen and rejected");
  if (!has(row, "prompt") || areDialogues(row)) return readDialogues(row, place);
  const { prompt: asked, probability: share, margin, ...rest } = checkValue(pairRow, row, place);
  const { chosen, rejected, ...given } = rest;
  const content = { prompt: asMessages(asked), chosen: asText(chosen), rejected: asText(rejected) };
  return { given, content: checkPair({ ...content, probability: share, ...marginOf(margin) }, place) };
};

/** What a command reads of a file: rows of one kind. ofOther: is the row whole, and of the other kind? */
type RowKind<Content, Row> = {
  readonly read: (row: unknown, place: TextPlace) => Read<Content>;
  readonly schema: z.ZodType<Row>;
  readonly ofOther: (row: unknown) => boolean;
  /** What is said of a file of which every row is of the other kind, after the file's name. */
  readonly mistaken: (row: unknown) => string;
};

const isPair = (row: unknown): boolean => has(row, "chosen") && has(row, "rejected");
const isSupervised = (row: unknown): boolean =>
  ["completion", "messages", "text"].some((key) => has(row, key));
const namesIn = (row: unknown, names: readonly string[]): string =>
  names.filter((name) => has(row, name)).join(", ");

const sftKind: RowKind<Supervised, SftRow> = {
  read: readSftRow,
  schema: sftRowSchema,
  ofOther: (row) => isPair(row) && !isSupervised(row),
  mistaken: (row) =>
    `holds preference rows (${namesIn(row, ["prompt", "chosen", "rejected"])}); train sft takes prompt and completion, messages, or text. They are for train reward and train dpo.`,
};

const pairKind: RowKind<Pair, PreferenceRow> = {
  read: readPairRow,
  schema: preferenceRowSchema,
  ofOther: (row) => isSupervised(row) && !has(row, "chosen") && !has(row, "rejected"),
  mistaken: (row) =>
    `holds supervised rows (${namesIn(row, ["prompt", "completion", "messages", "text"])}); train reward and train dpo take prompt, chosen and rejected, or two dialogues as chosen and rejected. They are for train sft.`,
};

const stage = "data";

/** Ids by content, so that they are the same wherever a row stands; equal rows are told apart by their number. */
const createIds = (): ((content: unknown) => string) => {
  const seen = new Map<string, number>();
  return (content) => {
    const id = `row-${sha256Text(canonicalJson(content)).slice(0, 16)}`;
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return count === 1 ? id : `${id}-${count}`;
  };
};

/** Rows of a file; placeOf: where one of them stands, as a person finds it. */
export type LoadedRows<Row> = {
  readonly rows: readonly Row[];
  placeOf(row: { readonly id: string }): string;
};

const loadRows = async <Content extends object, Row extends { readonly id: string }>(
  file: string,
  runSeed: number,
  kind: RowKind<Content, Row>,
): Promise<LoadedRows<Row>> => {
  const faults = collectFaults(file);
  const idOf = createIds();
  const rows: Row[] = [];
  const places = new Map<object, TextPlace>();
  let count = 0;
  let others = 0;
  let mistaken = "";
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === "") continue;
    const place = { file, line };
    count++;
    faults.attempt(() => {
      const row = parseJson(text, place);
      if (kind.ofOther(row) && others++ === 0) mistaken = kind.mistaken(row);
      const { given, content } = kind.read(row, place);
      const id = given.id ?? idOf(content);
      const own = { id, parents: [], stage, seed: deriveSeed(runSeed, stage, id) };
      const told = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const whole = checkValue(kind.schema, { ...own, ...told, ...content }, place);
      rows.push(whole);
      places.set(whole, place);
    });
  }
  if (count > 0 && others === count)
    throw new UserError("training-row-kind", `${file} ${mistaken}`, { file });
  faults.end();
  const placeOf = (row: { readonly id: string }): string => {
    const place = places.get(row);
    return place === undefined ? row.id : describePlace(place);
  };
  if (rows.length > 0) return { rows, placeOf };
  throw new UserError("rows-empty", `${file} holds no rows. Expected JSONL with one training row a line.`, {
    file,
  });
};

/**
 * Supervised rows of a file: {prompt, completion} with a text or messages each, {messages} that end with a reply, or
 * plain {text}. Throws UserError with every fault as file, line and field, and when there are no rows.
 */
export const loadSftRows = (file: string, runSeed: number): Promise<LoadedRows<SftRow>> =>
  loadRows(file, runSeed, sftKind);

/**
 * Preference rows of a file: {prompt, chosen, rejected}, or whole dialogues as chosen and rejected; probability (that
 * chosen is better) is 1 where a row does not say it; margin is for reward models. Throws like loadSftRows.
 */
export const loadPreferenceRows = (file: string, runSeed: number): Promise<LoadedRows<PreferenceRow>> =>
  loadRows(file, runSeed, pairKind);
