// The losses, as graph over log-probabilities and scores. Each names its source; none knows where numbers come from.
// Weights and masks are fed already divided by their sums, so that a weighted sum is a mean.

import {
  add,
  clamp,
  exponential,
  input,
  logSigmoid,
  matmul,
  maximum,
  minimum,
  multiply,
  negate,
  reshape,
  scalar,
  subtract,
  sum,
  type Tensor,
} from "../engine/index.ts";

/** Σ -w log p over tokens [k]; weights are fed already divided by their sum, so this is a weighted mean. */
export const weightedCrossEntropy = (logProbabilities: Tensor, weights: Tensor): Tensor =>
  negate(sum(multiply(logProbabilities, weights)));

/** Sums [n] of token values [k] by owner, through a membership matrix [n, k] of zeros and ones. */
export const sumByOwner = (values: Tensor, membership: Tensor): Tensor =>
  reshape(matmul(membership, reshape(values, [values.shape[0]!, 1])), [membership.shape[0]!]);

/** -(p log σ(m) + (1-p) log σ(-m)) weighted: Bradley-Terry with soft labels p (Bai et al. 2022, 4.1). All [n]. */
export const softPreferenceLoss = (margins: Tensor, probabilities: Tensor, weights: Tensor): Tensor => {
  const won = multiply(probabilities, logSigmoid(margins));
  const lost = multiply(subtract(scalar(1), probabilities), logSigmoid(negate(margins)));
  return negate(sum(multiply(add(won, lost), weights)));
};

/** p (h - c)² + (1-p) (h + c)² weighted: IPO (Azar et al. 2023, eq. 17, c = 1 / 2τ) with soft labels p. All [n]. */
export const softSquaredLoss = (
  margins: Tensor,
  target: number,
  probabilities: Tensor,
  weights: Tensor,
): Tensor => {
  const square = (x: Tensor): Tensor => multiply(x, x);
  const won = multiply(probabilities, square(subtract(margins, scalar(target))));
  const lost = multiply(subtract(scalar(1), probabilities), square(add(margins, scalar(target))));
  return sum(multiply(add(won, lost), weights));
};

/** Share of pairs whose margin is positive, weighted. */
export const positiveShare = (margins: Tensor, weights: Tensor): Tensor =>
  sum(multiply(clamp(multiply(margins, scalar(1e9)), 0, 1), weights));

/**
 * Clipped policy loss (Schulman et al. 2017, eq. 7), clip fraction and approximate KL (k2), over tokens [k]; mask is
 * fed divided by its sum.
 */
export const clippedPolicyLoss = (
  inputs: {
    readonly now: Tensor;
    readonly before: Tensor;
    readonly advantages: Tensor;
    readonly mask: Tensor;
  },
  clip: number,
): { readonly loss: Tensor; readonly clipShare: Tensor; readonly kl: Tensor } => {
  const { now, before, advantages, mask } = inputs;
  const change = subtract(now, before);
  const ratio = exponential(change);
  const plain = multiply(ratio, advantages);
  const held = multiply(clamp(ratio, 1 - clip, 1 + clip), advantages);
  const cut = clamp(multiply(subtract(plain, held), scalar(1e9)), 0, 1);
  return {
    loss: negate(sum(multiply(minimum(plain, held), mask))),
    clipShare: sum(multiply(cut, mask)),
    kl: multiply(sum(multiply(multiply(change, change), mask)), scalar(0.5)),
  };
};

/** Clipped value loss (TRL's PPO): ½ mean max((v-r)², (clip(v)-r)²) over tokens [k]. */
export const clippedValueLoss = (
  inputs: { readonly now: Tensor; readonly before: Tensor; readonly returns: Tensor; readonly mask: Tensor },
  clip: number,
): Tensor => {
  const { now, before, returns, mask } = inputs;
  const held = add(before, clamp(subtract(now, before), -clip, clip));
  const square = (x: Tensor): Tensor => multiply(x, x);
  const worse = maximum(square(subtract(now, returns)), square(subtract(held, returns)));
  return multiply(sum(multiply(worse, mask)), scalar(0.5));
};

/** A fed vector of floats. */
export const vector = (name: string, length: number): Tensor => input(name, [length]);
