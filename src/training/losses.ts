// The losses, as graph over log-probabilities and scores. Each names its source; none knows where numbers come from.
// Weights and masks are fed already divided by their sums, so that a weighted sum is a mean.

import {
  add,
  clamp,
  input,
  logSigmoid,
  matmul,
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

/**
 * -(p log σ(m - d) + (1-p) log σ(-m - d)) weighted: Bradley-Terry with soft labels p (Bai et al. 2022, 4.1) and a margin
 * d that is demanded of whichever reply is taken for the better one (Touvron et al. 2023, eq. 2). All [n].
 */
export const softPreferenceLoss = (
  margins: Tensor,
  probabilities: Tensor,
  weights: Tensor,
  demanded?: Tensor,
): Tensor => {
  const lead = (margin: Tensor): Tensor => (demanded === undefined ? margin : subtract(margin, demanded));
  const won = multiply(probabilities, logSigmoid(lead(margins)));
  const lost = multiply(subtract(scalar(1), probabilities), logSigmoid(lead(negate(margins))));
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

/** A fed vector of floats. */
export const vector = (name: string, length: number): Tensor => input(name, [length]);
