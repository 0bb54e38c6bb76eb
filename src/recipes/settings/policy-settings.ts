// Settings of training by reward (PPO, GRPO, RLOO) and of the alarms that watch over it, with their defaults.
// What all trainings share is in settings.ts.

import { z } from "zod";
import { memorySettings, optimiserSettings, policyLoraSettings } from "./settings.ts";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const rate = z.number().positive();
const share = z.number().min(0).max(1);
/** Above 0 and below 1. */
const fraction = rate.lt(1);

/** When a person is told that something looks wrong; why these thresholds, is told in docs/policy-training.md. */
export const alarmSettings = z
  .strictObject({
    window: positive.default(3).describe("steps that an alarm looks at, so that one odd step raises none"),
    flatRewardSteps: positive
      .nullable()
      .default(10)
      .describe("alarm when the reward stands still for so many steps, or has not risen in twice as many"),
    kl: rate
      .nullable()
      .default(25)
      .describe("alarm when the policy is more nats a reply away from the reference"),
    lengthGrowth: rate
      .nullable()
      .default(1.5)
      .describe("alarm when replies have grown to more than so many times their first length"),
    endedShare: share.nullable().default(0.5).describe("alarm when fewer replies than this share end"),
    openingShare: share
      .nullable()
      .default(0.5)
      .describe("alarm when replies to more than this share of the prompts open alike"),
    entropyShare: share
      .nullable()
      .default(0.2)
      .describe("alarm when less than this share of the first entropy is left"),
  })
  .prefault({})
  .describe("null switches an alarm off");

/** What PPO and GRPO have in common. */
const sampled = {
  minibatches: positive.default(2).describe("updates that a step's replies are learned in"),
  accumulation: positive
    .default(1)
    .describe("parts that an update is computed in: less memory, the same result"),
  learningRate: optimiserSettings.learningRate.default(2e-4),
  schedule: optimiserSettings.schedule.default("linear"),
  warmupSteps: optimiserSettings.warmupSteps.default(3),
  weightDecay: optimiserSettings.weightDecay.default(0),
  maxGradientNorm: optimiserSettings.maxGradientNorm.default(1),
  lora: policyLoraSettings,
  ...memorySettings,
  missingEndPenalty: z
    .number()
    .nonnegative()
    .default(0.5)
    .describe("taken from the reward of a reply that does not end"),
  evaluationShare: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe("share of the prompts kept out of training, on which the policy is looked at on the way"),
  evaluateEvery: positive
    .default(5)
    .describe("steps between two looks at the prompts kept out; the last is behind the last step"),
  keepBest: z
    .boolean()
    .default(false)
    .describe("save the policy with the highest objective on the prompts kept out, not the last one"),
  alarms: alarmSettings,
};

/** PPO on its own. */
export const ppoTrainingSettings = z
  .strictObject({
    steps: positive.default(18).describe("PPO steps"),
    batch: positive.default(64).describe("replies a step"),
    epochs: positive.default(1).describe("times that a step's replies are learned"),
    ...sampled,
    learningRate: optimiserSettings.learningRate.default(1.5e-4),
    klCoefficient: z.number().nonnegative().default(0.06).describe("price of leaving the starting model"),
    klTarget: rate
      .optional()
      .describe(
        "divergence in nats a reply that the price is adapted to hold; without it the price is fixed",
      ),
    klGain: rate
      .default(0.1)
      .describe("how fast the price is adapted: at most a fifth of this, as a share, a step"),
    klEstimator: z
      .enum(["k1", "k3"])
      .default("k1")
      .describe("estimate of a token's divergence: k1 the log-ratio, k3 the one that is never negative"),
    clip: fraction.default(0.2).describe("how far a step may change a token's probability, as a share"),
    valueClip: rate.default(0.2).describe("how far a step may change an estimated value"),
    valueCoefficient: rate.default(0.1).describe("weight of the value loss"),
    whitenRewards: z.boolean().default(false).describe("scale a step's rewards to deviation 1"),
    gamma: z.number().positive().max(1).default(1).describe("discount of later rewards"),
    lambda: z.number().positive().max(1).default(0.95).describe("lambda of generalised advantage estimation"),
  })
  .prefault({});
export type PpoTrainingSettings = z.output<typeof ppoTrainingSettings>;

/** PPO in a whole run, which measures it on the way. */
export const ppoSettings = z
  .strictObject({
    ...ppoTrainingSettings.unwrap().shape,
    measureEvery: count
      .default(6)
      .describe("measure true harm every so many steps (the Goodhart curve); 0: never"),
  })
  .prefault({});

/** GRPO and RLOO. */
export const grpoSettings = z
  .strictObject({
    estimator: z
      .enum(["grpo", "rloo"])
      .default("grpo")
      .describe("grpo: against the group's mean; rloo: against the mean of the others in the group"),
    steps: positive.default(18).describe("steps of sampling and learning"),
    batch: positive.default(16).describe("prompts a step"),
    group: z
      .number()
      .int()
      .min(2)
      .default(4)
      .describe("replies to each prompt, which are held against each other"),
    iterations: positive.default(1).describe("times that a step's replies are learned"),
    ...sampled,
    scale: z
      .enum(["auto", "group", "batch", "none"])
      .default("auto")
      .describe(
        "what advantages are divided by: the deviation in the group or the batch, or nothing; auto: group for grpo, none for rloo",
      ),
    lossType: z
      .enum(["grpo", "bnpo", "dapo", "dr_grpo"])
      .default("dapo")
      .describe("what a token counts in grpo's loss: as in TRL; rloo counts whole replies"),
    beta: z
      .number()
      .nonnegative()
      .default(0.04)
      .describe("price of leaving the starting model; 0: it is not even asked"),
    klCorrection: z
      .boolean()
      .default(true)
      .describe("correct grpo's divergence for replies that an earlier policy sampled"),
    clipLow: fraction.default(0.2).describe("how far a step may lower a probability, as a share"),
    clipHigh: rate.default(0.2).describe("how far a step may raise a probability, as a share"),
  })
  .prefault({});
export type GrpoSettings = z.output<typeof grpoSettings>;
