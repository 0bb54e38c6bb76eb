// Rows of Arrow files by flechette, as the Python library datasets writes them (save_to_disk): Arrow's stream or file
// format, without compression. A file is in memory as a whole while it is read.

import { describePlace, messageOf, readBytes, UserError } from "../core/index.ts";
import { plain } from "./plain.ts";
import type { TableRow } from "./row.ts";

const magic = "ARROW1";
const continuation = 0xffffffff;
/** Bytes in front of a message's metadata: the continuation, and how long the metadata are. */
const prefix = 8;
/** Where a message's table (a flatbuffer) has the length of its body: its fourth field. */
const bodyField = 4 + 2 * 3;

/** Bytes behind a message's metadata. Throws RangeError for what is no flatbuffer. */
const bodyLength = (metadata: Buffer): number => {
  const table = metadata.readUInt32LE(0);
  const fields = table - metadata.readInt32LE(table);
  const offset = metadata.readUInt16LE(fields) > bodyField ? metadata.readUInt16LE(fields + bodyField) : 0;
  return offset === 0 ? 0 : Number(metadata.readBigInt64LE(table + offset));
};

/**
 * Whether the messages of a stream follow each other up to its end, which is a message of length 0: a reader that meets one
 * earlier, in a file with a hole, would take what comes before it for all.
 */
const isWholeStream = (bytes: Buffer): boolean => {
  let at = 0;
  try {
    while (bytes.readUInt32LE(at) === continuation) {
      const length = bytes.readInt32LE(at + 4);
      if (length === 0) return at + prefix === bytes.length;
      if (length < 0) return false;
      const body = bodyLength(bytes.subarray(at + prefix, at + prefix + length));
      if (body < 0) return false;
      at += prefix + length + body;
    }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
  }
  return false;
};

const isWhole = (bytes: Buffer): boolean =>
  bytes.subarray(0, magic.length).toString("latin1") === magic
    ? bytes.subarray(-magic.length).toString("latin1") === magic
    : isWholeStream(bytes);

/** The rows of an Arrow file, counted from 1. Throws UserError for one that cannot be read, or was cut. */
export async function* readArrow(file: string): AsyncGenerator<TableRow> {
  const { tableFromIPC } = await import("@uwdata/flechette");
  const parts: Buffer[] = [];
  for await (const part of readBytes(file)) parts.push(part);
  const bytes = Buffer.concat(parts);
  const read = () => {
    if (!isWhole(bytes)) throw new Error("a part of it is missing, or it is no Arrow");
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
