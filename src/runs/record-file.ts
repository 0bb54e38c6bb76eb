// A JSONL file of records inside a stage folder. Rows are checked, written whole in one call a chunk, and flushed
// before append resolves; a torn last line is cut off when the file is opened, so what is read back are whole rows. Rows are
// never all in memory.

import {
  CovenantError,
  checkValue,
  type DiskWriter,
  dropTornLine,
  formatJsonLines,
  messageOf,
  openAppender,
} from "../core/index.ts";
import { type RecordSchema, streamRecords } from "./reading.ts";

export type RecordFile<Row> = {
  readonly path: string;
  /** How many rows an earlier, interrupted attempt left. */
  readonly existing: number;
  /** The rows of the file as it is now, as a stream. */
  rows(): AsyncGenerator<Row>;
  /** Writes rows in one piece; when it resolves they are on the disk. Throws UserError when the disk is full. */
  append(rows: readonly Row[]): Promise<void>;
  close(): void;
};

/** Opens (or makes) a record file. Throws UserError with file, line and field when a row in it does not fit. */
export const openRecordFile = async <Row>(
  path: string,
  schema: RecordSchema<Row>,
  disk?: DiskWriter,
): Promise<RecordFile<Row>> => {
  await dropTornLine(path);
  const appender = await openAppender(path, disk);
  let existing = 0;
  try {
    for await (const _ of streamRecords(path, schema)) existing++;
  } catch (thrown) {
    appender.close();
    throw thrown;
  }
  return {
    path,
    existing,
    rows: () => streamRecords(path, schema),
    async append(rows) {
      if (rows.length === 0) return;
      const checked = rows.map((row, index) => {
        try {
          return checkValue(schema, row, { file: path });
        } catch (cause) {
          // Not the user's doing: the program made a row that its own schema refuses.
          throw new CovenantError(
            "record-invalid",
            `A record that was to be written is not valid (row ${index} of the chunk). ${messageOf(cause)}`,
            { path },
            cause,
          );
        }
      });
      await appender.append(formatJsonLines(checked));
    },
    close: appender.close,
  };
};
