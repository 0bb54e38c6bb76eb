// Rows of a file as a stream, each with the line it begins in, so that whoever reads them can say where a fault is.
// The name of the file decides how it is read: .jsonl (and whatever is not known) a JSON value a line; .gz unpacked.

import { parseJson, readLines, type TextPlace } from "../core/index.ts";

/** A row as it stands in the file, unchecked. place: file and line, for messages. */
export type TableRow = { readonly place: TextPlace; readonly value: unknown };

/** The rows of a file. Throws UserError with file and line where it cannot be read, or is not what its name says. */
export async function* readRows(file: string): AsyncGenerator<TableRow> {
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === "") continue;
    const place = { file, line };
    yield { place, value: parseJson(text, place) };
  }
}
