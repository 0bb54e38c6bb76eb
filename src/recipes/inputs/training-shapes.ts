// The shapes that training rows come in: TRL's (texts or messages), chats, plain texts and preference dialogues. Each is
// first read as it stands, which finds its faults; what its texts mean, turns of a chat or plain texts, is settled when
// the model is known. Knows no file.

import { z } from "zod";
import { checkValue, describeFields, describePlace, type TextPlace, UserError } from "../../core/index.ts";
import { commonPrompt, messagesEndingWith, parseDialogue, unfitPair } from "../../feedback/index.ts";
import {
  type ChatRow,
  type CompletionRow,
  type Message,
  messageSchema,
  type PairRow,
  type PlainCompletionRow,
  pairRowSchema,
  preferenceRowSchema,
  type SftRow,
  sftRowSchema,
  type TextRow,
} from "../../records/index.ts";
import type { TextForm } from "../../training/index.ts";

const books = {
  id: z
    .union([z.string().min(1), z.number()])
    .transform((id) => `${id}`)
    .optional(),
  parents: z.array(z.string()).optional(),
  stage: z.string().min(1).optional(),
  seed: z.number().int().nonnegative().optional(),
};
/** What keeps the books of a run; derived where a row has none. */
export type Books = z.infer<z.ZodObject<typeof books>>;

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
const { margin } = preferenceRowSchema.shape;

const completionRow = z.object({ ...books, prompt, completion: reply });
/** A prompt and its completion, as some tools name them. */
const otherNames = ["input_text", "output_text"] as const;
const renamedRow = z.object({ ...books, input_text: prompt, output_text: reply });
const chatRow = z.object({ ...books, messages: inTurn(messagesEndingWith("assistant").min(2)) });
const textRow = z.object({ ...books, text: filled });
const pairRow = z.object({ ...books, prompt, chosen: reply, rejected: reply, probability, margin });
const dialoguesRow = z.object({ ...books, chosen: turns, rejected: turns, probability, margin });

type Prompt = z.infer<typeof prompt>;
type Reply = z.infer<typeof reply>;

const asMessages = (value: Prompt): Message[] =>
  typeof value === "string" ? [{ role: "user", content: value }] : value;

const asText = (value: Reply): string => (typeof value === "string" ? value : value[0]!.content);

const has = (row: unknown, key: string): boolean => typeof row === "object" && row !== null && key in row;

const refuse = (place: TextPlace, why: string, field?: string): UserError =>
  new UserError("training-row", `${describePlace(place)}: ${why}`, {
    ...place,
    ...(field === undefined ? {} : { field }),
  });

/** Rows as they stand: prompts and replies are texts or messages. */
export type GivenSupervised =
  | { readonly prompt: Prompt; readonly completion: Reply }
  | Pick<ChatRow, "messages">
  | Pick<TextRow, "text">;
export type GivenPair = Pick<PairRow, "probability" | "margin"> & {
  /** null: it is what chosen and rejected, which are dialogues or texts, begin with. */
  readonly prompt: Prompt | null;
  readonly chosen: string | Message[];
  readonly rejected: string | Message[];
};

/** A row as it stands. fields: those of it that were read; the others were not looked at. */
export type ReadRow<Given> = {
  readonly given: Given;
  readonly books: Books;
  readonly fields: readonly string[];
  /** Whether a prompt stands beside dialogues in which it does not occur. */
  readonly strayPrompt?: boolean;
};

/**
 * Rows of one kind. read: throws UserError for a row that is none of the kind. settle: the row as training takes it;
 * throws UserError where its texts are not what they are taken for, and unfitPair's where a published pair is none.
 */
export type RowKind<Given, Content, Row> = {
  read(row: unknown, place: TextPlace): ReadRow<Given>;
  settle(given: Given, texts: TextForm, place: TextPlace): Content;
  readonly schema: z.ZodType<Row>;
  /** Whether a row is whole, and of the other kind. */
  ofOther(row: unknown): boolean;
  /** What is said of a file of which every row is of the other kind, after the file's name. */
  mistaken(row: unknown): string;
};

const readAs = <Value extends Books>(
  schema: z.ZodType<Value> & { readonly shape: Readonly<Record<string, unknown>> },
  row: unknown,
  place: TextPlace,
) => {
  const { id, parents, stage, seed, ...given } = checkValue<Value>(schema, row, place);
  return { given, books: { id, parents, stage, seed }, fields: Object.keys(schema.shape) };
};

const supervisedNames = ["completion", "messages", "text"];
/** Whether a row holds a completion by the other names alone. */
const isRenamed = (row: unknown): boolean =>
  otherNames.every((key) => has(row, key)) && ![...supervisedNames, "prompt"].some((key) => has(row, key));

