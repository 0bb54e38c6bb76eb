// Rows of a file as a stream, each with the place it begins at, so that whoever reads them can say where a fault is.
// The name of the file decides how it is read; what ends in .gz is unpacked on the way. What a row means is
// not known here.

import { parseJson, readLines, UserError } from "../core/index.ts";
import { readArrow } from "./arrow.ts";
import { readJsonValues } from "./json-values.ts";
import { readParquet } from "./parquet.ts";
import type { TableRow } from "./row.ts";
import { readSeparated } from "./separated.ts";

/** onFault: told of a row that cannot be read, after which the next is; without it the fault is thrown. */
export type ReadOptions = { readonly onFault?: (fault: UserError) => void };

/** How a file is read: a JSON value a line, a JSON list or document, separated values, Parquet, Arrow, a text a line. */
export type ReadableFormat = "jsonl" | "json" | "csv" | "tsv" | "parquet" | "arrow" | "txt";

const endings: readonly (readonly [RegExp, ReadableFormat])[] = [
  [/\.json$/i, "json"],
  [/\.csv$/i, "csv"],
  [/\.tsv$/i, "tsv"],
  [/\.parquet$/i, "parquet"],
  [/\.arrow$/i, "arrow"],
  [/\.txt$/i, "txt"],
];

/** How a file is read, by its name; as JSONL where the name does not say. */
export const tableFormatOf = (file: string): ReadableFormat => {
  const name = file.replace(/\.gz$/i, "");
  return endings.find(([ending]) => ending.test(name))?.[1] ?? "jsonl";
};

/** Whether a line begins a list that goes on over further lines: JSON in a file that calls itself JSONL. */
const beginsList = (text: string): boolean => {
  if (!text.trimStart().startsWith("[")) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
};

async function* readJsonRows(file: string, tell: (fault: UserError) => void): AsyncGenerator<TableRow> {
  let isFirst = true;
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === "") continue;
    if (isFirst && beginsList(text)) {
      yield* readJsonValues(file);
      return;
    }
    isFirst = false;
    const place = { file, line };
    let value: unknown;
    try {
      value = parseJson(text, place);
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      tell(thrown);
      continue;
    }
    yield { place, value };
  }
}

async function* readTextRows(file: string): AsyncGenerator<TableRow> {
  for await (const { line, text } of readLines(file)) {
    const value = { text: text.replace(/\r$/, "") };
    if (value.text.trim() !== "") yield { place: { file, line }, value };
  }
}

/**
 * The rows of a file, without it ever being in memory as a whole (of Parquet a row group is, and a file of Arrow). CSV and
 * TSV give objects of texts by the names in the first line, .txt {text} a line, .json the elements of its list or its one
 * document. Throws UserError with file and line where it cannot be read, or is not what its name says.
 */
export const readRows = (file: string, { onFault }: ReadOptions = {}): AsyncGenerator<TableRow> => {
  const tell =
    onFault ??
    ((fault: UserError): void => {
      throw fault;
    });
  const [, other] = /\.(ya?ml|xlsx?|ods|docx?|pdf|zip|html?)$/i.exec(file) ?? [];
  if (other !== undefined)
    throw new UserError(
      "rows-of-others",
      `${file} is ${/ya?ml/i.test(other) ? "a YAML file" : `a file of another kind (.${other.toLowerCase()})`}, and rows are read from .jsonl, .json, .csv, .tsv, .parquet, .arrow and .txt.`,
      { file },
    );
  const format = tableFormatOf(file);
  switch (format) {
    case "csv":
      return readSeparated(file, ",", tell);
    case "tsv":
      return readSeparated(file, "\t", tell);
    case "parquet":
      return readParquet(file);
    case "arrow":
      return readArrow(file);
    case "json":
      return readJsonValues(file);
    case "txt":
      return readTextRows(file);
    case "jsonl":
      return readJsonRows(file, tell);
    default:
      return format satisfies never;
  }
};
