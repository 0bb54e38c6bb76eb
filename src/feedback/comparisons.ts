// Comparisons from files, whatever their format: the published sets that have them (438 HHH, HHH-alignment, TruthfulQA,
// PKU-SafeRLHF, ...), and rows of one's own, {prompt, chosen, rejected}, {prompt, replies}, or two dialogues as chosen and
// rejected. Text is kept to the last space, because the published question is made of it byte by byte. Knows no judge.

import { z } from "zod";
import {
  canonicalJson,
  checkValue,
  collectFaults,
  counted,
  deriveSeed,
  describeFields,
  describePlace,
  sha256Text,
  type TextPlace,
  UserError,
} from "../core/index.ts";
import {
  type ComparisonRecord,
  comparisonRecordSchema,
  type Message,
  messageSchema,
  type StageName,
} from "../records/index.ts";
import { exactDialogue } from "./dialogue.ts";
import type { ReplyPair } from "./pairs.ts";
import { createDigestMap } from "./prompts/digests.ts";
import { type Fields, type GivenComparison, hasFields, replyEnds } from "./prompts/format.ts";
import { formatNamed, readFormatted } from "./prompts/formats.ts";
import { type UnfitRow, unfitOf, unfitPair, unfitText } from "./unfit.ts";

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

const pairRow = z.object({ id, prompt, chosen: reply, rejected: reply });
const dialoguesRow = z.object({ id, chosen: dialogue, rejected: dialogue });
const repliesRow = z.object({
  id,
  prompt,
  replies: z.tuple([reply, reply]),
  correct: z
    .union([z.literal(0), z.literal(1)])
    .nullish()
    .transform((correct) => correct ?? undefined),
});

const readPrompt = (value: z.infer<typeof prompt>): Message[] => {
  if (typeof value !== "string") return value;
  return exactDialogue(value.replace(/\n\nAssistant:\s*$/, "")) ?? [{ role: "user", content: value }];
};

const readReply = (value: z.infer<typeof reply>): string =>
  typeof value === "string" ? value : value[0]!.content;

const refuse = (place: TextPlace, problem: string): UserError =>
  new UserError("comparison-row", `${describePlace(place)}: ${problem}.`, { ...place });

/** Two dialogues that differ in their last reply. */
const readDialogues = (row: z.infer<typeof dialoguesRow>, place: TextPlace): GivenComparison => {
  const turnsOf = (value: z.infer<typeof dialogue>) =>
    typeof value === "string" ? exactDialogue(value) : value;
  const [chosen, rejected] = [turnsOf(row.chosen), turnsOf(row.rejected)];
  const fields = "chosen, rejected: expected";
  if (!chosen || !rejected)
    throw refuse(place, `${fields} dialogues that begin with "\\n\\nHuman:", or lists of messages`);
  const ends = replyEnds(chosen, rejected);
  if (ends === null)
    throw unfitPair(
      place,
      "parted",
      `${fields} two dialogues that differ in the assistant's last reply alone.`,
    );
  const blank = ends.replies.findIndex((text) => text.trim() === "");
  if (blank >= 0)
    throw unfitPair(
      place,
      "blank",
      `${blank === 0 ? "chosen" : "rejected"}: got a reply without text, but it must hold text.`,
    );
  return { id: row.id, messages: ends.messages, options: ends.replies, correct: 0 };
};

/** A comparison as `prompts load` writes it. */
const readRecord = (value: unknown, place: TextPlace): GivenComparison => {
  const { id, messages, question, options, correct, prompt } = checkValue(
    comparisonRecordSchema,
    value,
    place,
  );
  return { id, messages, ...(question === undefined ? {} : { question }), options, correct, prompt };
};

const isChat = (value: unknown): boolean => Array.isArray(value) && value.length > 1;

/** Two whole chats with a prompt beside them, which must be in what both begin with. */
const readBeside = (value: unknown, place: TextPlace): GivenComparison => {
  const found = readDialogues(checkValue(dialoguesRow, value, place), place);
  const said = new Set(found.messages.map(({ content }) => content.trim()));
  const row = checkValue(z.object({ prompt }), value, place);
  if (!readPrompt(row.prompt).every(({ content }) => said.has(content.trim())))
    throw unfitPair(
      place,
      "stray",
      "prompt: it is no part of what chosen and rejected, two whole chats, begin with.",
    );
  return found;
};

