// Rows of Arrow files by flechette, as the Python library datasets writes them (save_to_disk): Arrow's stream or file
// format, without compression. A file is in memory as a whole while it is read.

import { describePlace, messageOf, readBytes, UserError } from "../core/index.ts";
import { plain } from "./plain.ts";
import type { TableRow } from "./row.ts";

/** A stream ends in this; one that was cut between two of its batches would be read as far as it goes. */
const endOfStream = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
const magic = "ARROW1";

const isWhole = (bytes: Buffer): boolean =>
  endOfStream.every((byte, at) => bytes.at(at - endOfStream.length) === byte) ||
  bytes.subarray(-magic.length).toString("latin1") === magic;

/** The rows of an Arrow file, counted from 1. Throws UserError for one that cannot be read, or was cut. */
export async function* readArrow(file: string): AsyncGenerator<TableRow> {
  const { tableFromIPC } = await import("@uwdata/flechette");
  const parts: Buffer[] = [];
  for await (const part of readBytes(file)) parts.push(part);
  const bytes = Buffer.concat(parts);
  const read = () => {
    if (!isWhole(bytes)) throw new Error("its end is missing, or it is no Arrow");
    return tableFromIPC(bytes, { useBigInt: true, useDate: true });
  };
  const refuse = (thrown: unknown): UserError =>
    new UserError(
      "arrow-malformed",
      `${describePlace({ file })}: cannot be read as Arrow (${messageOf(thrown)}). Write it again with save_to_disk, or as Parquet (to_parquet) or JSON Lines (to_json).`,
      { file },
      thrown,
    );
  let table: ReturnType<typeof read>;
  try {
    table = read();
  } catch (thrown) {
    throw refuse(thrown);
  }
  for (let row = 0; row < table.numRows; row++)
    yield { place: { file, row: row + 1 }, value: plain(table.at(row)) };
}
