// Separated values (RFC 4180): CSV and TSV by csv-parse, with a byte order mark, quoted line breaks and either line end.
// The first line names the fields. Rows are objects of texts, each with the line that it begins in.

import { pipeline, Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { counted, describePlace, readBytes, UserError } from "../core/index.ts";
import type { TableRow } from "./row.ts";

/** The text of a file in pieces of whole lines, so that what is no UTF-8 can be told with its line. */
async function* readTexts(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let held: Buffer[] = [];
  let lines = 0;
  const decode = (bytes: Buffer): string => {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      const line = lines + lineOfFault(bytes);
      const place = describePlace({ file, line });
      throw new UserError(
        "file-not-text",
        `${place}: not UTF-8 text. Save the file as UTF-8.`,
        { file, line },
        cause,
      );
    }
  };
  for await (const chunk of readBytes(file)) {
    const end = chunk.lastIndexOf(0x0a) + 1;
    if (end === 0) {
      held.push(chunk);
      continue;
    }
    const whole = Buffer.concat([...held, chunk.subarray(0, end)]);
    held = [chunk.subarray(end)];
    yield decode(whole);
    for (let at = whole.indexOf(0x0a); at >= 0; at = whole.indexOf(0x0a, at + 1)) lines++;
  }
  const rest = Buffer.concat(held);
  if (rest.length > 0) yield decode(rest);
}

/** In which line of some bytes the first one stands that is no UTF-8, from 1. */
const lineOfFault = (bytes: Buffer): number => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
};

/**
 * Follows a text and notes the line in which each record begins that is not an empty line: csv-parse's own counts go
 * wrong where line ends of two kinds meet. A quote opens a field only where the field begins.
 */
const createLineNotes = (delimiter: string) => {
  let begun: number[] = [];
  let taken = 0;
  let dropped = 0;
  let line = 1;
  let at: "record" | "field" | "text" | "quoted" | "closed" = "record";
  const follow = (character: string): void => {
    if (character === "\n") line++;
    if (at === "quoted") {
      if (character === '"') at = "closed";
      return;
    }
    if (at === "closed" && character === '"') at = "quoted";
    else if (character === "\n") at = "record";
    else if (at !== "record" || character !== "\r") {
      if (at === "record") begun.push(line);
      if (character === delimiter) at = "field";
      else at = character === '"' && (at === "record" || at === "field") ? "quoted" : "text";
    }
  };
  return {
    read(text: string): string {
      for (let index = 0; index < text.length; index++) {
        if (line > 1 || index > 0 || text[0] !== "\ufeff") follow(text[index]!);
      }
      return text;
    },
    /** The line of a record by its number, from 0; those before it are not asked for again. */
    lineOf(record: number): number {
      taken = Math.max(taken, record);
      if (taken - dropped > 10_000) {
        begun = begun.slice(taken - dropped);
        dropped = taken;
      }
      return begun[record - dropped] ?? line;
    },
  };
};

/** What csv-parse refuses, with the line in which the record begins and what to look for. */
const parseFault = (thrown: unknown, file: string, lineOf: (record: number) => number): unknown => {
  if (!(thrown instanceof CsvError)) return thrown;
  const place = { file, line: lineOf(Number(thrown["records"] ?? 0)) };
  const what = thrown.message.split(/ (?:at|on) line /)[0]!.replace(/[.:,]\s*$/, "");
  return new UserError(
    "csv-malformed",
    `${describePlace(place)}: not valid CSV (${what}). Text with quotes, separators or line breaks stands in double quotes, quotes in it doubled; look for a quote that is not closed.`,
    place,
    thrown,
  );
};

const checkHeader = (names: readonly string[], file: string, line: number): void => {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  const place = describePlace({ file, line });
  const what = twice === "" ? "two columns have no name" : `two columns are named "${twice}"`;
  throw new UserError("csv-header", `${place}: ${what}; the first line must name each field once.`, {
    file,
    line,
  });
};

type Line = { readonly line: number; readonly record: readonly string[] };

async function* readRecords(file: string, delimiter: string): AsyncGenerator<Line> {
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    // Tabs rarely stand in text, so those who write TSV mostly leave quotes as they are.
    relax_quotes: delimiter === "\t",
    skip_empty_lines: true,
  });
  const notes = createLineNotes(delimiter);
  const noted = async function* () {
    for await (const text of readTexts(file)) yield notes.read(text);
  };
  // The failure of either end reaches whoever reads the parser.
  pipeline(Readable.from(noted()), parser, () => undefined);
  let records = 0;
  try {
    for await (const record of parser)
      yield { line: notes.lineOf(records++), record: record as readonly string[] };
  } catch (thrown) {
    throw parseFault(thrown, file, notes.lineOf);
  }
}

/** What to look at where the first line seems to be separated otherwise; "" where it does not. */
const separatorHint = (names: readonly string[]): string =>
  names.length === 1 && names[0]!.includes(";") ? " Separate fields by commas (not by semicolons)." : "";

/** Rows of separated values. tell: of rows with another number of fields than the first line. Throws UserError. */
export async function* readSeparated(
  file: string,
  delimiter: string,
  tell: (fault: UserError) => void,
): AsyncGenerator<TableRow> {
  let names: readonly string[] | undefined;
  for await (const { line, record } of readRecords(file, delimiter)) {
    if (names === undefined) {
      checkHeader(record, file, line);
      names = record;
      continue;
    }
    if (record.length !== names.length) {
      const place = describePlace({ file, line });
      const message = `${place}: got ${counted(record.length, "field")}, expected ${names.length} as in the first line (${names.slice(0, 6).join(", ")}${names.length > 6 ? ", …" : ""}).${separatorHint(names)}`;
      tell(new UserError("csv-fields", message, { file, line }));
      continue;
    }
    const value = Object.fromEntries(names.map((name, at) => [name, record[at] ?? ""]));
    yield { place: { file, line }, value };
  }
}
