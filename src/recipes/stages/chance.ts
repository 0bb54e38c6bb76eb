// The guard rail of a reward model: one that cannot be told from guessing on pairs it has not learned would reward
// noise. Knows scores and labels of pairs alone.

import { CovenantError, counted, percent } from "../../core/index.ts";
import { rewardModelAccuracy } from "../../evaluation/index.ts";
import type { RewardPairRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";

/** Of a reward model's stage: the scores of the pairs that were kept out. */
export const heldOutName = "held-out.jsonl";

/** So few pairs cannot show more than guessing even if all are ordered rightly (Wilson's interval holds one half). */
const tooFewToTell = 3;

/** The pair turned so that the reply its label prefers comes first. */
const turned = ({ probability, chosen, rejected }: RewardPairRecord) =>
  probability > 0.5 ? { chosen, rejected } : { chosen: rejected, rejected: chosen };

/** How many held-out pairs the reward model orders as their labels do; nothing where there is none to tell. */
export const describeHeldOut = (records: readonly RewardPairRecord[]): string[] => {
  const pairs = records.filter(({ probability }) => probability !== 0.5).map(turned);
  if (pairs.length === 0) return [];
  const { value, low, high } = rewardModelAccuracy(pairs).accuracy;
  return [
    `Orders ${percent(value, 0)} of ${counted(pairs.length, "held-out pair")} as their labels do (95 % interval ${percent(low, 0)} to ${percent(high, 0)}).`,
  ];
};

/** What speaks against a reward model. */
type Doubt = {
  readonly code: "reward-at-chance" | "reward-unmeasured";
  readonly told: string;
  readonly remedy: string;
};

/**
 * Whether the accuracy on held-out pairs may be chance: where its 95 % interval holds one half or lies below it, or there are
 * too few pairs to tell. Pairs without a preference do not count.
 */
export const chanceDoubt = (records: readonly RewardPairRecord[]): Doubt | undefined => {
  const pairs = records.filter(({ probability }) => probability !== 0.5).map(turned);
  const { accuracy } = rewardModelAccuracy(pairs);
  if (pairs.length <= tooFewToTell) {
    const kept = `Only ${counted(pairs.length, "pair")} ${pairs.length === 1 ? "was" : "were"}`;
    const told = `${pairs.length === 0 ? "No pair was" : kept} kept out of training, too few to tell whether the reward model learned anything.`;
    return { code: "reward-unmeasured", told, remedy: "Give more rows, or raise heldOutShare" };
  }
  if ((accuracy.low ?? 0) > 0.5) return undefined;
  return {
    code: "reward-at-chance",
    told: `The reward model orders ${percent(accuracy.value, 0)} of ${counted(pairs.length, "held-out pair")} as their labels do (95 % interval ${percent(accuracy.low, 0)} to ${percent(accuracy.high, 0)}): that cannot be told from guessing, and what is optimised against it learns noise.`,
    remedy:
      "Look at the labels, give more rows, train for more epochs or with another learning rate, or keep more pairs out",
  };
};

/** Throws CovenantError, or warns where that is asked for, when the accuracy may be chance; warns when it cannot be told. */
export const requireBetterThanChance = (
  { warn }: Pick<StageContext, "warn">,
  records: readonly RewardPairRecord[],
  { atChance }: { readonly atChance: "fail" | "warn" },
): void => {
  const doubt = chanceDoubt(records);
  if (doubt === undefined) return;
  const { code, told, remedy } = doubt;
  if (code === "reward-unmeasured" || atChance === "warn") {
    warn(code, `${told} ${remedy}.`);
    return;
  }
  const all =
    "the same command with --set reward.atChance=warn goes on all the same, without training it again";
  throw new CovenantError(code, `${told} ${remedy}; ${all}.`);
};