/** A row of one's own, told by its fields; null: it has none of a comparison. */
const readOwn = (value: unknown, place: TextPlace): GivenComparison | null => {
  if (hasFields(value, "replies")) {
    const row = checkValue(repliesRow, value, place);
    const options = row.replies.map(readReply);
    return { id: row.id, messages: readPrompt(row.prompt), options, correct: row.correct };
  }
  if (hasFields(value, "chosen") && !hasFields(value, "prompt"))
    return readDialogues(checkValue(dialoguesRow, value, place), place);
  if (hasFields(value, "chosen", "prompt") && isChat(value["chosen"])) return readBeside(value, place);
  if (hasFields(value, "chosen") || hasFields(value, "rejected")) {
    const row = checkValue(pairRow, value, place);
    const options = [readReply(row.chosen), readReply(row.rejected)];
    return { id: row.id, messages: readPrompt(row.prompt), options, correct: 0 };
  }
  return null;
};

const endsWithUser = (value: unknown): boolean =>
  Array.isArray(value) && hasFields(value.at(-1), "role") && value.at(-1).role === "user";

/** Replies of a row that say nothing: an empty text, or a message that holds none. */
const isBlankReply = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.length === 1 && hasFields(value[0], "content") && isBlankReply(value[0]["content"])
    : value === null || (typeof value === "string" && value.trim() === "");

type Pair = { readonly fields: readonly [string, string]; readonly values: readonly unknown[] };

/** What stands as two replies of which a row may say which is better; null: nothing does. */
const pairIn = (value: Fields): Pair | null => {
  const { chosen, rejected, replies } = value;
  if ("chosen" in value && "rejected" in value)
    return { fields: ["chosen", "rejected"], values: [chosen, rejected] };
  if (!("correct" in value) || !Array.isArray(replies) || replies.length !== 2) return null;
  return { fields: ["replies[0]", "replies[1]"], values: replies };
};

const isReply = (value: unknown): boolean => reply.safeParse(value).success;
const isDialogue = (value: unknown): boolean =>
  typeof value === "string" ? exactDialogue(value) !== null : conversation.safeParse(value).success;

/** Throws unfitPair's for a pair beside a prompt of which no two replies can be read, one without text among them. */
const requirePair = ({ fields, values }: Pair, isPrompted: boolean, place: TextPlace): void => {
  const blank = fields.find((_, at) => isBlankReply(values[at]));
  if (blank !== undefined)
    throw unfitPair(place, "blank", `${blank}: got a reply without text, but it must hold text.`);
  if (!isPrompted || values.every(isChat(values[0]) ? isDialogue : isReply)) return;
  const problem = "expected two texts, or two lists of messages, as replies to the prompt beside them.";
  throw unfitPair(place, "form", `${fields.join(", ")}: ${problem}`);
};

/**
 * A row of one's own, or of HH-RLHF or TRL, that says which reply is better; null where it says nothing of two replies. What
 * is said of the prompt beside replies that are none holds all the same, so such a row is unfit, and no mistake.
 */
const readKnown = (value: unknown, place: TextPlace): GivenComparison | null => {
  const pair = hasFields(value) ? pairIn(value) : null;
  if (pair === null || pair.values.every(isBlankReply)) return null;
  // the row's id is its prompt's, which may have several pairs
  const { id: _, ...row } = value as Fields;
  const isAsked = !("prompt" in row) && endsWithUser(row["messages"]);
  // a prompt without text is counted where prompts are read
  if (typeof row["prompt"] === "string" && row["prompt"].trim() === "") return null;
  requirePair(pair, isAsked || "prompt" in row, place);
  const found = readOwn(isAsked ? { ...row, prompt: row["messages"] } : row, place);
  return found && { ...found, prompt: found.messages.at(-1)?.content ?? "" };
};

/** A row in the file's format, or, in a file of one's own, in that of its fields. */
const readRow = (
  { comparison, name }: ReturnType<typeof formatNamed>,
  value: unknown,
  place: TextPlace,
): GivenComparison | null => {
  // a set of chains or of prompts may have pairs beside them, as cai-conversation-harmless has
  if (name !== "plain") return comparison === undefined ? readOwn(value, place) : comparison(value, place);
  if (hasFields(value, "messages", "options", "correct")) return readRecord(value, place);
  if (hasFields(value, "text_correct")) return formatNamed("cai-choice").comparison!(value, place);
  const own = readOwn(value, place);
  if (own !== null) return own;
  const wanted = "prompt and replies, prompt with chosen and rejected, or the fields of a published set";
  throw refuse(place, describeFields(value, wanted));
};

/**
 * Ids by content, so that they are the same wherever a row stands; equal rows are told apart by their number. Of each row one
 * entry is kept: only contents that come again are counted.
 */
const createIds = () => {
  const given = createDigestMap();
  const again = createDigestMap();
  return (found: GivenComparison, place: TextPlace): string => {
    const own = `comparison-${sha256Text(canonicalJson([found.messages, found.options])).slice(0, 16)}`;
    const number = place.line ?? place.row ?? 0;
    if (found.id === undefined && given.add(own, number) === undefined) return own;
    const id = found.id ?? `${own}-${again.count(own) + 1}`;
    const earlier = given.add(id, number);
    if (earlier === undefined) return id;
    const unit = place.line === undefined ? "row" : "line";
    throw new UserError(
      "comparison-id",
      `${describePlace(place)}: id: got "${id}", which ${unit} ${earlier} has already; ids must differ.`,
      { ...place },
    );
  };
};

