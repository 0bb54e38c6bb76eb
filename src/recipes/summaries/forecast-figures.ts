// What chances of held-out votes are worth: of a model that plays the voters and of the baselines, on the same votes. Intervals
// are by bootstrap over voters, since what one voter says is not independent; differences are paired, vote by vote.

import { deriveSeed, groupBy, type Random } from "../../core/index.ts";
import { bootstrapInterval } from "../../evaluation/index.ts";
import type { Estimate } from "../../records/index.ts";
import {
  type ForecastMeasures,
  type HeldOutVote,
  measureForecasts,
  type ScoredForecast,
  scoreForecast,
  type VoteForecast,
} from "../../simulation/index.ts";

export const predictors = ["model", "majority", "neighbours"] as const;
export type Predictor = (typeof predictors)[number];
export const baselines = ["majority", "neighbours"] as const;

/** A held-out vote with what each predictor said of it. group: null for a voter in none. */
export type ToldVote = HeldOutVote & {
  readonly group: string | null;
  readonly said: Readonly<Record<Predictor, VoteForecast>>;
};

type Measure = "right" | "brier" | "logLoss";
const measures = { accuracy: "right", brier: "brier", logLoss: "logLoss" } as const satisfies Record<
  string,
  Measure
>;
type MeasureName = keyof typeof measures;

/** low, high: of the accuracy, over voters; intervals: of the others. */
export type PredictorFigures = ForecastMeasures & {
  readonly intervals: Readonly<Record<"brier" | "logLoss", readonly [low: number, high: number]>>;
};

/**
 * The model's figure minus the baseline's on the same votes. verdict: whether the model is better, which is undecided where the
 * interval of the difference holds zero; overlap: whether the intervals of the two figures overlap.
 */
export type ForecastDifference = {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly verdict: "better" | "worse" | "undecided";
  readonly overlap: boolean;
};

export type GroupFigures = {
  readonly id: string | null;
  readonly voters: number;
  readonly votes: number;
  readonly accuracy: Readonly<Record<Predictor, Estimate>>;
  readonly brier: Readonly<Record<Predictor, Estimate>>;
};

export type ForecastFigures = {
  readonly votes: number;
  readonly voters: number;
  readonly predictors: Readonly<Record<Predictor, PredictorFigures>>;
  readonly differences: Readonly<
    Record<(typeof baselines)[number], Readonly<Record<MeasureName, ForecastDifference>>>
  >;
  readonly groups: readonly GroupFigures[];
};

/** A vote's worth under every predictor. */
type Scored = { readonly vote: ToldVote; readonly by: Readonly<Record<Predictor, ScoredForecast>> };

const each = <Name extends string, Value>(
  names: readonly Name[],
  worth: (name: Name) => Value,
): Record<Name, Value> => Object.fromEntries(names.map((name) => [name, worth(name)])) as Record<Name, Value>;

const scoreAll = (votes: readonly ToldVote[]): Scored[] =>
  votes.map((vote) => ({
    vote,
    by: each(predictors, (name) => scoreForecast(vote.vote, vote.said[name])),
  }));

/** The mean of a value over votes, with its interval over voters. Not for no votes. */
const overVoters = (
  scored: readonly Scored[],
  worth: (one: Scored) => number,
  seed: number,
): Estimate & { readonly value: number; readonly low: number; readonly high: number } => {
  const parts = [...groupBy(scored, ({ vote }) => vote.voter).values()].map((own) => ({
    sum: own.reduce((total, one) => total + worth(one), 0),
    n: own.length,
  }));
  const n = scored.length;
  const value = scored.reduce((total, one) => total + worth(one), 0) / n;
  const draw = (random: Random): number => {
    let [sum, count] = [0, 0];
    for (let drawn = 0; drawn < parts.length; drawn++) {
      const part = parts[random.integer(parts.length)]!;
      sum += part.sum;
      count += part.n;
    }
    return sum / count;
  };
  const [low, high] = bootstrapInterval(value, draw, seed);
  return { value, low, high, n };
};

const verdictOf = (
  { low, high }: { readonly low: number; readonly high: number },
  measure: Measure,
): ForecastDifference["verdict"] => {
  if (low <= 0 && high >= 0) return "undecided";
  return low > 0 === (measure === "right") ? "better" : "worse";
};

type Interval = { readonly low: number; readonly high: number };

/** Whether two intervals have a point in common. */
export const overlaps = (one: Interval, other: Interval): boolean =>
  one.low <= other.high && other.low <= one.high;

const differenceOf = (
  scored: readonly Scored[],
  baseline: Predictor,
  measure: Measure,
  seed: number,
): ForecastDifference => {
  const { value, low, high } = overVoters(
    scored,
    ({ by }) => by.model[measure] - by[baseline][measure],
    seed,
  );
  const [own, others] = (["model", baseline] as const).map((name) =>
    overVoters(scored, ({ by }) => by[name][measure], seed),
  );
  const verdict = verdictOf({ low, high }, measure);
  return { value, low, high, verdict, overlap: overlaps(own!, others!) };
};

const predictorFigures = (
  votes: readonly ToldVote[],
  scored: readonly Scored[],
  name: Predictor,
  seed: number,
): PredictorFigures => {
  const interval = (measure: Measure): readonly [number, number] => {
    const { low, high } = overVoters(scored, ({ by }) => by[name][measure], seed);
    return [low, high];
  };
  const [low, high] = interval("right");
  return {
    ...measureForecasts(
      votes,
      votes.map(({ said }) => said[name]),
    ),
    ...{ low, high, intervals: { brier: interval("brier"), logLoss: interval("logLoss") } },
  };
};

const groupFigures = (id: string | null, scored: readonly Scored[], seed: number): GroupFigures => {
  const by = (measure: Measure): Record<Predictor, Estimate> =>
    each(predictors, (name) => overVoters(scored, (one) => one.by[name][measure], seed));
  return {
    ...{ id, votes: scored.length, voters: new Set(scored.map(({ vote }) => vote.voter)).size },
    ...{ accuracy: by("right"), brier: by("brier") },
  };
};

/** All figures. groups: ids, in the order in which they are told. Not for no votes. */
export const forecastFigures = (
  votes: readonly ToldVote[],
  groups: readonly string[],
  runSeed: number,
): ForecastFigures => {
  const seed = deriveSeed(runSeed, "forecasts", "bootstrap");
  const scored = scoreAll(votes);
  const byGroup = groupBy(scored, ({ vote }) => vote.group);
  return {
    votes: votes.length,
    voters: new Set(votes.map(({ voter }) => voter)).size,
    predictors: each(predictors, (name) => predictorFigures(votes, scored, name, seed)),
    differences: each(baselines, (baseline) =>
      each(Object.keys(measures) as MeasureName[], (name) =>
        differenceOf(scored, baseline, measures[name], seed),
      ),
    ),
    groups: [...groups, null].flatMap((id) => {
      const own = byGroup.get(id);
      return own === undefined ? [] : [groupFigures(id, own, seed)];
    }),
  };
};
