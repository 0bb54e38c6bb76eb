// Choosing the next token from logits: temperature, top-k, top-p (nucleus sampling, Holtzman et al. 2020), seeded per
// request, one random number a token. Temperature 0 is greedy. Knows logits only, nothing of text.

import type { Random } from "../core/index.ts";

/** How the next token is drawn; topP 1 and topK 0 cut nothing off. */
export type SamplingOptions = {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
};

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
  return best;
};

/** Tokens that may be drawn, in the order of their ids, with weights that need not sum to 1. */
type Candidates = { readonly ids: Int32Array; readonly weights: Float64Array };

let scratch: Candidates = { ids: new Int32Array(0), weights: new Float64Array(0) };

// e^-30: so unlikely beside the most probable token that no reply will ever hold it
const negligible = -30;

/** The tokens of a row of logits that have a chance at a temperature. Holds until the next call. */
const candidatesOf = (logits: Float32Array, temperature: number): Candidates => {
  if (scratch.ids.length < logits.length)
    scratch = { ids: new Int32Array(logits.length), weights: new Float64Array(logits.length) };
  const { ids, weights } = scratch;
  const peak = logits[greedy(logits)]!;
  const least = peak + negligible * temperature;
  let count = 0;
  for (let at = 0; at < logits.length; at++) {
    const logit = logits[at]!;
    if (logit < least) continue;
    ids[count] = at;
    weights[count++] = Math.exp((logit - peak) / temperature);
  }
  return { ids: ids.subarray(0, count), weights: weights.subarray(0, count) };
};

/** Zeroes all but the most probable: at most topK of them, and no more than needed to reach topP. */
const truncate = (weights: Float64Array, topP: number, topK: number): void => {
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]! || a - b);
  const wanted = topP * weights.reduce((total, weight) => total + weight, 0);
  let mass = 0;
  let kept = 0;
  for (const at of order) {
    if (kept >= topK || mass >= wanted) weights[at] = 0;
    else {
      mass += weights[at]!;
      kept++;
    }
  }
};

/** The next token of one row of logits [vocabulary]. Draws exactly one random number unless greedy. */
export const sampleToken = (logits: Float32Array, options: SamplingOptions, random: Random): number => {
  if (options.temperature === 0) return greedy(logits);
  const { ids, weights } = candidatesOf(logits, options.temperature);
  const { topP = 1, topK = 0 } = options;
  if (topP < 1 || topK > 0) truncate(weights, topP, topK > 0 ? topK : Number.POSITIVE_INFINITY);
  return ids[random.weighted(weights)]!;
};
