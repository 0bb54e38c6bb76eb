// Rows of plain text from a JSONL file, and results that go back to one, a line for each row in the rows' order, as
// they come. What a row holds is the recipe's schema.

import { resolve } from "node:path";
import type { z } from "zod";
import {
  type Appender,
  checkValue,
  collectFaults,
  describePlace,
  openAppender,
  parseJson,
  readLines,
  UserError,
  writeFileAtomic,
} from "../core/index.ts";

/**
 * What `read` makes of every row of a file. Throws UserError with every fault as file, line and field (read throws
 * UserErrors whose messages begin with a field), and when there are no rows.
 */
export const loadPlainRows = async <Row, Read>(
  file: string,
  schema: z.ZodType<Row>,
  read: (row: Row) => Read,
): Promise<Read[]> => {
  const faults = collectFaults(file);
  const rows: Read[] = [];
  let count = 0;
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === "") continue;
    const place = { file, line };
    count++;
    faults.attempt(() => {
      const row = checkValue(schema, parseJson(text, place), place);
      try {
        rows.push(read(row));
      } catch (thrown) {
        if (!(thrown instanceof UserError)) throw thrown;
        throw new UserError(
          thrown.code,
          `${describePlace(place)}: ${thrown.message}`,
          { ...place, ...thrown.facts },
          thrown,
        );
      }
    });
  }
  faults.end();
  if (count > 0) return rows;
  throw new UserError("rows-empty", `${file} holds no rows. Expected JSONL with one row a line.`, { file });
};

/** Results by the place of their row. all: those that have come; close: none is to come. */
export type Results<Result> = {
  put(at: number, result: Result): void;
  readonly all: readonly Result[];
  close(): void;
};

/** Throws UserError when results would be written over the file that the rows are read from. */
export const requireOtherFile = (file: string | undefined, data: string): void => {
  if (file === undefined || resolve(file) !== resolve(data)) return;
  throw new UserError(
    "results-over-data",
    `--out ${file}: this is the file that the rows are read from. Name another one.`,
    { file },
  );
};

/** Keeps results, and writes each to the file, where one is named, as soon as those of all rows before it are there. */
export const openResults = async <Result>(file: string | undefined): Promise<Results<Result>> => {
  let appender: Appender | undefined;
  if (file !== undefined) {
    await writeFileAtomic(file, "");
    appender = await openAppender(file);
  }
  const all: Result[] = [];
  const early = new Map<number, Result>();
  return {
    all,
    put(at, result) {
      early.set(at, result);
      let lines = "";
      for (let next = early.get(all.length); next !== undefined; next = early.get(all.length)) {
        early.delete(all.length);
        all.push(next);
        lines += `${JSON.stringify(next)}\n`;
      }
      if (lines !== "") appender?.appendNow(lines);
    },
    close: () => appender?.close(),
  };
};
