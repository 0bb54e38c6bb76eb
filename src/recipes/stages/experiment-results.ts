// The results of an experiment as a stage: every figure of every run in long form (results.jsonl, results.csv), and means of
// groups with their intervals (groups.jsonl, groups.csv). Figures stream; sums alone are kept.

import { join } from "node:path";
import { throwIfAborted } from "../../core/index.ts";
import {
  type ExperimentFigure,
  type ExperimentRow,
  experimentRowSchema,
  type GroupFigure,
  groupFigureSchema,
} from "../../records/index.ts";
import { type Run, readRecords, type StageContext } from "../../runs/index.ts";
import { openTable, type TableColumn, writeTable } from "../../tables/index.ts";
import { createGroups, type Source } from "./experiment-sources.ts";

export const resultsStage = "results";

const text = (name: string): TableColumn => ({ name, type: "text" });
const integer = (name: string): TableColumn => ({ name, type: "integer" });
const number = (name: string): TableColumn => ({ name, type: "number" });

const rowColumns = [
  ...[text("cell"), integer("seed"), integer("repetition"), text("experiment"), integer("trial")],
  ...[integer("step"), text("user"), text("persona"), text("metric"), text("statistic"), number("value")],
];
const groupColumns = [
  ...[text("group"), integer("step"), text("user"), text("metric"), text("over"), number("value")],
  ...[number("standardError"), number("low"), number("high"), integer("n")],
];

const rowOf = ({ name, cell, repetition, seed }: Source, figure: ExperimentFigure): ExperimentRow => {
  const { experiment, trial, step, user, metric, statistic } = figure;
  const id = [name, experiment, trial, step, user, metric, statistic]
    .filter((part) => part !== null)
    .join("/");
  return { id, parents: [name], stage: resultsStage, seed, cell, repetition, ...figure };
};

/** Rows that are written at a time. */
const rowsAtOnce = 500;

const writeRows = async (
  stage: StageContext,
  sources: readonly Source[],
): Promise<ReturnType<typeof createGroups>> => {
  const groups = createGroups();
  const file = await stage.records("results.jsonl", experimentRowSchema);
  const table = await openTable(join(stage.folder, "results.csv"), rowColumns);
  let left = file.existing;
  let waiting: ExperimentRow[] = [];
  try {
    for (const [at, source] of sources.entries()) {
      throwIfAborted(stage.signal);
      for await (const figure of source.rows()) {
        groups.add(source, figure);
        const row = rowOf(source, figure);
        await table.write(row);
        if (left > 0) left--;
        else waiting.push(row);
        if (waiting.length < rowsAtOnce) continue;
        await file.append(waiting);
        waiting = [];
      }
      stage.progress(at + 1, sources.length, "runs");
    }
    await file.append(waiting);
    await table.finish();
  } catch (thrown) {
    await table.discard();
    throw thrown;
  }
  return groups;
};

const writeGroups = async (stage: StageContext, figures: readonly GroupFigure[]): Promise<void> => {
  const file = await stage.records("groups.jsonl", groupFigureSchema);
  await file.append(figures.slice(file.existing));
  await writeTable(join(stage.folder, "groups.csv"), groupColumns, figures);
};

/** Writes the results of all sources, or finds them done. Resolves to the means of groups. */
export const resultsOf = async (
  run: Run,
  sources: readonly Source[],
  after: readonly string[],
): Promise<GroupFigure[]> => {
  const inputs = {
    sources: sources.map(({ name, cell, content, metrics }) => ({
      ...{ name, cell, content },
      ...(metrics.length === 0 ? {} : { metrics }),
    })),
  };
  const { folder } = await run.stage({ name: resultsStage, inputs, after }, async (stage) => {
    const groups = await writeRows(stage, sources);
    await writeGroups(stage, groups.figures(run.seed, resultsStage));
  });
  return readRecords(join(folder, "groups.jsonl"), groupFigureSchema);
};
