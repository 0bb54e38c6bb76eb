// Prompts of files as records: read in the format that the file has, each conversation once, every fault told with file,
// line and field. Which formats there are, and what a row of each is, is in the files beside this one.

import {
  canonicalJson,
  checkValue,
  collectFaults,
  deriveSeed,
  describePlace,
  hashText,
  sha256Text,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import {
  type Message,
  type PromptKind,
  type PromptRecord,
  promptRecordSchema,
  type StageName,
} from "../../records/index.ts";
import { createDigestMap } from "./digests.ts";
import { hasFields } from "./format.ts";
import { type FormattedRow, isPromptRecord, readFormatted } from "./formats.ts";
import { trimEnds } from "./tidying.ts";

/**
 * testShare: share of prompts that the hash puts into the test split (rows that name their split keep it). sideOf:
 * decides before the hash does, where it can (null: it cannot). kind: of rows that name none. limit: at most so many
 * prompts, from the beginning of the file. format: of the file, where its first row is not to tell it.
 */
export type PromptOptions = {
  readonly runSeed: number;
  readonly stage?: StageName;
  readonly testShare?: number;
  readonly sideOf?: (messages: readonly Message[]) => "train" | "test" | null;
  readonly kind?: PromptKind;
  readonly limit?: number;
  readonly format?: string;
};

/**
 * What makes a conversation the one that it is: its content, white space around it aside. So the same prompt has one id
 * and one side in every run, whether its ends were cleaned before or not.
 */
const contentOf = (messages: readonly Message[]): string =>
  canonicalJson(messages.map((message) => ({ ...message, content: trimEnds(message.content) })));

/** The side of a conversation, decided by its content alone. */
export const splitOf = (messages: readonly Message[], testShare: number): "train" | "test" =>
  hashText(`split\u001f${contentOf(messages)}`) / 2 ** 32 < testShare ? "test" : "train";

/** A prompt without text is a fault of its own, because some files are full of them. */
const requireText = (messages: readonly Message[], place: TextPlace): void => {
  if (messages.at(-1)?.content.trim() !== "") return;
  throw new UserError(
    "prompt-blank",
    `${describePlace(place)}: got a prompt of white space alone, but a prompt must hold text.`,
    { ...place },
  );
};

/** A prompt, and whether its row says which side of the split it is on. */
type Taken = { readonly record: PromptRecord; readonly namesSide: boolean };

const toRecord = ({ format, row, place }: FormattedRow, options: PromptOptions): Taken => {
  if (isPromptRecord(row)) return { record: checkValue(promptRecordSchema, row, place), namesSide: true };
  const { messages, labels: given } = format.read(row, place);
  requireText(messages, place);
  const { runSeed, stage = "prompts", testShare = 0.2, sideOf = () => null } = options;
  const id =
    given.id === undefined ? `prompt-${sha256Text(contentOf(messages)).slice(0, 16)}` : `${given.id}`;
  const kind = given.kind ?? options.kind;
  const record: PromptRecord = {
    id,
    parents: [],
    stage,
    seed: deriveSeed(runSeed, stage, id),
    messages: [...messages],
    ...(kind === undefined ? {} : { kind }),
    ...(given.area === undefined ? {} : { area: given.area }),
    ...(given.areaDescription === undefined ? {} : { areaDescription: given.areaDescription }),
    split: given.split ?? sideOf(messages) ?? splitOf(messages, testShare),
  };
  return { record, namesSide: given.split !== undefined };
};

/** What reading tells of rows that give no prompt: those that repeat an earlier one, and those without text. */
export type ReadingNotes = {
  readonly onRepeated?: () => void;
  readonly onBlank?: () => void;
  /** Where the next prompt stands. */
  readonly onPlace?: (place: TextPlace) => void;
  /** Whether the next prompt's row says which side of the split it is on. */
  readonly onSide?: (isNamed: boolean) => void;
  /** The format of the file, told with its first row. */
  readonly onFormat?: (format: string, first: unknown) => void;
};

/** Takes rows as prompts, each conversation and each id once. Ids that are made of the content need no look. */
const createTaking = (options: PromptOptions, notes: ReadingNotes) => {
  const ids = createDigestMap();
  const seen = createDigestMap();
  return (given: FormattedRow): Taken | null => {
    const { place } = given;
    const number = place.line ?? place.row ?? 0;
    const taken = toRecord(given, options);
    const { record } = taken;
    if (seen.add(contentOf(record.messages), number) !== undefined) {
      notes.onRepeated?.();
      return null;
    }
    const earlier = hasFields(given.row, "id") ? ids.add(record.id, number) : undefined;
    if (earlier === undefined) return taken;
    const unit = place.line === undefined ? "row" : "line";
    throw new UserError(
      "prompt-id",
      `${describePlace(place)}: id: got "${record.id}", which ${unit} ${earlier} has already; ids must differ.`,
      { ...place, field: "id" },
    );
  };
};

/**
 * The prompts of a file, as a stream, each conversation once. Throws UserError with file, line and field of every fault
 * when the file has been read; a fault is also when two different prompts have one id, and a prompt without text where
 * nobody is told of it.
 */
export async function* readPrompts(
  file: string,
  options: PromptOptions,
  notes: ReadingNotes = {},
): AsyncGenerator<PromptRecord> {
  const faults = collectFaults(file);
  const keep = (fault: UserError): void => {
    if (fault.code === "prompt-blank" && notes.onBlank !== undefined) notes.onBlank();
    else faults.add(fault);
  };
  const take = createTaking(options, notes);
  let given = 0;
  let isFirst = true;
  try {
    for await (const row of readFormatted(file, keep, options.format)) {
      if (given >= (options.limit ?? Number.POSITIVE_INFINITY)) break;
      if (isFirst) notes.onFormat?.(row.format.name, row.row);
      isFirst = false;
      let taken: Taken | null;
      try {
        taken = take(row);
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        keep(thrown);
        continue;
      }
      if (taken === null) continue;
      given++;
      notes.onPlace?.(row.place);
      notes.onSide?.(taken.namesSide);
      yield taken.record;
    }
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    faults.add(thrown);
  }
  faults.end();
}
