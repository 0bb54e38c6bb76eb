// What a data set's card counts: how answers, revisions, replies and comparisons ended, read from the run's records one
// after the other. What the counts are called in words is data-summary's part.

import { readJsonLines } from "../../core/index.ts";
import { labelRecordSchema, replyRecordSchema, revisionRecordSchema } from "../../records/index.ts";
import type { RecordSchema } from "../../runs/index.ts";
import { countFinishes, countLabels, type FinishCounts, type LabelCounts } from "../data-summary.ts";
import { type DatasetSource, fileOf, type SourceFiles } from "./source.ts";

/** How things ended in a run; of what the run does not have nothing is said. */
export type SourceCounts = {
  readonly answers?: FinishCounts;
  readonly revisions?: FinishCounts;
  readonly samples?: FinishCounts;
  readonly labels?: LabelCounts;
};

/** The sum of what is counted in each record of a file. */
const sumOver = async <Row, Counts extends Readonly<Record<string, number>>>(
  path: string,
  schema: RecordSchema<Row>,
  none: Counts,
  count: (row: Row) => Counts,
): Promise<Counts> => {
  const sum: Record<string, number> = { ...none };
  for await (const { value } of readJsonLines(path, schema, "drop"))
    for (const [name, more] of Object.entries(count(value))) sum[name] = (sum[name] ?? 0) + more;
  return sum as Counts;
};

/** Counts the records of the given kinds. */
export const countSource = async (
  source: DatasetSource,
  kinds: readonly (keyof SourceFiles)[],
): Promise<SourceCounts> => {
  const has = (kind: keyof SourceFiles): boolean => kinds.includes(kind) && source.files[kind] !== undefined;
  const replies = (kind: "answers" | "samples") =>
    sumOver(fileOf(source, kind), replyRecordSchema, countFinishes([]), (reply) => countFinishes([reply]));
  return {
    ...(has("answers") ? { answers: await replies("answers") } : {}),
    ...(has("revisions")
      ? {
          revisions: await sumOver(
            fileOf(source, "revisions"),
            revisionRecordSchema,
            countFinishes([]),
            ({ steps }) => countFinishes(steps),
          ),
        }
      : {}),
    ...(has("samples") ? { samples: await replies("samples") } : {}),
    ...(has("labels")
      ? {
          labels: await sumOver(fileOf(source, "labels"), labelRecordSchema, countLabels([]), (label) =>
            countLabels([label]),
          ),
        }
      : {}),
  };
};
