// Training rows as the last stage of the commands that make them: written as the trainings take them.
// Made of finished stages alone, so it takes no time and is made again whenever they are.

import { join } from "node:path";
import { mapped, openSetAside, temporaryNameOf } from "../../core/index.ts";
import { mixedOrder, type RowOptions } from "../../feedback/index.ts";
import type { RecordSchema, StageContext } from "../../runs/index.ts";
import { type LeftOutCounts, warnLeftOut } from "./left-out.ts";
import type { Pipeline } from "./stage-model.ts";
import { writeStream } from "./streamed-records.ts";

export type RowsStageOptions<Row> = {
  readonly after: readonly string[];
  readonly inputs: unknown;
  readonly file: string;
  readonly schema: RecordSchema<Row>;
  readonly rows: (stage: StageContext) => AsyncIterable<Row>;
  /** How many rows there will be, and how many were left out. */
  readonly count: number;
  readonly leftOut: LeftOutCounts;
  /** Of what rows are made, in words ("comparison"). */
  readonly what: string;
};

/** rows/<file>: the rows; resolves to its path. */
export const rowsStage = async <Row>(
  { run }: Pipeline,
  { after, inputs, file, schema, rows, count, leftOut, what }: RowsStageOptions<Row>,
): Promise<string> => {
  await run.stage({ name: "rows", inputs, after }, async (stage) => {
    warnLeftOut(stage, leftOut, count, what);
    const checked = mapped(rows(stage), (row) => schema.parse(row));
    await writeStream(stage, file, checked, { total: count, unit: "rows" });
  });
  return join(run.folder, "rows", file);
};

/** Rows in the seeded order in which training mixes them; they are set aside in a file of the stage, not in memory. */
export async function* mixedRows<Row>(
  stage: StageContext,
  rows: AsyncIterable<Row>,
  options: RowOptions,
): AsyncGenerator<Row> {
  const aside = await openSetAside<Row>(join(stage.folder, temporaryNameOf("rows")));
  try {
    for await (const row of rows) aside.put(row);
    for (const place of mixedOrder(aside.count, options)) yield aside.at(place);
  } finally {
    await aside.close();
  }
}