/**
 * format: of the file, where its first row is not to tell it. limit: at most so many, from the file's beginning. onUnfit:
 * told of rows of published pairs that give none, which are left out; where nobody is told they are faults.
 */
export type ReadingOptions = {
  readonly format?: string | undefined;
  readonly limit?: number | undefined;
  readonly onUnfit?: ((row: UnfitRow) => void) | undefined;
};

type Found = GivenComparison & { readonly id: string };

/** The comparisons of a file as a stream. Throws UserError with file, line and field of every fault, at the end. */
async function* readFound<Result>(
  file: string,
  { format, limit = Number.POSITIVE_INFINITY, onUnfit }: ReadingOptions,
  read: typeof readRow,
  make: (found: Found, place: TextPlace) => Result | null,
): AsyncGenerator<Result> {
  const faults = collectFaults(file);
  const idOf = createIds();
  let given = 0;
  for await (const { format: own, place, row } of readFormatted(file, faults.add, format)) {
    if (given >= limit) break;
    const result = faults.attempt(() => {
      try {
        const found = read(own, row, place);
        return found && make({ ...found, id: idOf(found, place) }, place);
      } catch (thrown) {
        const unfit = unfitOf(thrown);
        if (unfit === undefined || onUnfit === undefined) throw thrown;
        onUnfit(unfit);
        return null;
      }
    });
    if (result === undefined || result === null) continue;
    given++;
    yield result;
  }
  faults.end();
}

/**
 * The comparisons of two replies of a file, as a stream; correct says which of them the row calls better. Throws UserError
 * with file, line and field of every fault, and when there are none.
 */
export async function* readPairs(file: string, options: ReadingOptions = {}): AsyncGenerator<ReplyPair> {
  let isEmpty = true;
  const unfit: UnfitRow[] = [];
  const tell = options.onUnfit;
  const onUnfit =
    tell &&
    ((row: UnfitRow): void => {
      // only those of a file without any comparison are told from here
      if (isEmpty) unfit.push(row);
      tell(row);
    });
  const pairs = readFound(
    file,
    { ...options, onUnfit },
    readRow,
    ({ id: own, messages, options: texts, correct }, place) => {
      const [one, other] = texts;
      if (texts.length !== 2 || one === undefined || other === undefined)
        throw refuse(
          place,
          `got ${counted(texts.length, "reply", "replies")}, expected two: a comparison is between two`,
        );
      const replyAt = (at: 0 | 1, text: string) => ({ id: `${own}/${at}`, text, finish: "stop" as const });
      const pair: ReplyPair = {
        id: own,
        prompt: own,
        messages,
        replies: [replyAt(0, one), replyAt(1, other)],
      };
      const known: Pick<ReplyPair, "correct"> =
        correct === undefined ? {} : { correct: correct === 0 ? 0 : 1 };
      return { ...pair, ...known };
    },
  );
  for await (const pair of pairs) {
    isEmpty = false;
    yield pair;
  }
  if (!isEmpty) return;
  throw new UserError(
    "comparisons-empty",
    `${unfitText(file, unfit.length, unfit) ?? `${file} holds no comparisons.`} Expected a row for each, e.g. {"prompt": "...", "chosen": "...", "rejected": "..."}, or one of the published sets.`,
    { file },
  );
}

/** stage: as in the records. onUnknown: told of a comparison of which no reply is known to be the best. */
export type ComparisonOptions = ReadingOptions & {
  readonly runSeed: number;
  readonly stage?: StageName;
  readonly onUnknown?: (() => void) | undefined;
};

/**
 * The comparisons of a file whose best reply is known, as records, in its order; none where its format has none. Throws
 * UserError with every fault as file, line and field.
 */
export const readComparisons = (
  file: string,
  { runSeed, stage = "comparisons", onUnknown, ...options }: ComparisonOptions,
): AsyncGenerator<ComparisonRecord> =>
  readFound(
    file,
    options,
    (format, row, place) =>
      format.name === "plain" ? readKnown(row, place) : (format.comparison?.(row, place) ?? null),
    ({ id: own, messages, options: texts, correct, prompt: text, question }) => {
      if (correct === undefined) {
        onUnknown?.();
        return null;
      }
      return {
        id: own,
        parents: [],
        stage,
        seed: deriveSeed(runSeed, stage, own),
        messages: [...messages],
        ...(question === undefined ? {} : { question }),
        options: [...texts],
        correct,
        prompt: text ?? "",
      };
    },
  );
