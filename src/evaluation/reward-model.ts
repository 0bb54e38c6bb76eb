// What a reward model is worth: its accuracy on pairs it was not trained on. Knows nothing of the policies that are
// optimised against it.

import type { ArmMetrics } from "../records/index.ts";
import { proportion } from "./statistics.ts";

/** The share of held-out pairs whose preferred reply has the higher reward; equal rewards count half. */
export const rewardModelAccuracy = (
  pairs: readonly { readonly chosen: number; readonly rejected: number }[],
): ArmMetrics["rewardModel"] => {
  const right = pairs.reduce(
    (total, { chosen, rejected }) => total + (chosen > rejected ? 1 : chosen === rejected ? 0.5 : 0),
    0,
  );
  return { accuracy: proportion(right, pairs.length), n: pairs.length };
};
