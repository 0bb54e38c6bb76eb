// Ratings from comparisons: the Bradley-Terry model (Bradley & Terry 1952), P(i beats j) = 1 / (1 + 10^((Rj-Ri)/400)),
// fitted by maximum likelihood with Newton's method; a tie is half a win for each. Intervals come from a bootstrap
// over clusters (the prompts), since comparisons on one prompt are not independent. Deviation: a symmetric prior of
// virtual ties keeps a player that won everything finite; without it (prior 0) the fit is plain maximum likelihood.

import { CovenantError, createRandom, logistic } from "../core/index.ts";
import type { Estimate } from "../records/index.ts";
import { defaultResamples, quantile } from "./statistics.ts";

/** One comparison of two players. outcome: 1 first won, 0 second won, 0.5 tie. cluster: what it shares with others. */
export type PlayerComparison = {
  readonly first: string;
  readonly second: string;
  readonly outcome: 0 | 0.5 | 1;
  readonly cluster: string;
};

export type RatingOptions = {
  /** The player whose rating is 0. */
  readonly anchor: string;
  /** Virtual ties added to every pair of players. 1 by default: in a pair of n games with w wins, (w+½)/(n+1). */
  readonly prior?: number;
  /** Rating points that make odds of 10 to 1. */
  readonly scale?: number;
};

/** wins[i * players + j]: games i won against j, ties as halves. */
export type WinTable = Float64Array;

const maximumSteps = 200;
// Natural-log units. Newton's error after a step of this length is its square.
const tolerance = 1e-8;

// log(1 / (1 + e^-x)) without overflow.
const logLogistic = (difference: number): number =>
  difference > 0 ? -Math.log1p(Math.exp(-difference)) : difference - Math.log1p(Math.exp(difference));

const logLikelihood = (wins: WinTable, strengths: Float64Array): number => {
  const count = strengths.length;
  let total = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      const won = wins[i * count + j]!;
      if (won > 0) total += won * logLogistic(strengths[i]! - strengths[j]!);
    }
  }
  return total;
};

/**
 * Gradient and negated Hessian of the log-likelihood in the strengths of all players. isExact: without taking numbers from
 * each other that are nearly equal, as those of a million wins and the wins expected of them are.
 */
const derivatives = (
  wins: WinTable,
  strengths: Float64Array,
  isExact: boolean,
): [Float64Array, Float64Array] => {
  const count = strengths.length;
  const gradient = new Float64Array(count);
  const information = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const [won, lost] = [wins[i * count + j]!, wins[j * count + i]!];
      const games = won + lost;
      if (games === 0) continue;
      const difference = strengths[i]! - strengths[j]!;
      const expected = logistic(difference);
      const other = isExact ? logistic(-difference) : 1 - expected;
      const slope = isExact ? won * other - lost * expected : won - games * expected;
      const weight = games * expected * other;
      gradient[i]! += slope;
      gradient[j]! -= slope;
      information[i * count + i]! += weight;
      information[j * count + j]! += weight;
      information[i * count + j]! -= weight;
      information[j * count + i]! -= weight;
    }
  }
  return [gradient, information];
};

/** Solves information · step = gradient by Cholesky with the anchor's row and column left out; null if singular. */
const solve = (information: Float64Array, gradient: Float64Array, anchor: number): Float64Array | null => {
  const count = gradient.length;
  const free = Array.from({ length: count }, (_, index) => index).filter((index) => index !== anchor);
  const size = free.length;
  const lower = new Float64Array(size * size);
  const forward = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let value = information[free[row]! * count + free[column]!]!;
      for (let k = 0; k < column; k++) value -= lower[row * size + k]! * lower[column * size + k]!;
      if (row === column && !(value > 1e-14)) return null;
      lower[row * size + column] = row === column ? Math.sqrt(value) : value / lower[column * size + column]!;
    }
    let value = gradient[free[row]!]!;
    for (let k = 0; k < row; k++) value -= lower[row * size + k]! * forward[k]!;
    forward[row] = value / lower[row * size + row]!;
  }
  const step = new Float64Array(count);
  for (let row = size - 1; row >= 0; row--) {
    let value = forward[row]!;
    for (let k = row + 1; k < size; k++) value -= lower[k * size + row]! * step[free[k]!]!;
    step[free[row]!] = value / lower[row * size + row]!;
  }
  return step;
};

/** Natural-log strengths that maximise the likelihood, 0 at the anchor; null when there is no finite maximum. */
const maximiseLikelihood = (wins: WinTable, count: number, anchor: number): Float64Array | null => {
  let strengths = new Float64Array(count);
  let likelihood = logLikelihood(wins, strengths);
  for (let iteration = 0; iteration < maximumSteps; iteration++) {
    const [gradient, information] = derivatives(wins, strengths, false);
    const step = solve(information, gradient, anchor);
    if (step === null) return null;
    const longest = Math.max(...step.map(Math.abs));
    if (longest < tolerance) return strengths.map((strength, index) => strength + step[index]!);
    // Newton's step, halved until it does not lose likelihood (rounding aside).
    for (let factor = 1; ; factor /= 2) {
      const next = strengths.map((strength, index) => strength + factor * step[index]!);
      const reached = logLikelihood(wins, next);
      if (reached >= likelihood - 1e-12 * Math.abs(likelihood) || factor < 1e-6) {
        strengths = next;
        likelihood = reached;
        break;
      }
    }
  }
  return null;
};

/** The most by which a step moves two players who met, towards each other or apart. */
const widestMove = (wins: WinTable, step: Float64Array): number => {
  const count = step.length;
  let widest = 0;
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++)
      if (wins[i * count + j]! > 0) widest = Math.max(widest, Math.abs(step[i]! - step[j]!));
  return widest;
};

