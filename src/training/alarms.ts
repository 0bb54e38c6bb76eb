// Guard rails of policy gradients: from the metrics so far to alarms that a person must see. A pure function: the same
// metrics give the same alarms, whether a run went through or was killed on the way. Each threshold is a setting; a
// metric that a method does not report raises nothing. What is done about an alarm is decided elsewhere.

import { mean } from "../core/index.ts";

/** Thresholds; null switches an alarm off. Steps are those of the loop, shares and ratios are plain numbers. */
export type AlarmThresholds = {
  /** Steps over which most alarms look, so that one odd step raises none. */
  readonly window: number;
  /** Steps in which the mean reward must move at all, and after twice as many must have risen. */
  readonly flatRewardSteps: number | null;
  /** Nats a reply. */
  readonly kl: number | null;
  /** Times the length at the start. */
  readonly lengthGrowth: number | null;
  /** Share of replies that end by themselves, at least. */
  readonly endedShare: number | null;
  /** Share of prompts whose replies open alike, at most. */
  readonly openingShare: number | null;
  /** Share of the entropy at the start that must be left. */
  readonly entropyShare: number | null;
};

export type AlarmCode =
  | "flat-reward"
  | "runaway-kl"
  | "growing-length"
  | "vanishing-end"
  | "repeated-boilerplate"
  | "entropy-collapse";

/** step: the first at which the alarm is raised, from 0. text: what was seen, what it means, and what to do. */
export type Alarm = { readonly code: AlarmCode; readonly step: number; readonly text: string };

/** What alarms read of a step; undefined where the method does not report it. */
export type PolicySignals = {
  /** Mean over a step's replies; undefined where it cannot rise, because replies are only held against each other. */
  readonly reward: number | undefined;
  /** Deviation of the rewards within a step. */
  readonly spread: number | undefined;
  /** Nats a reply. */
  readonly kl: number | undefined;
  readonly length: number | undefined;
  readonly ended: number | undefined;
  readonly opening: number | undefined;
  readonly entropy: number | undefined;
};

type Metrics = Readonly<Record<string, number>>;

/** The signals of a step of PPO. batch: replies a step. */
export const ppoSignals = (metrics: Metrics, batch: number): PolicySignals => ({
  reward: metrics["objective/scores"],
  spread: undefined,
  kl: metrics["objective/kl"],
  length: metrics["val/length"],
  ended: metrics["val/num_eos_tokens"] === undefined ? undefined : metrics["val/num_eos_tokens"] / batch,
  opening: metrics["val/opening_share"],
  entropy: metrics["policy/entropy_avg"],
});

/**
 * The signals of a step of GRPO or RLOO, whose kl is a mean over tokens. isRelative: all that rewards is a comparison of
 * replies with each other.
 */
export const grpoSignals = (metrics: Metrics, isRelative = false): PolicySignals => {
  const { kl, reward, entropy } = metrics;
  const length = metrics["completions/mean_length"];
  const cut = metrics["completions/clipped_ratio"];
  return {
    reward: isRelative ? undefined : reward,
    spread: metrics["reward_std"],
    kl: kl === undefined || length === undefined ? undefined : kl * length,
    length,
    ended: cut === undefined ? undefined : 1 - cut,
    opening: metrics["completions/opening_share"],
    entropy,
  };
};

/** One signal over all steps; null where a step lacks it. */
const seriesOf = (steps: readonly PolicySignals[], name: keyof PolicySignals): number[] | null => {
  const values = steps.map((signals) => signals[name]);
  return values.every((value) => value !== undefined) ? (values as number[]) : null;
};

/** Means over the first and the last `window` steps; null before these are apart. */
const ends = (values: readonly number[] | null, window: number) =>
  values === null || values.length < 2 * window
    ? null
    : { first: mean(values.slice(0, window)), last: mean(values.slice(-window)) };

/** The last `window` values; null before there are so many. */
const lasts = (values: readonly number[] | null, window: number): number[] | null =>
  values === null || values.length < window ? null : values.slice(-window);

const shown = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Rewards that differ by less than this share of their size are the same. */
const sameReward = 1e-3;
/** Below this, rewards of a step differ by rounding alone. */
const noSpread = 1e-6;

