// How content people of the sandbox truly are under each constitution that a simulation compared, as figures, from the answers
// that the oracle measured. Needs the run folder alone; which constitutions there are is the simulation's part.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { addValue, noValues, type Values } from "../../evaluation/index.ts";
import { type ExperimentFigure, satisfactionRecordSchema } from "../../records/index.ts";
import type { SatisfactionFigures } from "../../report/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { gatherRequests, type Satisfaction, satisfactionName } from "../stages/satisfaction.ts";
import { clauseRemarks, unansweredIn, unansweredRemarks } from "./satisfaction-words.ts";

/** Satisfaction with answers under one constitution, by user. n: answers; missing: replies that are none, and in no value. */
export type Contentment = { readonly users: Map<string, Values>; n: number; missing: number };

/** By constitution; empty where nothing was measured. Throws UserError where the file is broken. */
export const readSatisfaction = async (folder: string): Promise<ReadonlyMap<string, Contentment>> => {
  const found = new Map<string, Contentment>();
  const file = join(folder, satisfactionName, "answers.jsonl");
  if ((await stat(file).catch(() => undefined)) === undefined) return found;
  const { found: gathered, add } = gatherRequests();
  for await (const { constitution, question, satisfaction, finish } of streamRecords(
    file,
    satisfactionRecordSchema,
  ))
    add({ constitution, question, satisfaction, finish });
  for (const [constitution, requests] of gathered) {
    const under = { users: new Map<string, Values>(), n: 0, missing: 0 };
    found.set(constitution, under);
    for (const { satisfaction } of requests.values()) {
      if (satisfaction === null) {
        under.missing++;
        continue;
      }
      under.n++;
      for (const [user, value] of Object.entries(satisfaction)) {
        const into = under.users.get(user) ?? noValues();
        under.users.set(user, into);
        addValue(into, value);
      }
    }
  }
  return found;
};

/** personas: who sits where, by seat. */
export type SatisfactionPlace = Pick<ExperimentFigure, "experiment" | "step"> & {
  readonly personas: ReadonlyMap<string, string>;
};

/**
 * Each user's mean over requests, the mean of these over users, and the least of them; where replies are missing, how many
 * answers these are of and how many are not.
 */
export function* satisfactionRows(
  { users, n, missing }: Contentment,
  { personas, ...at }: SatisfactionPlace,
): Generator<ExperimentFigure> {
  const place = { ...at, trial: null, metric: "satisfaction", statistic: "mean" } as const;
  const all = { ...place, user: "all", persona: null };
  if (missing > 0) {
    yield { ...all, statistic: "n", value: n };
    yield { ...all, statistic: "missing", value: missing };
  }
  const means = [...users].map(([user, values]) => ({ user, value: values.sum / values.n }));
  if (means.length === 0) return;
  for (const { user, value } of means) yield { ...place, user, persona: personas.get(user) ?? null, value };
  yield { ...all, value: means.reduce((sum, { value }) => sum + value, 0) / means.length };
  yield { ...all, metric: "satisfaction.worst", value: Math.min(...means.map(({ value }) => value)) };
}

/** The same as a page has it. requests: of how many answers to held-out requests; null where nothing was measured. */
export const benefitFigures = (
  benefit: Readonly<Record<string, Satisfaction>> | null,
  requests: number,
): SatisfactionFigures =>
  benefit === null
    ? null
    : {
        requests,
        rows: Object.entries(benefit).map(([constitution, one]) => {
          const { value, low, high, n, principles, worst, besideRandom } = one;
          return {
            ...{ constitution, principles: principles.length, estimate: { value, low, high, n }, worst },
            ...(besideRandom !== undefined && { besideRandom }),
            unanswered: unansweredIn(one),
          };
        }),
        remarks: [...clauseRemarks(benefit), ...unansweredRemarks(benefit)],
      };