/**
 * The same maximum for tables however lopsided, where whole steps of Newton's method go far past it. No step moves two
 * players who met by more than 1: so far the curvature grows e-fold at most, and no step loses likelihood (Bach 2010,
 * self-concordance). start: where the search begins, 0 at the anchor. null when there is no finite maximum.
 */
export const maximiseLopsided = (
  wins: WinTable,
  count: number,
  anchor: number,
  start: Float64Array = new Float64Array(count),
): Float64Array | null => {
  let strengths = start;
  for (let iteration = 0; iteration < maximumSteps; iteration++) {
    const [gradient, information] = derivatives(wins, strengths, true);
    const step = solve(information, gradient, anchor);
    if (step === null) return null;
    const factor = 1 / Math.max(1, widestMove(wins, step));
    strengths = strengths.map((strength, index) => strength + factor * step[index]!);
    if (Math.max(...step.map(Math.abs)) < tolerance) return strengths;
  }
  return null;
};

/** Adds virtual ties to every pair of players, so many as prior says. */
export const addPrior = (wins: WinTable, count: number, prior: number): void => {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) if (i !== j) wins[i * count + j]! += prior / 2;
  }
};

type Tables = {
  readonly players: readonly string[];
  readonly clusters: readonly WinTable[];
  readonly games: readonly number[];
};

/** One win table per cluster, players and clusters in alphabetical order, so that no order of input matters. */
const tablesOf = (comparisons: readonly PlayerComparison[], anchor: string): Tables => {
  const names = new Set([anchor]);
  for (const { first, second } of comparisons) names.add(first).add(second);
  const players = [...names].sort();
  const places = new Map(players.map((player, index) => [player, index]));
  const byCluster = new Map<string, WinTable>();
  const games = players.map(() => 0);
  for (const { first, second, outcome, cluster } of comparisons) {
    if (first === second) throw new RangeError(`ratings: ${first} is compared with itself`);
    const i = places.get(first)!;
    const j = places.get(second)!;
    let wins = byCluster.get(cluster);
    if (wins === undefined) {
      wins = new Float64Array(players.length ** 2);
      byCluster.set(cluster, wins);
    }
    wins[i * players.length + j]! += outcome;
    wins[j * players.length + i]! += 1 - outcome;
    games[i]!++;
    games[j]!++;
  }
  const clusters = [...byCluster.keys()].sort().map((cluster) => byCluster.get(cluster)!);
  return { players, clusters, games };
};

const total = (tables: readonly WinTable[], length: number): WinTable => {
  const wins = new Float64Array(length);
  for (const table of tables) for (let index = 0; index < length; index++) wins[index]! += table[index]!;
  return wins;
};

const notIdentifiable = (players: readonly string[]): CovenantError =>
  new CovenantError(
    "ratings-not-identifiable",
    `The comparisons of ${players.join(", ")} have no finite ratings without a prior: some players won or lost everything, or never met. Use a prior above 0.`,
    { players },
  );

/**
 * Ratings by maximum likelihood, by player; the anchor has 0. Throws CovenantError "ratings-not-identifiable" when
 * prior is 0 and a player (or group) won or lost everything against the others, or never met them.
 */
export const fitRatings = (
  comparisons: readonly PlayerComparison[],
  { anchor, prior = 1, scale = 400 }: RatingOptions,
): Map<string, number> => {
  const { players, clusters } = tablesOf(comparisons, anchor);
  const wins = total(clusters, players.length ** 2);
  addPrior(wins, players.length, prior);
  const strengths = maximiseLikelihood(wins, players.length, players.indexOf(anchor));
  if (strengths === null) throw notIdentifiable(players);
  return new Map(players.map((player, index) => [player, (strengths[index]! * scale) / Math.LN10]));
};

/**
 * Ratings with 95 % intervals from a bootstrap that draws whole clusters with replacement. n: comparisons in which
 * the player took part. A player without comparisons, and every player when the anchor has none, has no value.
 */
export const rate = (
  comparisons: readonly PlayerComparison[],
  options: RatingOptions & { readonly seed: number; readonly resamples?: number },
): Map<string, Estimate> => {
  const { anchor, prior = 1, scale = 400, seed, resamples = defaultResamples } = options;
  const { players, clusters, games } = tablesOf(comparisons, anchor);
  const anchorPlace = players.indexOf(anchor);
  if (games[anchorPlace] === 0) {
    return new Map(
      players.map((player, i) => [player, { value: null, low: null, high: null, n: games[i]! }]),
    );
  }
  const ratings = fitRatings(comparisons, { anchor, prior, scale });
  const draws = players.map(() => new Float64Array(resamples));
  const random = createRandom(seed);
  for (let resample = 0; resample < resamples; resample++) {
    const drawn = clusters.map(() => clusters[random.integer(clusters.length)]!);
    const wins = total(drawn, players.length ** 2);
    addPrior(wins, players.length, prior);
    const strengths = maximiseLikelihood(wins, players.length, anchorPlace);
    if (strengths === null) throw notIdentifiable(players);
    for (let index = 0; index < players.length; index++) {
      draws[index]![resample] = (strengths[index]! * scale) / Math.LN10;
    }
  }
  const estimate = (player: string, index: number): Estimate => {
    const value = ratings.get(player)!;
    const sorted = draws[index]!.sort();
    return {
      value,
      low: Math.min(value, quantile(sorted, 0.025)),
      high: Math.max(value, quantile(sorted, 0.975)),
      n: games[index]!,
    };
  };
  return new Map(players.map((player, index) => [player, estimate(player, index)]));
};