const flatReward = (steps: readonly PolicySignals[], count: number): string | null => {
  if (lasts(seriesOf(steps, "spread"), count)?.every((spread) => spread < noSpread))
    return `every reply got the same reward for ${count} steps, so there is nothing to learn from. Look at what gives the reward.`;
  const values = seriesOf(steps, "reward");
  const recent = lasts(values, count);
  if (values === null || recent === null) return null;
  const spread = Math.max(...recent) - Math.min(...recent);
  if (spread <= sameReward * Math.max(...recent.map(Math.abs)))
    return `the mean reward stood at ${shown(mean(recent))} for ${count} steps, so there is nothing to learn from. Look at what gives the reward; it may say the same of every reply.`;
  // Whether it ever rose is asked once, so that a policy that has learned all there is raises nothing.
  if (values.length !== 2 * count) return null;
  const early = values.slice(0, count);
  const rise = mean(recent) - mean(early);
  const noise = Math.sqrt(
    (early.reduce((sum, value) => sum + (value - mean(early)) ** 2, 0) +
      recent.reduce((sum, value) => sum + (value - mean(recent)) ** 2, 0)) /
      (2 * count - 2) /
      (count / 2),
  );
  return rise > noise
    ? null
    : `the mean reward has not risen in ${2 * count} steps (${shown(mean(early))}, then ${shown(mean(recent))}). Raise the learning rate or the replies a step, or look at what gives the reward.`;
};

/** An estimate from samples is below zero by chance; this far below it for long it is a fault. */
const impossibleKl = -1;

const runawayKl = (steps: readonly PolicySignals[], window: number, most: number): string | null => {
  const recent = lasts(seriesOf(steps, "kl"), window);
  if (recent === null) return null;
  if (recent.every((value) => value > most))
    return `the policy is ${shown(mean(recent))} nats a reply away from the reference, more than ${most}: it may have left the language that the reward was learned on. Raise the KL coefficient, or lower the learning rate.`;
  return recent.every((value) => value < impossibleKl)
    ? `the divergence from the reference is estimated at ${shown(mean(recent))}, which none can be: replies are not drawn from the probabilities that they are learned with.`
    : null;
};

const growingLength = (steps: readonly PolicySignals[], window: number, most: number): string | null => {
  const found = ends(seriesOf(steps, "length"), window);
  return found === null || found.last <= most * found.first
    ? null
    : `replies have grown from ${shown(found.first)} to ${shown(found.last)} tokens: the reward may be paid for length. Compare short and long replies that score alike.`;
};

const vanishingEnd = (steps: readonly PolicySignals[], window: number, least: number): string | null => {
  const recent = lasts(seriesOf(steps, "ended"), window);
  return recent?.every((share) => share < least)
    ? `only ${percent(mean(recent))} of the replies end by themselves, the others are cut at the limit. Raise maxTokens or missingEndPenalty.`
    : null;
};

const boilerplate = (steps: readonly PolicySignals[], window: number, most: number): string | null => {
  // of a step of few prompts it is not measured, and the steps behind it are looked at all the same
  const recent = lasts(seriesOf(steps.slice(-window), "opening"), window);
  return recent?.every((share) => share > most)
    ? `replies to ${percent(mean(recent))} of the prompts open with the same words: the policy may have found one answer for everything. Read some replies; raise the KL coefficient.`
    : null;
};

const entropyCollapse = (steps: readonly PolicySignals[], window: number, least: number): string | null => {
  const found = ends(seriesOf(steps, "entropy"), window);
  return found === null || found.last >= least * found.first
    ? null
    : `the entropy has fallen from ${shown(found.first)} to ${shown(found.last)} nats a token: the policy hardly tries anything any more. Raise the KL coefficient, lower the learning rate, or stop earlier.`;
};

/** What stands against the steps so far, by code. */
const standing = (
  steps: readonly PolicySignals[],
  thresholds: AlarmThresholds,
): [AlarmCode, string | null][] => {
  const { window } = thresholds;
  const unless = (threshold: number | null, check: (threshold: number) => string | null) =>
    threshold === null ? null : check(threshold);
  return [
    ["flat-reward", unless(thresholds.flatRewardSteps, (count) => flatReward(steps, count))],
    ["runaway-kl", unless(thresholds.kl, (most) => runawayKl(steps, window, most))],
    ["growing-length", unless(thresholds.lengthGrowth, (most) => growingLength(steps, window, most))],
    ["vanishing-end", unless(thresholds.endedShare, (least) => vanishingEnd(steps, window, least))],
    ["repeated-boilerplate", unless(thresholds.openingShare, (most) => boilerplate(steps, window, most))],
    ["entropy-collapse", unless(thresholds.entropyShare, (least) => entropyCollapse(steps, window, least))],
  ];
};

/** The alarms that stand at the last of these steps. */
export const standingAlarms = (steps: readonly PolicySignals[], thresholds: AlarmThresholds): Alarm[] =>
  standing(steps, thresholds).flatMap(([code, text]) =>
    text === null ? [] : [{ code, step: steps.length - 1, text: `Step ${steps.length}: ${text}` }],
  );

/** Every alarm of the steps so far, each once, at the step that first raised it, in that order. */
export const alarmsOf = (steps: readonly PolicySignals[], thresholds: AlarmThresholds): Alarm[] => {
  const raised = new Map<AlarmCode, Alarm>();
  steps.forEach((_, step) => {
    for (const alarm of standingAlarms(steps.slice(0, step + 1), thresholds))
      if (!raised.has(alarm.code)) raised.set(alarm.code, alarm);
  });
  return [...raised.values()];
};
