// Rows to a file as a stream. The name of the file decides what is written: .jsonl, .csv (RFC 4180) or .parquet, the
// first two packed where the name ends in .gz. No more is held than a few rows, of Parquet a group of them, and a file
// under its name is whole.

import { UserError } from "../core/index.ts";
import type { RowEncoder, TableColumn, TableRecord } from "./columns.ts";
import { openSink, type Sink } from "./sink.ts";

/** What a finished file holds. */
export type WrittenTable = { readonly rows: number; readonly bytes: number };

/** A table that is being written. finish: the file is whole; discard: there is no file. */
export type TableWriter = {
  write(row: TableRecord): Promise<void>;
  finish(): Promise<WrittenTable>;
  discard(): Promise<void>;
};

const jsonEncoder = (columns: readonly TableColumn[]): RowEncoder => {
  const names = columns.map(({ name }) => name);
  return {
    start: "",
    row: (row) => {
      const entries = names.map((name) => [name, row[name]]).filter(([, value]) => value != null);
      return `${JSON.stringify(Object.fromEntries(entries))}\n`;
    },
    end: () => "",
  };
};

const isQuoted = (text: string): boolean => text === "" || /[",\r\n]/.test(text);

/** A field as RFC 4180 has it. What is missing is an empty field, an empty text is one in quotes. */
const csvField = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return isQuoted(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A line of fields; one with nothing in it would be no row at all, so it gets quotes. */
const csvLine = (values: readonly unknown[]): string => `${values.map(csvField).join(",") || '""'}\r\n`;

const csvEncoder = (columns: readonly TableColumn[]): RowEncoder => ({
  start: csvLine(columns.map(({ name }) => name)),
  row: (row) => csvLine(columns.map(({ name }) => row[name])),
  end: () => "",
});

/** What writes a kind of file. Parquet's is loaded where it is written: it is more than all other commands need. */
const encoders = {
  jsonl: async () => jsonEncoder,
  csv: async () => csvEncoder,
  parquet: async () => (await import("./parquet-writing.ts")).parquetEncoder,
};

/** The kinds of files that tables are written to, by what their names end in. */
export const tableFormats = ["jsonl", "csv", "parquet"] as const;
export type TableFormat = (typeof tableFormats)[number];

const formatOf = (path: string): TableFormat => {
  const ending = /\.(jsonl|csv)(?:\.gz)?$|\.(parquet)$/.exec(path);
  const format = tableFormats.find((one) => one === (ending?.[1] ?? ending?.[2]));
  if (format !== undefined) return format;
  throw new UserError(
    "table-format",
    `Cannot write a table to ${path}: expected a name that ends in .jsonl, .csv (either with .gz) or .parquet.`,
    { path },
  );
};

/** Text is handed on in pieces of about so many characters. */
const pieceLength = 256 * 1024;

/** Hands pieces on once there is enough of them. */
const collecting = (sink: Sink) => {
  let text = "";
  const flush = async (): Promise<void> => {
    const piece = text;
    text = "";
    if (piece !== "") await sink.write(piece);
  };
  const put = async (part: string | Uint8Array): Promise<void> => {
    if (typeof part !== "string") return sink.write(part);
    text += part;
    if (text.length >= pieceLength) await flush();
  };
  return { put, flush };
};

/**
 * Opens a table to write; what lies there under its name is replaced when the table is finished. Rows have the columns'
 * values; what else they hold is left out, and of a JSON object so is what is missing. In CSV, lists and objects are
 * JSON. Throws UserError, of the disk or of a name that says no kind of table.
 */
export const openTable = async (path: string, columns: readonly TableColumn[]): Promise<TableWriter> => {
  const encoder = (await encoders[formatOf(path)]())(columns);
  const sink = await openSink(path);
  const { put, flush } = collecting(sink);
  let rows = 0;
  await put(encoder.start);
  return {
    async write(row) {
      rows++;
      await put(encoder.row(row));
    },
    async finish() {
      await put(encoder.end());
      await flush();
      return { rows, bytes: await sink.finish() };
    },
    discard: () => sink.discard(),
  };
};

/**
 * Writes rows as they come into a table; where one cannot be had or written, nothing is left of it. Throws what the rows
 * throw, and UserError as openTable.
 */
export const writeTable = async (
  path: string,
  columns: readonly TableColumn[],
  rows: AsyncIterable<TableRecord> | Iterable<TableRecord>,
): Promise<WrittenTable> => {
  const table = await openTable(path, columns);
  try {
    for await (const row of rows) await table.write(row);
    return await table.finish();
  } catch (thrown) {
    await table.discard();
    throw thrown;
  }
};
