// How content people of the sandbox truly are under each constitution that a simulation compared, as figures, from the answers
// that the oracle measured. Needs the run folder alone; which constitutions there are is the simulation's part.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { addValue, noValues, type Values } from "../../evaluation/index.ts";
import { type ExperimentFigure, satisfactionRecordSchema } from "../../records/index.ts";
import type { SatisfactionFigures } from "../../report/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { type Satisfaction, satisfactionName } from "../stages/satisfaction.ts";

/** Satisfaction with answers under one constitution, by user. */
export type Contentment = ReadonlyMap<string, Values>;

/** By constitution; empty where nothing was measured. Throws UserError where the file is broken. */
export const readSatisfaction = async (folder: string): Promise<ReadonlyMap<string, Contentment>> => {
  const found = new Map<string, Map<string, Values>>();
  const file = join(folder, satisfactionName, "answers.jsonl");
  if ((await stat(file).catch(() => undefined)) === undefined) return found;
  for await (const { constitution, satisfaction } of streamRecords(file, satisfactionRecordSchema)) {
    const users = found.get(constitution) ?? new Map<string, Values>();
    found.set(constitution, users);
    for (const [user, value] of Object.entries(satisfaction)) {
      const into = users.get(user) ?? noValues();
      users.set(user, into);
      addValue(into, value);
    }
  }
  return found;
};

/** personas: who sits where, by seat. */
export type SatisfactionPlace = Pick<ExperimentFigure, "experiment" | "step"> & {
  readonly personas: ReadonlyMap<string, string>;
};

/** Each user's mean over requests, the mean of these over users, and the least of them. */
export function* satisfactionRows(
  users: Contentment,
  { personas, ...at }: SatisfactionPlace,
): Generator<ExperimentFigure> {
  const place = { ...at, trial: null, metric: "satisfaction", statistic: "mean" } as const;
  const means = [...users].map(([user, { sum, n }]) => ({ user, value: sum / n }));
  if (means.length === 0) return;
  for (const { user, value } of means) yield { ...place, user, persona: personas.get(user) ?? null, value };
  const all = { ...place, user: "all", persona: null };
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
        rows: Object.entries(benefit).map(([constitution, { principles, worst, users: _, ...estimate }]) => ({
          ...{ constitution, principles: principles.length, estimate, worst },
        })),
      };
