// A JSONL file of records inside a stage folder. Rows are checked, written whole in one call a chunk, and flushed
// before append resolves; a torn last line is cut off when the file is opened, so what is read back are whole rows.

import {
  CovenantError,
  checkValue,
  type DiskWriter,
  dropTornLine,
  formatJsonLines,
  messageOf,
  openAppender,
  readJsonLines,
} from "../core/index.ts";
import type { RecordSchema } from "./reading.ts";

export type RecordFile<Row> = {
  readonly path: string;
  /** The rows an earlier, interrupted attempt left, in the order of the file. */
  readonly existing: readonly Row[];
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
  const existing: Row[] = [];
  try {
    for await (const { value } of readJsonLines(path, schema)) existing.push(value);
  } catch (thrown) {
    appender.close();
    throw thrown;
  }
  return {
    path,
    existing,
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
