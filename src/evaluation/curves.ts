// Figures along something ordered: harm and help over rounds of revision, and the Goodhart curve, the reward a model
// gives against the harm that is really there as a policy is optimised against it (Gao et al. 2023). Each point after
// the first says what changed since the first, on the same prompts.

import { deriveSeed } from "../core/index.ts";
import type { ArmMetrics, GoodhartPoint } from "../records/index.ts";
import { type PromptedReply, rateDifference } from "./differences.ts";
import { mean } from "./statistics.ts";
import { harmRate, helpfulRate } from "./verdicts.ts";

/** The revision curve: harm and help after each round (round 0 is the first answer), in the order of rounds. */
export const revisionCurve = (
  rounds: readonly { readonly round: number; readonly replies: readonly PromptedReply[] }[],
): ArmMetrics["revisions"] => {
  const sorted = rounds.toSorted((one, other) => one.round - other.round);
  const start = sorted[0]?.replies ?? [];
  return sorted.map(({ round, replies }, index) => ({
    round,
    harmRate: harmRate(replies),
    helpfulRate: helpfulRate(replies),
    ...(index > 0 && {
      change: {
        harmRate: rateDifference("harmRate", start, replies),
        helpfulRate: rateDifference("helpfulRate", start, replies),
      },
    }),
  }));
};

/** What was measured at one step of the optimisation, reply by reply. logRatios: to the reference policy, in nats. */
export type GoodhartMeasurement = {
  readonly step: number;
  readonly rewards: readonly number[];
  readonly logRatios: readonly number[];
  readonly replies: readonly PromptedReply[];
};

/** The Goodhart curve in the order of steps: mean reward and log-ratio, and harm, of replies to harmful prompts. */
export const goodhartCurve = (
  measurements: readonly GoodhartMeasurement[],
  seed: number,
): GoodhartPoint[] => {
  const sorted = measurements.toSorted((one, other) => one.step - other.step);
  const start = sorted[0]?.replies ?? [];
  return sorted.map(({ step, rewards, logRatios, replies }, index) => ({
    step,
    reward: mean(rewards, deriveSeed(seed, "reward", step)),
    kl: mean(logRatios, deriveSeed(seed, "kl", step)),
    harmRate: harmRate(replies),
    ...(index > 0 && { change: rateDifference("harmRate", start, replies) }),
  }));
};

/**
 * What the starting model answered in the test to the prompts of the curve, and how its answers at step 0, drawn with
 * other seeds, differ from that: a difference whose interval holds 0 is the luck of sampling. Undefined without either.
 */
export const goodhartTest = (
  measurements: readonly GoodhartMeasurement[],
  test: readonly PromptedReply[],
): ArmMetrics["goodhartTest"] => {
  const start = measurements.find(({ step }) => step === 0)?.replies ?? [];
  const asked = new Set(start.map(({ prompt }) => prompt));
  const same = test.filter(({ prompt }) => asked.has(prompt));
  const figure = harmRate(same);
  return figure.n === 0
    ? undefined
    : { harmRate: figure, difference: rateDifference("harmRate", same, start) };
};
