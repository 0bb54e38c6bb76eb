// Choosing the next token from logits: repetition penalty (Keskar et al. 2019), temperature, top-k, top-p (nucleus
// sampling, Holtzman et al. 2020) and min-p (Nguyen et al. 2024), in the order in which transformers applies them; one
// random number a token. Temperature 0 is greedy. Knows logits only, nothing of text. Tokens less probable than e^-30
// of the likeliest are never drawn.

import type { Random } from "../core/index.ts";

/** How the next token is drawn; topK 0, topP 1, minP 0 and repetitionPenalty 1 change nothing. */
export type SamplingOptions = {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens, and those as likely as the last of them. */
  readonly topK?: number;
  /** Only the fewest tokens whose probabilities reach this sum. */
  readonly topP?: number;
  /** Only tokens at least this share as likely as the likeliest. */
  readonly minP?: number;
  /** What tokens lose that stand in the prompt or the reply already: positive logits divided, negative ones multiplied. */
  readonly repetitionPenalty?: number;
};

const noProbability = (): RangeError => new RangeError("no token has a probability that is a number");

/** The likeliest token. Throws RangeError where numbers are broken. */
const greedy = (logits: Float32Array): number => {
  let best = 0;
  let peak = logits[0]!;
  for (let at = 1; at < logits.length; at++) {
    const logit = logits[at]!;
    if (logit > peak) {
      best = at;
      peak = logit;
    }
  }
  if (Number.isNaN(peak)) throw noProbability();
  return best;
};

/** Tokens that may be drawn, in the order of their ids, with weights that need not sum to 1; the largest is 1. */
export type Candidates = { readonly ids: Int32Array; readonly weights: Float64Array };

/** distances: how far each lies below the likeliest, in units of the temperature; weight = e^-distance, or 0. */
type Distant = Candidates & { readonly distances: Float64Array };

const spaceFor = (size: number): Distant => ({
  ids: new Int32Array(size),
  weights: new Float64Array(size),
  distances: new Float64Array(size),
});

let scratch = spaceFor(0);

const negligible = -30;

/** The tokens of a row of logits that have a chance at a temperature. Holds until the next call. */
const atTemperature = (logits: Float32Array, temperature: number): Distant => {
  if (scratch.ids.length < logits.length) scratch = spaceFor(logits.length);
  const { ids, weights, distances } = scratch;
  const peak = logits[greedy(logits)]!;
  const least = peak + negligible * temperature;
  let count = 0;
  for (let at = 0; at < logits.length; at++) {
    const logit = logits[at]!;
    if (logit < least) continue;
    const distance = (peak - logit) / temperature;
    ids[count] = at;
    distances[count] = distance;
    weights[count++] = Math.exp(-distance);
  }
  return {
    ids: ids.subarray(0, count),
    weights: weights.subarray(0, count),
    distances: distances.subarray(0, count),
  };
};

