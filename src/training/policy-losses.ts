// The losses of policy gradients, as graph over log-probabilities [k] and values of sampled tokens: PPO's clipped policy
// and value losses (Schulman et al. 2017), GRPO's (Shao et al. 2024) and RLOO's (Ahmadian et al. 2024), as TRL computes
// them. Masks and weights are fed divided by their sums, so that a weighted sum is a mean.

import {
  add,
  clamp,
  exponential,
  greater,
  maximum,
  minimum,
  multiply,
  negate,
  scalar,
  subtract,
  sum,
  type Tensor,
  where,
} from "../engine/index.ts";
import { sumByOwner } from "./losses.ts";

/** How far probabilities may move before an update stops pushing them: ratios from 1 - low to 1 + high. */
export type ClipRange = { readonly low: number; readonly high: number };

const square = (x: Tensor): Tensor => multiply(x, x);

/** 1 where a > b, else 0. */
const indicator = (a: Tensor, b: Tensor): Tensor => where(greater(a, b), scalar(1), scalar(0));

const weighted = (values: Tensor, weights: Tensor): Tensor => sum(multiply(values, weights));

/** Log-probabilities now and when the replies were sampled, and what is learned from each. All [k] or all [n]. */
type Moved = { readonly now: Tensor; readonly before: Tensor; readonly advantages: Tensor };

/** The two sides that clipping chooses between, and the share that it cuts off. */
const clipping = ({ now, before, advantages }: Moved, { low, high }: ClipRange) => {
  const change = subtract(now, before);
  const ratio = exponential(change);
  const plain = multiply(ratio, advantages);
  const held = multiply(clamp(ratio, 1 - low, 1 + high), advantages);
  return { change, ratio, plain, held, gain: minimum(plain, held) };
};

/**
 * Clipped policy loss (Schulman et al. 2017, eq. 7), clip fraction, approximate KL (k2) and mean ratio, over tokens [k].
 * mask is fed divided by its sum.
 */
export const clippedPolicyLoss = (
  { mask, ...moved }: Moved & { readonly mask: Tensor },
  range: ClipRange,
): { readonly loss: Tensor; readonly clipShare: Tensor; readonly kl: Tensor; readonly ratio: Tensor } => {
  const { change, ratio, plain, held, gain } = clipping(moved, range);
  return {
    loss: negate(weighted(gain, mask)),
    clipShare: weighted(indicator(plain, held), mask),
    kl: multiply(weighted(square(change), mask), scalar(0.5)),
    ratio: weighted(ratio, mask),
  };
};

/** Clipped value loss, ½ mean max((v-r)², (clip(v)-r)²) over places [k], and the share that clipping cuts off. */
export const clippedValueLoss = (
  inputs: { readonly now: Tensor; readonly before: Tensor; readonly returns: Tensor; readonly mask: Tensor },
  clip: number,
): { readonly loss: Tensor; readonly clipShare: Tensor } => {
  const { now, before, returns, mask } = inputs;
  const held = add(before, clamp(subtract(now, before), -clip, clip));
  const free = square(subtract(now, returns));
  const kept = square(subtract(held, returns));
  return {
    loss: multiply(weighted(maximum(free, kept), mask), scalar(0.5)),
    clipShare: weighted(indicator(kept, free), mask),
  };
};

/** Shares of ratios that are cut off below (of what is to become rarer), above, and either. */
const clipShares = (
  { ratio, advantages }: { ratio: Tensor; advantages: Tensor },
  range: ClipRange,
  mask: Tensor,
) => {
  const low = multiply(indicator(scalar(1 - range.low), ratio), indicator(scalar(0), advantages));
  const high = multiply(indicator(ratio, scalar(1 + range.high)), indicator(advantages, scalar(0)));
  return {
    "clip_ratio/low_mean": weighted(low, mask),
    "clip_ratio/high_mean": weighted(high, mask),
    "clip_ratio/region_mean": weighted(add(low, high), mask),
  };
};

/** How strongly GRPO's loss holds the policy to the reference, and whether the estimate is corrected by the ratio. */
export type GroupLossOptions = {
  readonly clip: ClipRange;
  readonly beta: number;
  readonly klCorrection: boolean;
};

/**
 * GRPO's loss over tokens [k]: Σ w (-min(ρA, clip(ρ)A) + β KL), KL by the estimator that is never negative (k3), times
 * ρ where it is corrected for tokens sampled by an earlier policy. weights: what each token counts by the loss type;
 * mask: means over tokens. reference is not read where beta is 0.
 */
export const groupPolicyLoss = (
  inputs: Moved & { readonly reference?: Tensor; readonly weights: Tensor; readonly mask: Tensor },
  { clip, beta, klCorrection }: GroupLossOptions,
): { readonly loss: Tensor; readonly metrics: Readonly<Record<string, Tensor>> } => {
  const { ratio, gain } = clipping(inputs, clip);
  const shares = clipShares({ ratio, advantages: inputs.advantages }, clip, inputs.mask);
  const loss = negate(weighted(gain, inputs.weights));
  if (inputs.reference === undefined || beta === 0) return { loss, metrics: shares };
  const change = subtract(inputs.reference, inputs.now);
  const plain = subtract(subtract(exponential(change), change), scalar(1));
  const divergence = klCorrection ? multiply(plain, ratio) : plain;
  return {
    loss: add(loss, multiply(weighted(divergence, inputs.weights), scalar(beta))),
    metrics: { kl: weighted(divergence, inputs.mask), ...shares },
  };
};

/**
 * RLOO's loss over whole replies: the ratio of each is that of all its tokens together. now and before are of tokens
 * [k], advantages and weights of replies [n], membership [n, k] says whose a token is.
 */
export const sequencePolicyLoss = (
  inputs: Moved & { readonly membership: Tensor; readonly weights: Tensor },
  clip: ClipRange,
): { readonly loss: Tensor; readonly metrics: Readonly<Record<string, Tensor>> } => {
  const { membership, weights, advantages } = inputs;
  const now = sumByOwner(inputs.now, membership);
  const before = sumByOwner(inputs.before, membership);
  const { ratio, gain } = clipping({ now, before, advantages }, clip);
  return {
    loss: negate(weighted(gain, weights)),
    metrics: clipShares({ ratio, advantages }, clip, weights),
  };
};
