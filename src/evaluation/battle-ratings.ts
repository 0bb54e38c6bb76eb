// Ratings of models from counted battles: the Bradley-Terry fit of bradley-terry.ts by plain maximum likelihood, for the
// models that have one. Ratings of two models are finite towards each other exactly when a chain of wins or ties leads
// from each to the other (Ford 1957); who stands outside of the anchor's group so is above it, below it, or apart. Of
// intervals, an end that the battles do not bound is infinite. Reads no file.

import { setImmediate } from "node:timers/promises";
import { createRandom, throwIfAborted } from "../core/index.ts";
import type { BattleCounts, CountedOutcome } from "./battles.ts";
import { addPrior, maximiseLopsided, type WinTable } from "./bradley-terry.ts";
import { drawResample } from "./multinomial.ts";
import { defaultResamples, outerQuantile } from "./statistics.ts";

/**
 * Where a model stands towards the anchor. rated: at a finite rating. above: a chain of wins or ties leads from it to the
 * anchor and none back, so the likelihood grows with its rating without end; below: the other way round. apart: no chain
 * leads either way, and no rating is likelier than another.
 */
export type Standing = "rated" | "above" | "below" | "apart";

/**
 * A model's rating, and the 2.5 % and 97.5 % ends of its interval: infinite where the battles do not bound it, and so is the
 * rating of one above or below; NaN for one apart. n: its battles.
 */
export type RatedModel = {
  readonly model: string;
  readonly standing: Standing;
  readonly rating: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
};

/**
 * models: by rating, the highest first, those above before, below behind and apart last. groups: models of two and more
 * that are rated towards each other, the anchor's group left out, by name.
 */
export type BattleRatings = {
  readonly anchor: string;
  readonly models: readonly RatedModel[];
  readonly groups: readonly (readonly string[])[];
};

export type BattleRatingOptions = {
  /** The model whose rating is 0; default: the first by name of the largest group. */
  readonly anchor?: string | undefined;
  /** Virtual ties added to every pair of models; above 0 every model is rated. */
  readonly prior?: number;
  readonly seed: number;
  readonly resamples?: number;
  /** Stops the resampling. */
  readonly signal?: AbortSignal;
  /** Told now and then how many resamples are done. */
  readonly onProgress?: (done: number) => void;
};

/** Rating points of one unit of natural-log strength: 400 for odds of 10 to 1. */
const points = 400 / Math.LN10;

/** weights: how often each outcome counts. */
const addOutcomes = (
  wins: WinTable,
  models: number,
  outcomes: readonly CountedOutcome[],
  weight: number,
): void => {
  for (const { first, second, outcome, times } of outcomes) {
    wins[first * models + second]! += weight * times * outcome;
    wins[second * models + first]! += weight * times * (1 - outcome);
  }
};

/** Models to which a chain of wins or ties leads from one (or, back, from which one leads to it). */
const chained = (wins: WinTable, models: number, from: number, back: boolean): Uint8Array => {
  const found = new Uint8Array(models);
  found[from] = 1;
  const waiting = [from];
  for (let here = waiting.pop(); here !== undefined; here = waiting.pop()) {
    for (let other = 0; other < models; other++) {
      const won = back ? wins[other * models + here]! : wins[here * models + other]!;
      if (won === 0 || found[other] === 1) continue;
      found[other] = 1;
      waiting.push(other);
    }
  }
  return found;
};

const standingsOf = (wins: WinTable, models: number, anchor: number): Standing[] => {
  const beaten = chained(wins, models, anchor, false);
  const beating = chained(wins, models, anchor, true);
  return Array.from({ length: models }, (_, model) => {
    if (beaten[model] === 1) return beating[model] === 1 ? "rated" : "below";
    return beating[model] === 1 ? "above" : "apart";
  });
};

/** The models of each group that is rated towards each other, by the first of each. */
const groupsOf = (wins: WinTable, models: number): number[][] => {
  const groups: number[][] = [];
  const taken = new Set<number>();
  for (let model = 0; model < models; model++) {
    if (taken.has(model)) continue;
    const group = standingsOf(wins, models, model).flatMap((standing, at) =>
      standing === "rated" ? [at] : [],
    );
    for (const one of group) taken.add(one);
    groups.push(group);
  }
  return groups;
};

/** Natural-log strengths of the rated models; of the others infinite, or NaN. start: of all, to begin from. */
const strengthsOf = (
  wins: WinTable,
  standings: readonly Standing[],
  anchor: number,
  start?: Float64Array,
): Float64Array => {
  const models = standings.length;
  const rated = standings.flatMap((standing, model) => (standing === "rated" ? [model] : []));
  const inner = new Float64Array(rated.length ** 2);
  for (const [row, i] of rated.entries())
    for (const [column, j] of rated.entries()) inner[row * rated.length + column] = wins[i * models + j]!;
  const begin = start && Float64Array.from(rated, (model) => start[model]!);
  const strengths = maximiseLopsided(inner, rated.length, rated.indexOf(anchor), begin);
  if (strengths === null) throw new RangeError("battle ratings: a connected group has no finite maximum");
  const outside = { above: Number.POSITIVE_INFINITY, below: Number.NEGATIVE_INFINITY, apart: Number.NaN };
  const all = Float64Array.from(standings, (standing) => (standing === "rated" ? 0 : outside[standing]));
  for (const [row, model] of rated.entries()) all[model] = strengths[row]!;
  return all;
};

