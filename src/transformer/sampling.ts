// Choosing the next token from logits: temperature, top-k, top-p (nucleus sampling, Holtzman et al. 2020), seeded per
// request, one random number a token. Temperature 0 is greedy. Knows logits only, nothing of text.

import type { Random } from "../core/index.ts";

export type SamplingOptions = {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
};

const greedy = (logits: Float32Array): number => {
  let best = 0;
  for (let at = 1; at < logits.length; at++) if (logits[at]! > logits[best]!) best = at;
  return best;
};

/** Probabilities of a row of logits at a temperature; `out` is filled and returned. */
const probabilities = (logits: Float32Array, temperature: number, out: Float64Array): Float64Array => {
  const peak = logits[greedy(logits)]!;
  let total = 0;
  for (let at = 0; at < logits.length; at++) {
    const gap = (logits[at]! - peak) / temperature;
    // e^-40 is below what a 32-bit random number can reach
    const weight = gap < -40 ? 0 : Math.exp(gap);
    out[at] = weight;
    total += weight;
  }
  for (let at = 0; at < out.length; at++) out[at]! /= total;
  return out;
};

/** Zeroes all but the most probable tokens: at most topK of them, and no more than needed to reach topP. */
const truncate = (weights: Float64Array, topP: number, topK: number): void => {
  const order = Array.from(weights.keys())
    .filter((at) => weights[at]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  let mass = 0;
  let kept = 0;
  for (const at of order) {
    if (kept >= topK || mass >= topP) weights[at] = 0;
    else {
      mass += weights[at]!;
      kept++;
    }
  }
};

let scratch = new Float64Array(0);

/** The next token of one row of logits [vocabulary]. Draws exactly one random number unless greedy. */
export const sampleToken = (logits: Float32Array, options: SamplingOptions, random: Random): number => {
  if (options.temperature === 0) return greedy(logits);
  if (scratch.length !== logits.length) scratch = new Float64Array(logits.length);
  const weights = probabilities(logits, options.temperature, scratch);
  const { topP = 1, topK = 0 } = options;
  if (topP < 1 || topK > 0) truncate(weights, topP, topK > 0 ? topK : Number.POSITIVE_INFINITY);
  return random.weighted(weights);
};
