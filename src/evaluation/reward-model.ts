// What a reward model is worth: its accuracy on pairs it was not trained on, and the Goodhart curve, the reward it
// gives against the harm that is really there as a policy is optimised against it (Gao et al. 2023).

import type { ArmMetrics, GoodhartPoint } from "../records/index.ts";
import { proportion } from "./statistics.ts";
import { harmRate, type JudgedReply } from "./verdicts.ts";

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

/** What was measured at one step of the optimisation. kl: to the reference policy, in nats. */
export type GoodhartMeasurement = {
  readonly step: number;
  readonly reward: number;
  readonly kl: number;
  readonly replies: readonly JudgedReply[];
};

/** The Goodhart curve in the order of steps: reward and KL as measured, harm from the replies to harmful prompts. */
export const goodhartCurve = (measurements: readonly GoodhartMeasurement[]): GoodhartPoint[] =>
  measurements
    .toSorted((one, other) => one.step - other.step)
    .map(({ step, reward, kl, replies }) => ({ step, reward, kl, harmRate: harmRate(replies) }));
