// All formats of prompts by name, and which one a file has: told by the fields of its first row, or named by a person.
// Reads the rows of a file in its format, wherever the file's kind puts them.

import { nearestWord, type TextPlace, UserError } from "../../core/index.ts";
import { readRows, tableFormatOf } from "../../tables/index.ts";
import { messagesInCells } from "../dialogue.ts";
import { anthropicFormats } from "./anthropic-formats.ts";
import { hasFields, type PromptFormat } from "./format.ts";
import { mtBenchFormats } from "./mt-bench-formats.ts";
import { pairFormats } from "./pair-formats.ts";
import { chatFormat, plainFormat, plainFormatOf, type UsualRow, withUsualNames } from "./plain-format.ts";
import { testSetFormats } from "./test-set-formats.ts";

/** Every format; what no other recognises is plain. */
export const promptFormats: readonly PromptFormat[] = [
  ...anthropicFormats,
  ...testSetFormats,
  ...mtBenchFormats,
  ...pairFormats,
  chatFormat,
  plainFormat,
];

const recordFields = ["messages", "parents", "stage", "seed"];

/** Whether a row is a prompt as Covenant itself writes it. */
export const isPromptRecord = (row: unknown): boolean => hasFields(row, ...recordFields);

/** The format of a name. Throws UserError for a name that is none. */
export const formatNamed = (name: string): PromptFormat => {
  const found = promptFormats.find((format) => format.name === name);
  if (found !== undefined) return found;
  const names = promptFormats.map((format) => format.name);
  const near = nearestWord(name, names);
  throw new UserError(
    "prompt-format",
    `There is no format "${name}"${near === undefined ? "" : ` (did you mean ${near}?)`}. Expected one of ${names.join(", ")}.`,
    { name },
  );
};

const detect = (row: unknown): PromptFormat =>
  (hasFields(row) && !isPromptRecord(row)
    ? promptFormats.find((format) => format.recognises(row))
    : undefined) ?? plainFormat;

/** Separated values have lists of messages as texts, each in a column where the format may have some. */
const withMessages = (row: unknown, { messageColumns = [] }: PromptFormat): unknown =>
  hasFields(row) ? messagesInCells(row, messageColumns) : row;

/** A row with its fields as they are usually written; undefined where that cannot be told, which onFault is told of. */
const named = (row: unknown, place: TextPlace, onFault: (fault: UserError) => void): UsualRow | undefined => {
  try {
    return withUsualNames(row, place);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    onFault(thrown);
    return undefined;
  }
};

export type FormattedRow = {
  readonly format: PromptFormat;
  readonly place: TextPlace;
  readonly row: unknown;
};

/**
 * The rows of a file with its format, which is that of its first row unless it is named. onFault: told of a row that
 * cannot be read.
 */
export async function* readFormatted(
  file: string,
  onFault: (fault: UserError) => void,
  name?: string,
): AsyncGenerator<FormattedRow> {
  let format = name === undefined ? undefined : formatNamed(name);
  const isSeparated = ["csv", "tsv"].includes(tableFormatOf(file));
  for await (const { place, value: given } of readRows(file, { onFault })) {
    format ??= detect(given);
    const usual = format === plainFormat ? named(given, place, onFault) : { row: given, given: new Map() };
    if (usual === undefined) continue;
    const value = isSeparated ? withMessages(usual.row, format) : usual.row;
    const rows = format.rows?.(value, place) ?? [value];
    const own = format === plainFormat ? plainFormatOf(usual) : format;
    for (const [at, row] of rows.entries())
      yield { format: own, place: rows.length > 1 ? { file: place.file, row: at + 1 } : place, row };
  }
}
