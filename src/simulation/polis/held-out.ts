// Whether something knows how people vote: some votes are held out, a predictor says from the rest how likely each kind of
// vote is, and what it said is held against what was voted. A predictor is a function, so a model that plays voters is
// measured as the baselines are (vote-baselines.ts). Knows no model.

import { createRandom, deriveSeed, mean, wilsonInterval } from "../../core/index.ts";
import type { VoteKind } from "../../records/index.ts";
import { agree, disagree, pass, unseen, type VoteMatrix } from "./vote-matrix.ts";

/** A voter and a statement, by their places in the matrix. */
export type VoteQuestion = { readonly voter: number; readonly statement: number };

/** vote: what the voter said. */
export type HeldOutVote = VoteQuestion & { readonly vote: number };

/** known: the matrix without the held-out votes. */
export type VoteSplit = { readonly known: VoteMatrix; readonly heldOut: readonly HeldOutVote[] };

/** Chances of the kinds of votes; they sum to 1. */
export type VoteForecast = Readonly<Record<VoteKind, number>>;

/** One forecast for each question, in their order, from what is known. */
export type VotePredictor = (
  known: VoteMatrix,
  questions: readonly VoteQuestion[],
) => Promise<readonly VoteForecast[]>;

/**
 * Holds out a share of every voter's votes, rounded down, drawn by the seed and the voter's id. So every voter keeps
 * something to be known by (share below 1), and a voter more or less changes nothing for others.
 */
export const splitVotes = (matrix: VoteMatrix, share: number, seed: number): VoteSplit => {
  if (!(share > 0 && share < 1)) throw new RangeError(`splitVotes: share ${share}, expected between 0 and 1`);
  const width = matrix.statements.length;
  const votes = matrix.votes.slice();
  const heldOut = matrix.voters.flatMap(({ id }, voter) => {
    const seen = matrix.statements.flatMap((_, statement) =>
      matrix.votes[voter * width + statement] === unseen ? [] : [statement],
    );
    const drawn = createRandom(deriveSeed(seed, "held out", id)).shuffle(seen);
    const own = drawn.slice(0, Math.floor(share * seen.length)).sort((one, other) => one - other);
    return own.map((statement) => {
      const at = voter * width + statement;
      votes[at] = unseen;
      return { voter, statement, vote: matrix.votes[at]! };
    });
  });
  return { known: { ...matrix, votes }, heldOut };
};

const kinds = [
  { kind: "agree", vote: agree },
  { kind: "disagree", vote: disagree },
  { kind: "pass", vote: pass },
] as const;

/** The name of a vote. Not for unseen. */
export const kindOfVote = (vote: number): VoteKind => kinds.find((one) => one.vote === vote)!.kind;

/** Forecasts whose most likely kind has a chance in [from, to): how often it came, beside what was said of it. */
export type CalibrationBin = {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly said: number;
  readonly came: number;
};

/**
 * n: held-out votes. accuracy: the share whose likeliest kind was right (of several equally likely a share of one), with Wilson's 95 % interval (votes of one voter
 * are not independent, so it is too narrow rather than too wide). balanced: the mean of that share over the kinds that
 * were voted, so that always saying the commonest is worth 1 in as many as there are. brier: mean squared error over the
 * kinds, 0 to 2; logLoss: in nats, chances below 1e-6 counting as that; calibration: expected calibration error of the
 * likeliest kind, over ten bins.
 */
export type ForecastMeasures = {
  readonly n: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly balanced: number;
  readonly brier: number;
  readonly logLoss: number;
  readonly calibration: number;
  readonly bins: readonly CalibrationBin[];
};

const binCount = 10;
const leastChance = 1e-6;

const checkForecast = ({ agree: a, disagree: d, pass: p }: VoteForecast): void => {
  const isFit = [a, d, p].every((chance) => chance >= 0) && Math.abs(a + d + p - 1) < 1e-6;
  if (!isFit) throw new RangeError(`measureForecasts: chances ${a}, ${d}, ${p} are none or do not sum to 1`);
};

/** Chances that differ by less are the same. */
const sameChance = 1e-9;

/**
 * What a forecast is worth where this was voted. right: 1 where the likeliest kind was right, and its share where several are
 * equally likely; chance: of the likeliest; brier and logLoss as below.
 */
export type ScoredForecast = {
  readonly vote: number;
  readonly right: number;
  readonly chance: number;
  readonly brier: number;
  readonly logLoss: number;
};

/** Holds one forecast against what was voted. Throws RangeError where it is none. */
export const scoreForecast = (vote: number, forecast: VoteForecast): ScoredForecast => {
  checkForecast(forecast);
  const chance = Math.max(...kinds.map(({ kind }) => forecast[kind]));
  const likeliest = kinds.filter(({ kind }) => chance - forecast[kind] < sameChance);
  return {
    ...{ vote, chance },
    right: likeliest.some((one) => one.vote === vote) ? 1 / likeliest.length : 0,
    brier: kinds.reduce((sum, one) => sum + (forecast[one.kind] - Number(one.vote === vote)) ** 2, 0),
    logLoss: -Math.log(Math.max(leastChance, forecast[kindOfVote(vote)])),
  };
};

const binsOf = (scored: readonly ScoredForecast[]): CalibrationBin[] =>
  Array.from({ length: binCount }, (_, bin) => {
    const inside = scored.filter(
      ({ chance }) => Math.min(binCount - 1, Math.floor(chance * binCount)) === bin,
    );
    return {
      from: bin / binCount,
      to: (bin + 1) / binCount,
      n: inside.length,
      said: mean(inside.map(({ chance }) => chance)),
      came: mean(inside.map(({ right }) => right)),
    };
  }).filter(({ n }) => n > 0);

/** Holds forecasts against what was voted. Throws RangeError where they do not fit, or there are none. */
export const measureForecasts = (
  heldOut: readonly HeldOutVote[],
  forecasts: readonly VoteForecast[],
): ForecastMeasures => {
  const n = heldOut.length;
  if (n === 0 || forecasts.length !== n)
    throw new RangeError(`measureForecasts: ${forecasts.length} forecasts of ${n} votes`);
  const scored = heldOut.map(({ vote }, at) => scoreForecast(vote, forecasts[at]!));
  const rightOf = (some: readonly ScoredForecast[]): number => mean(some.map(({ right }) => right));
  const byKind = kinds
    .map(({ vote }) => scored.filter((one) => one.vote === vote))
    .filter((some) => some.length > 0);
  const bins = binsOf(scored);
  const accuracy = rightOf(scored);
  return {
    n,
    accuracy,
    ...wilsonInterval(accuracy, n),
    balanced: mean(byKind.map(rightOf)),
    brier: mean(scored.map((one) => one.brier)),
    logLoss: mean(scored.map((one) => one.logLoss)),
    calibration: bins.reduce((sum, bin) => sum + (bin.n / n) * Math.abs(bin.said - bin.came), 0),
    bins,
  };
};

/** Asks a predictor about all held-out votes and measures it. */
export const measurePredictor = async (
  { known, heldOut }: VoteSplit,
  predict: VotePredictor,
): Promise<ForecastMeasures> => {
  const questions = heldOut.map(({ voter, statement }) => ({ voter, statement }));
  return measureForecasts(heldOut, await predict(known, questions));
};
