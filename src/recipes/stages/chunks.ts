// Streaming chunks of records into a stage's files so that an interrupted stage continues: rows already on disk are
// kept, the chunk they break off in is made again, and only its missing rows are written. Chunks begin at the same
// items as in an unbroken run, so the bytes are the same.

import type { RecordFile } from "../../runs/index.ts";
import { holdRejected, type Rejectable } from "./rejections.ts";

/** Items whose whole chunk is on disk, and rows of the next chunk that are there already. */
export const resumePoint = (
  existing: number,
  chunk: number,
  rowsPerItem = 1,
): { skipItems: number; skipRows: number } => {
  const rowsPerChunk = chunk * rowsPerItem;
  const chunks = Math.floor(existing / rowsPerChunk);
  return { skipItems: chunks * chunk, skipRows: existing - chunks * rowsPerChunk };
};

/**
 * Appends each chunk's rows in one piece, leaving out the first `skipRows` of all. Throws CovenantError where the server
 * rejects one request after the other.
 */
export const appendChunks = async <
  Row extends Rejectable,
  Chunk extends { readonly records: readonly Row[] },
>(
  file: RecordFile<Row>,
  chunks: AsyncIterable<Chunk>,
  skipRows: number,
  onChunk: (rows: number, chunk: Chunk) => void,
): Promise<void> => {
  const { take, rest } = holdRejected<Row>();
  let skip = skipRows;
  let rows = file.existing.length;
  for await (const chunk of chunks) {
    const missing = take(chunk.records.slice(skip));
    skip = Math.max(0, skip - chunk.records.length);
    if (missing.length > 0) await file.append(missing);
    rows += missing.length;
    onChunk(rows, chunk);
  }
  if (rest().length > 0) await file.append(rest());
};
