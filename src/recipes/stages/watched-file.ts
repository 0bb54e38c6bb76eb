// A file of results that somebody watches while it grows, so that a stage ends as soon as its results are seen to be of no
// use: by those that an earlier attempt left, and by each that comes. What was asked is on the disk by then.

import type { RecordFile } from "../../runs/index.ts";

/** A file that results are appended to. existing: rows that an earlier attempt left. */
export type ResultFile<Row> = Pick<RecordFile<Row>, "existing" | "append">;

/** see: takes a row. check: throws what ends the stage. */
export type Watch<Row> = { see(row: Row): void; check(): void };

/** The file with a watch on it. Throws what the watch does. */
export const watchedFile = async <Row>(
  file: Pick<RecordFile<Row>, "existing" | "rows" | "append">,
  watch: Watch<NoInfer<Row>>,
): Promise<ResultFile<Row>> => {
  for await (const row of file.rows()) watch.see(row);
  watch.check();
  return {
    existing: file.existing,
    async append(rows) {
      await file.append(rows);
      for (const row of rows) watch.see(row);
      watch.check();
    },
  };
};
