// Training rows as the last stage of the commands that make them: written as the trainings take them.
// Made of finished stages alone, so it takes no time and is made again whenever they are.

import { join } from "node:path";
import type { RecordSchema } from "../../runs/index.ts";
import { type LeftOutCounts, warnLeftOut } from "./left-out.ts";
import type { Pipeline } from "./stage-model.ts";

export type RowsStageOptions<Row> = {
  readonly after: readonly string[];
  readonly inputs: unknown;
  readonly file: string;
  readonly schema: RecordSchema<Row>;
  readonly rows: readonly Row[];
  readonly leftOut: LeftOutCounts;
  /** Of what rows are made, in words ("comparison"). */
  readonly what: string;
};

/** rows/<file>: the rows; resolves to its path. */
export const rowsStage = async <Row>(
  { run }: Pipeline,
  { after, inputs, file, schema, rows, leftOut, what }: RowsStageOptions<Row>,
): Promise<string> => {
  await run.stage({ name: "rows", inputs, after }, async (stage) => {
    warnLeftOut(stage, leftOut, rows.length, what);
    const opened = await stage.records(file, schema);
    await opened.append(rows.slice(opened.existing.length));
  });
  return join(run.folder, "rows", file);
};