/** Throws UserError for a reply that is marked as not wanted. Tables have the mark as text. */
const requireWanted = (row: unknown, place: TextPlace): void => {
  if (!(has(row, "completion") || isRenamed(row)) || !has(row, "label")) return;
  const { label } = row as { readonly label: unknown };
  if (label !== false && !(typeof label === "string" && label.toLowerCase() === "false")) return;
  throw refuse(
    place,
    "label: got false, a reply that is not wanted (TRL's unpaired preference), which train sft would learn. Keep the rows whose label is true.",
    "label",
  );
};

const readSupervised = (row: unknown, place: TextPlace): ReadRow<GivenSupervised> => {
  requireWanted(row, place);
  if (isRenamed(row)) {
    const { given, ...more } = readAs(renamedRow, row, place);
    return { ...more, given: { prompt: given.input_text, completion: given.output_text } };
  }
  if (has(row, "messages")) return readAs(chatRow, row, place);
  if (has(row, "text") && !has(row, "prompt") && !has(row, "completion")) return readAs(textRow, row, place);
  const named = has(row, "completion") || Object.keys(row ?? {}).every((key) => key in completionRow.shape);
  if (!has(row, "prompt") || !named)
    throw refuse(place, `${describeFields(row, "prompt and completion, messages, or text")}.`);
  return readAs(completionRow, row, place);
};

type Supervised =
  | Pick<CompletionRow, "prompt" | "completion">
  | Pick<PlainCompletionRow, "prompt" | "completion">
  | Pick<ChatRow, "messages">
  | Pick<TextRow, "text">;

const settleSupervised = (given: GivenSupervised, texts: TextForm): Supervised => {
  if (!("completion" in given)) return given;
  const { prompt: asked, completion } = given;
  if (texts === "plain" && typeof asked === "string" && typeof completion === "string")
    return { prompt: asked, completion };
  return { prompt: asMessages(asked), completion: asText(completion) };
};

/** Whether chosen and rejected repeat the prompt, as whole lists of messages: what stands beside them says it again. */
const areDialogues = (row: unknown): boolean =>
  z.looseObject({ chosen: repeated, rejected: repeated }).safeParse(row).success;

/** The turns of a transcript in one text, ready for the next reply or not; null where the text is none. */
const turnsOf = (text: string): Message[] | null => {
  const dialogue = parseDialogue(`\n\n${text.trim()}`);
  return dialogue?.at(-1)?.content === "" ? dialogue.slice(0, -1) : dialogue;
};

/**
 * Whether what stands as a prompt beside dialogues, where anything does, is said in them: a turn of the user, or their
 * beginning, a system message before it or not.
 */
const saysAgain = (row: unknown, chosen: string | readonly Message[]): boolean => {
  const asked = prompt.safeParse((row as { readonly prompt?: unknown }).prompt);
  if (!asked.success || typeof chosen === "string") return true;
  const isSame = (one: Message, other: Message | undefined): boolean =>
    one.role === other?.role && one.content.trim() === other.content.trim();
  const begins = (turns: readonly Message[]): boolean => {
    const hasSystem = turns[0]?.role === "system";
    const said = hasSystem ? chosen : chosen.filter(({ role }) => role !== "system");
    return turns.length > 0 && turns.every((turn, at) => isSame(turn, said[at]));
  };
  if (typeof asked.data !== "string") return begins(asked.data);
  const [whole] = asMessages(asked.data);
  return chosen.some((turn) => isSame(whole!, turn)) || begins(turnsOf(asked.data) ?? []);
};

/** Throws UserError for a pair of a text and a list. */
const requireOneShape = (row: unknown, place: TextPlace): void => {
  const { chosen, rejected } = row as { readonly chosen: unknown; readonly rejected: unknown };
  const shapeOf = (value: unknown): string =>
    typeof value === "string" ? "a text" : Array.isArray(value) ? "a list of messages" : "";
  const [one, other] = [shapeOf(chosen), shapeOf(rejected)];
  if (one === other || one === "" || other === "") return;
  throw refuse(
    place,
    `rejected: got ${other}, but chosen is ${one}; expected two texts, or two lists of messages.`,
    "rejected",
  );
};

const readPair = (row: unknown, place: TextPlace): ReadRow<GivenPair> => {
  if (!has(row, "chosen") || !has(row, "rejected"))
    throw refuse(place, `${describeFields(row, "prompt, chosen and rejected")}.`);
  requireOneShape(row, place);
  if (has(row, "prompt") && !areDialogues(row)) return readAs(pairRow, row, place);
  const { given, ...more } = readAs(dialoguesRow, row, place);
  const strayPrompt = !saysAgain(row, given.chosen);
  return { ...more, fields: [...more.fields, "prompt"], given: { ...given, prompt: null }, strayPrompt };
};

type Pair = Pick<PairRow, "prompt" | "chosen" | "rejected" | "probability" | "margin">;

