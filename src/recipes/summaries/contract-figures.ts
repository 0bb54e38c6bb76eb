// The figures of a social contract, from the files that its runs left: what every user rated in every turn, means over
// users by run, and how alike the documents are from run to run. Needs the run folder alone, so it can be read anywhere.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { collect } from "../../core/index.ts";
import {
  addValue,
  noValues,
  type Scale,
  type StudentEstimate,
  studentMean,
  type Values,
} from "../../evaluation/index.ts";
import {
  draftRecordSchema,
  type ExperimentFigure,
  type LearnedRecord,
  learnedRecordSchema,
  type RatingRecord,
  ratingRecordSchema,
} from "../../records/index.ts";
import { streamRecords } from "../../runs/index.ts";
import { runName } from "../stages/contract-run.ts";
import { readSatisfaction, satisfactionRows } from "./satisfaction-figures.ts";

type Of = RatingRecord["of"];

/** What a user's ratings (own), or ratings of others of drafts for the user (others), come to in a turn of a run. */
export type TurnRatings = {
  readonly run: number;
  readonly turn: number;
  readonly of: Of;
  readonly user: string;
  readonly metric: string;
  readonly ratings: Values;
  missing: number;
};

/** All runs of a contract. personas: who sits where, by seat. */
export type ContractFigures = {
  readonly runs: number;
  readonly turns: readonly TurnRatings[];
  readonly personas: ReadonlyMap<string, string>;
  readonly documents: readonly LearnedRecord[];
};

/** Reads ratings and documents of the first so many runs. Throws UserError where a file is broken. */
export const readContractFigures = async (folder: string, runs: number): Promise<ContractFigures> => {
  const found = new Map<string, TurnRatings>();
  const personas = new Map<string, string>();
  const documents: LearnedRecord[] = [];
  let played = 0;
  for (let run = 1; run <= runs; run++) {
    const path = (file: string): string => join(folder, runName(run), file);
    // A run after one that converged was not played, and is empty.
    if ((await stat(path("learned.jsonl")).catch(() => undefined)) === undefined) break;
    played = run;
    const learned = await collect(streamRecords(path("learned.jsonl"), learnedRecordSchema));
    documents.push(...learned.filter(({ state }) => state !== "dropped"));
    const owners = new Map<string, string>();
    for await (const { talk, user } of streamRecords(path("drafts.jsonl"), draftRecordSchema))
      owners.set(talk, user);
    for await (const rating of streamRecords(path("ratings.jsonl"), ratingRecordSchema)) {
      const { turn, of, talk, ratings, user: rater, persona } = rating;
      personas.set(rater, persona);
      const user = owners.get(talk) ?? rater;
      for (const [metric, value] of Object.entries(ratings)) {
        const key = [run, turn, of, user, metric].join("\n");
        const into = found.get(key) ?? { run, turn, of, user, metric, ratings: noValues(), missing: 0 };
        found.set(key, into);
        if (value === null) into.missing++;
        else addValue(into.ratings, value);
      }
    }
  }
  return { runs: played, turns: [...found.values()], personas, documents };
};

/** "own.satisfaction", "others.harmlessness": whose ratings, and of what. */
export const metricName = (of: Of, metric: string): string => `${of}.${metric}`;

/** A user's figures in a run. */
export type UserFigures = {
  readonly run: number;
  readonly user: string;
  readonly metric: string;
  readonly ratings: Values;
  missing: number;
};

/** Turns of each run together, by user and metric. */
export const byRun = (turns: readonly TurnRatings[]): UserFigures[] => {
  const found = new Map<string, UserFigures>();
  for (const { run, user, of, metric, ratings, missing } of turns) {
    const name = metricName(of, metric);
    const key = [run, user, name].join("\n");
    const into = found.get(key) ?? { run, user, metric: name, ratings: noValues(), missing: 0 };
    found.set(key, into);
    into.ratings.n += ratings.n;
    into.ratings.sum += ratings.sum;
    into.ratings.squares += ratings.squares;
    into.missing += missing;
  }
  return [...found.values()];
};

/** The mean over users of their own means, by run and metric: users count alike, and are what the interval is over. */
export const overUsers = (
  users: readonly UserFigures[],
  scaleOf: (metric: string) => Scale | undefined = () => undefined,
): { readonly run: number; readonly metric: string; readonly estimate: StudentEstimate }[] => {
  const found = new Map<string, { run: number; metric: string; means: Values }>();
  for (const { run, metric, ratings } of users) {
    const key = `${run}\n${metric}`;
    const into = found.get(key) ?? { run, metric, means: noValues() };
    found.set(key, into);
    if (ratings.n > 0) addValue(into.means, ratings.sum / ratings.n);
  }
  return [...found.values()].map(({ run, metric, means }) => ({
    ...{ run, metric },
    estimate: studentMean(means, scaleOf(metric)),
  }));
};

const everybody = { experiment: null, trial: null, user: "all", persona: null } as const;

/** All figures of a contract's run folder, in long form. */
export async function* contractRows(folder: string, runs: number): AsyncGenerator<ExperimentFigure> {
  const { turns, personas, documents } = await readContractFigures(folder, runs);
  const users = byRun(turns);
  for (const { run, user, metric, ratings, missing } of users) {
    const place = { ...everybody, step: run, user, persona: personas.get(user) ?? null, metric };
    if (ratings.n > 0) yield { ...place, statistic: "mean", value: ratings.sum / ratings.n };
    yield { ...place, statistic: "n", value: ratings.n };
    if (missing > 0) yield { ...place, statistic: "missing", value: missing };
  }
  for (const { run, metric, estimate } of overUsers(users))
    if (estimate.value !== null)
      yield { ...everybody, step: run, metric, statistic: "mean", value: estimate.value };
  for (const { run, part, similarity, document } of documents) {
    const place = { ...everybody, step: run, statistic: "mean" } as const;
    yield { ...place, metric: `principles.${part}`, value: document.principles.length };
    if (similarity !== null) yield { ...place, metric: `similarity.${part}`, value: similarity };
  }
  // Measured after all runs, so it is told of the last one, also where an earlier one converged.
  for (const [experiment, content] of await readSatisfaction(folder))
    yield* satisfactionRows(content, { experiment, step: runs, personas });
}