/** The k-th largest of values, by a heap of the k largest met so far. */
const largestAt = (values: Float32Array | Float64Array, k: number): number => {
  const heap = Float64Array.from(values.subarray(0, k)).sort();
  for (let at = k; at < values.length; at++) {
    const value = values[at]!;
    if (value <= heap[0]!) continue;
    let place = 0;
    for (let child = 1; child < k; child = 2 * place + 1) {
      if (child + 1 < k && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = value;
  }
  return heap[0]!;
};

const dropBelow = (weights: Float64Array, least: number): void => {
  for (let at = 0; at < weights.length; at++) if (weights[at]! < least) weights[at] = 0;
};

const binsPerUnit = 16;

/** Zeroes all but the likeliest that reach a share of the sum. Only those about as likely as the last are sorted. */
const keepMass = ({ weights, distances }: Distant, share: number): void => {
  const wanted = share * weights.reduce((total, weight) => total + weight, 0);
  const bins = new Float64Array(-negligible * binsPerUnit + 2);
  const binOf = (at: number): number => Math.floor(distances[at]! * binsPerUnit);
  for (let at = 0; at < weights.length; at++) bins[binOf(at)]! += weights[at]!;
  let edge = 0;
  let mass = 0;
  while (edge < bins.length - 1 && mass + bins[edge]! < wanted) mass += bins[edge++]!;
  const last: number[] = [];
  for (let at = 0; at < weights.length; at++) {
    const bin = binOf(at);
    if (bin === edge) last.push(at);
    else if (bin > edge) weights[at] = 0;
  }
  last.sort((a, b) => weights[b]! - weights[a]! || a - b);
  for (const at of last) {
    const weight = weights[at]!;
    if (mass >= wanted) weights[at] = 0;
    mass += weight;
  }
};

/** Logits with the penalty on tokens that were seen; the same logits where there is none. */
const penalised = (logits: Float32Array, penalty: number, seen: Iterable<number>): Float32Array => {
  if (penalty === 1) return logits;
  const row = logits.slice();
  for (const id of new Set(seen)) row[id] = row[id]! < 0 ? row[id]! * penalty : row[id]! / penalty;
  return row;
};

/** What may be drawn from a row of (penalised) logits, at a temperature above 0. Holds until the next call. */
const drawable = (logits: Float32Array, options: SamplingOptions): Candidates => {
  const candidates = atTemperature(logits, options.temperature);
  const { weights } = candidates;
  const { topK = 0, topP = 1, minP = 0 } = options;
  if (topK > 0 && topK < weights.length) dropBelow(weights, largestAt(weights, topK));
  if (topP < 1) keepMass(candidates, topP);
  if (minP > 0) dropBelow(weights, minP);
  return candidates;
};

/**
 * The tokens that may come next after one row of logits [vocabulary], with their weights: log(weight) is the processed
 * logit but for a constant. seen: tokens of prompt and reply so far. Holds until the next call.
 */
export const candidatesOf = (
  logits: Float32Array,
  options: SamplingOptions,
  seen: Iterable<number> = [],
): Candidates => {
  const row = penalised(logits, options.repetitionPenalty ?? 1, seen);
  if (options.temperature > 0) return drawable(row, options);
  return { ids: Int32Array.of(greedy(row)), weights: Float64Array.of(1) };
};

/**
 * The next token of one row of logits [vocabulary]. seen: tokens of prompt and reply so far, for the repetition
 * penalty. Draws exactly one random number unless greedy.
 */
export const sampleToken = (
  logits: Float32Array,
  options: SamplingOptions,
  random: Random,
  seen: Iterable<number> = [],
): number => {
  const { ids, weights } = candidatesOf(logits, options, seen);
  return options.temperature === 0 ? ids[0]! : ids[random.weighted(weights)]!;
};

/** Whether a temperature is all that there is to a request's sampling: then probabilities are drawn from as they are. */
export const isPlain = ({ temperature, topK, topP, minP, repetitionPenalty }: SamplingOptions): boolean =>
  temperature > 0 &&
  (topK ?? 0) === 0 &&
  (topP ?? 1) === 1 &&
  (minP ?? 0) === 0 &&
  (repetitionPenalty ?? 1) === 1;

/** A token by its probability, of a row [vocabulary] that adds up to about 1. Draws exactly one random number. */
export const drawToken = (probabilities: Float32Array, random: Random): number => {
  let left = random.next();
  for (let id = 0; id < probabilities.length; id++) {
    left -= probabilities[id]!;
    if (left < 0) return id;
  }
  if (Number.isNaN(left)) throw noProbability();
  // rounding left something over
  return greedy(probabilities);
};

/** A token and the natural logarithm of the probability that the model itself gave it, before all processing. */
export type TokenProbability = { readonly id: number; readonly logProbability: number };

/** Probabilities of a row of logits [vocabulary]: of one token, and of the `top` likeliest, likeliest first. */
export const readProbabilities = (
  logits: Float32Array,
  id: number,
  top: number,
): TokenProbability & { readonly alternatives: readonly TokenProbability[] } => {
  const peak = logits[greedy(logits)]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - peak);
  const normaliser = peak + Math.log(sum);
  const probabilityOf = (token: number): TokenProbability => ({
    id: token,
    logProbability: logits[token]! - normaliser,
  });
  if (top === 0) return { ...probabilityOf(id), alternatives: [] };
  const count = Math.min(top, logits.length);
  const least = largestAt(logits, count);
  const likeliest: number[] = [];
  for (let token = 0; token < logits.length; token++) if (logits[token]! >= least) likeliest.push(token);
  likeliest.sort((a, b) => logits[b]! - logits[a]! || a - b);
  return { ...probabilityOf(id), alternatives: likeliest.slice(0, count).map(probabilityOf) };
};