/** The pair, when there is something to learn from it. Of dialogues some are unfit; of pairs that a person wrote it is a fault. */
const checkPair = (pair: Pair, place: TextPlace, areDialogues = false): Pair => {
  for (const field of ["chosen", "rejected"] as const) {
    const problem = `${field}: got a reply without text, but it must hold text.`;
    if (isBlank(pair[field]))
      throw areDialogues ? unfitPair(place, "blank", problem) : refuse(place, problem, field);
  }
  if (pair.chosen !== pair.rejected) return pair;
  const problem =
    "chosen, rejected: got the same reply twice, which teaches nothing; expected two that differ.";
  throw areDialogues ? unfitPair(place, "same", problem) : refuse(place, problem, "chosen, rejected");
};

/** The two ends of dialogues that begin alike. */
const dialogueEnds = (chosen: string | Message[], rejected: string | Message[], place: TextPlace) => {
  const [one, other] = [chosen, rejected].map((value) =>
    typeof value === "string" ? parseDialogue(value) : value,
  );
  if (one == null || other == null)
    throw refuse(
      place,
      'got the fields: chosen, rejected; expected prompt beside them, or dialogues that begin with "\\n\\nHuman:", or texts that are plain (--texts plain).',
    );
  const shared = commonPrompt(one, other);
  const ends = [one, other].map((dialogue) => dialogue.slice(shared.length));
  if (shared.length === 0 || ends.some(([end, ...more]) => end?.role !== "assistant" || more.length > 0))
    throw unfitPair(
      place,
      "parted",
      "chosen, rejected: expected two dialogues that differ in their last reply alone.",
    );
  const [first, second] = ends.map(([end]) => end!.content);
  return { prompt: shared, chosen: first!, rejected: second! };
};

/** What two plain texts begin with, and their ends, cut as TRL's extract_prompt cuts them: before a space. */
const textEnds = (chosen: string, rejected: string) => {
  const [one, other] = [[...chosen], [...rejected]];
  const parting = one.findIndex((character, at) => character !== other[at]);
  const differ = Math.min(parting < 0 ? one.length : parting, one.length, other.length);
  const isPrefix = differ === one.length || differ === other.length;
  const at = isPrefix ? Math.max(0, differ - 1) : one[differ - 1] === " " ? differ - 1 : differ;
  const join = (characters: readonly string[]): string => characters.join("");
  return {
    prompt: join(one.slice(0, at)),
    chosen: join(one.slice(at)),
    rejected: join(other.slice(at)),
  };
};

const settlePair = (given: GivenPair, texts: TextForm, place: TextPlace): Pair => {
  const { prompt: asked, chosen, rejected, probability: share, margin: apart } = given;
  const said = { probability: share, ...(apart === undefined ? {} : { margin: apart }) };
  const arePlain = texts === "plain" && typeof chosen === "string" && typeof rejected === "string";
  if (asked === null) {
    const ends = arePlain ? textEnds(chosen, rejected) : dialogueEnds(chosen, rejected, place);
    return checkPair({ ...ends, ...said }, place, !arePlain);
  }
  const replies = { chosen: asText(chosen), rejected: asText(rejected) };
  const isPlain = arePlain && typeof asked === "string";
  return checkPair({ prompt: isPlain ? asked : asMessages(asked), ...replies, ...said }, place);
};

const isPair = (row: unknown): boolean => has(row, "chosen") && has(row, "rejected");
const isSupervised = (row: unknown): boolean =>
  isRenamed(row) || supervisedNames.some((key) => has(row, key));
const namesIn = (row: unknown, names: readonly string[]): string =>
  names.filter((name) => has(row, name)).join(", ");

/** {prompt, completion} (or {input_text, output_text}), {messages} or {text}. */
export const supervisedRows: RowKind<GivenSupervised, Supervised, SftRow> = {
  read: readSupervised,
  settle: settleSupervised,
  schema: sftRowSchema,
  ofOther: (row) => isPair(row) && !isSupervised(row),
  mistaken: (row) =>
    `holds preference rows (${namesIn(row, ["prompt", "chosen", "rejected"])}); train sft takes prompt and completion, messages, or text. They are for train reward and train dpo.`,
};

/** {prompt, chosen, rejected}, or two dialogues or texts as chosen and rejected. */
export const pairRows: RowKind<GivenPair, Pair, PairRow> = {
  read: readPair,
  settle: settlePair,
  schema: pairRowSchema,
  ofOther: (row) => isSupervised(row) && !has(row, "chosen") && !has(row, "rejected"),
  mistaken: (row) =>
    `holds supervised rows (${namesIn(row, ["prompt", ...supervisedNames, ...otherNames])}); train reward and train dpo take prompt, chosen and rejected, or two dialogues as chosen and rejected. They are for train sft.`,
};