/** Wins, losses and ties of every model. */
const resultsOf = ({ models, units }: BattleCounts) => {
  const results = models.map(() => ({ n: 0, wins: 0, losses: 0, ties: 0 }));
  for (const { times: weight, outcomes } of units)
    for (const { first, second, outcome, times } of outcomes) {
      const [one, other] = [results[first]!, results[second]!];
      const count = weight * times;
      one.n += count;
      other.n += count;
      if (outcome === 0.5) {
        one.ties += count;
        other.ties += count;
        continue;
      }
      const [winner, loser] = outcome === 1 ? [one, other] : [other, one];
      winner.wins += count;
      loser.losses += count;
    }
  return results;
};

/** Resamples between two looks at whether it is to stop. */
const unbroken = 20;

/** The ends of each model's interval in natural-log units, from resamples of whole units. */
const intervalsOf = async (
  { models, units }: BattleCounts,
  anchor: number,
  strengths: Float64Array,
  { prior = 0, seed, resamples = defaultResamples, signal, onProgress }: BattleRatingOptions,
): Promise<(readonly [low: number, high: number])[]> => {
  const count = models.length;
  const random = createRandom(seed);
  const times = Float64Array.from(units, (unit) => unit.times);
  const draws = models.map(() => new Float64Array(resamples));
  const start = strengths.map((strength) => (Number.isFinite(strength) ? strength : 0));
  for (let resample = 0; resample < resamples; resample++) {
    if (resample % unbroken === 0) {
      onProgress?.(resample);
      await setImmediate();
      throwIfAborted(signal);
    }
    const drawn = drawResample(random, times);
    const wins = new Float64Array(count ** 2);
    for (const [at, { outcomes }] of units.entries())
      if (drawn[at]! > 0) addOutcomes(wins, count, outcomes, drawn[at]!);
    addPrior(wins, count, prior);
    const found = strengthsOf(wins, standingsOf(wins, count, anchor), anchor, start);
    for (let model = 0; model < count; model++) draws[model]![resample] = found[model]!;
  }
  // a resample that leaves a model apart bounds it on neither side
  const ends = (draw: Float64Array, unbounded: number): Float64Array =>
    draw.map((value) => (Number.isNaN(value) ? unbounded : value)).sort();
  return draws.map((draw) => [
    outerQuantile(ends(draw, Number.NEGATIVE_INFINITY), 0.025),
    outerQuantile(ends(draw, Number.POSITIVE_INFINITY), 0.975),
  ]);
};

const order: Readonly<Record<Standing, number>> = { above: 0, rated: 1, below: 2, apart: 3 };

const byRating = (one: RatedModel, other: RatedModel): number =>
  order[one.standing] - order[other.standing] ||
  (one.standing === "rated" ? other.rating - one.rating : 0) ||
  (one.model < other.model ? -1 : 1);

/**
 * Ratings on the scale of 400 points for odds of 10 to 1, a tie half a win for each, with 95 % intervals from a bootstrap
 * of the counts' units. Throws RangeError for an anchor that has no battle, and for none at all, and when it is stopped.
 */
export const rateBattles = async (
  counts: BattleCounts,
  options: BattleRatingOptions,
): Promise<BattleRatings> => {
  const { models, units } = counts;
  const wins = new Float64Array(models.length ** 2);
  for (const { times, outcomes } of units) addOutcomes(wins, models.length, outcomes, times);
  addPrior(wins, models.length, options.prior ?? 0);
  const groups = groupsOf(wins, models.length);
  const largest = groups.reduce<number[]>((most, one) => (one.length > most.length ? one : most), []);
  const anchor = options.anchor === undefined ? (largest[0] ?? -1) : models.indexOf(options.anchor);
  const name = models[anchor];
  if (name === undefined)
    throw new RangeError(`battle ratings: no battle of ${options.anchor ?? "any model"}`);
  const standings = standingsOf(wins, models.length, anchor);
  const strengths = strengthsOf(wins, standings, anchor);
  const intervals = await intervalsOf(counts, anchor, strengths, options);
  const results = resultsOf(counts);
  const rated = models.map((model, at): RatedModel => {
    const rating = strengths[at]! * points;
    const [low, high] = intervals[at]!;
    const bounds =
      standings[at] === "rated"
        ? { low: Math.min(rating, low * points), high: Math.max(rating, high * points) }
        : { low: rating, high: rating };
    return { model, standing: standings[at]!, rating, ...bounds, ...results[at]! };
  });
  const others = groups.filter((group) => group.length > 1 && !group.includes(anchor));
  return {
    anchor: name,
    models: rated.sort(byRating),
    groups: others.map((group) => group.map((at) => models[at]!)),
  };
};
