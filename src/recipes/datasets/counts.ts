// What a data set's card counts: how answers, revisions, replies and comparisons ended, which of them came from other models
// than were asked, and which comparisons were known beforehand, read from the run's records one after the other. What the
// counts are called in words is data-summary's part.

import {
  comparisonRecordSchema,
  labelRecordSchema,
  replyRecordSchema,
  revisionRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import {
  countFinishes,
  countKnown,
  countLabels,
  countSteps,
  type FinishCounts,
  type KnownCounts,
  type LabelCounts,
  type OtherCounts,
  type StepCounts,
  sumOver,
} from "../stages/tallies.ts";
import { type DatasetSource, fileOf, type SourceFiles } from "./source.ts";

/** How things ended in a run; of what the run does not have nothing is said. others: of all that, from other models. */
export type SourceCounts = {
  readonly others: OtherCounts;
  readonly answers?: FinishCounts;
  readonly revisions?: StepCounts;
  readonly samples?: FinishCounts;
  readonly labels?: LabelCounts;
  readonly comparisons?: KnownCounts;
};

/** Counts the records of the given kinds. */
export const countSource = async (
  source: DatasetSource,
  kinds: readonly (keyof SourceFiles)[],
): Promise<SourceCounts> => {
  const has = (kind: keyof SourceFiles): boolean => kinds.includes(kind) && source.files[kind] !== undefined;
  const others = { answers: 0, revisions: 0, samples: 0, labels: 0 };
  const look = (
    kind: keyof OtherCounts,
    made: readonly { readonly answeredBy?: readonly string[] | undefined }[],
  ): void => {
    others[kind] += made.filter(({ answeredBy }) => answeredBy !== undefined).length;
  };
  const replies = (kind: "answers" | "samples") =>
    sumOver(streamRecords(fileOf(source, kind), replyRecordSchema), countFinishes([]), (reply) => {
      look(kind, [reply]);
      return countFinishes([reply]);
    });
  return {
    others,
    ...(has("answers") ? { answers: await replies("answers") } : {}),
    ...(has("revisions")
      ? {
          revisions: await sumOver(
            streamRecords(fileOf(source, "revisions"), revisionRecordSchema),
            countSteps([]),
            ({ steps }) => {
              look("revisions", steps);
              return countSteps(steps);
            },
          ),
        }
      : {}),
    ...(has("samples") ? { samples: await replies("samples") } : {}),
    ...(has("labels")
      ? {
          labels: await sumOver(
            streamRecords(fileOf(source, "labels"), labelRecordSchema),
            countLabels([]),
            (label) => {
              look("labels", [label]);
              return countLabels([label]);
            },
          ),
        }
      : {}),
    ...(has("comparisons")
      ? {
          comparisons: await sumOver(
            streamRecords(fileOf(source, "comparisons"), comparisonRecordSchema),
            countKnown([]),
            (one) => countKnown([one]),
          ),
        }
      : {}),
  };
};
