// Verdicts on replies and the figures made of them; `metrics.json` of a run is one MetricsDocument.
// How the figures are computed is in evaluation/; here is what they are called and what they hold.

import { z } from "zod";
import { answeredBySchema, finishSchema, promptKindSchema } from "./conversation.ts";
import { armIdSchema, evaluatedIdSchema, promptIdSchema } from "./ids.ts";
import { recordFields } from "./record.ts";

/** What a reply does. other: well-formed but off the question; malformed: not a reply at all. */
export const replyClasses = [
  "comply",
  "partial",
  "refuse-flat",
  "refuse-reason",
  "lecture",
  "other",
  "malformed",
] as const;
export const replyClassSchema = z.enum(replyClasses);
export type ReplyClass = z.infer<typeof replyClassSchema>;

const refusalClasses: readonly string[] = ["refuse-flat", "refuse-reason", "lecture"] satisfies ReplyClass[];

/** Whether a reply of this class declines: flatly, with a reason, or with a lecture. */
export const isRefusalClass = (replyClass: string): boolean => refusalClasses.includes(replyClass);

/** harm 0-4 (0 none, 4 full help with something severe); helpfulness 0-1. */
export const verdictSchema = z.object({
  class: replyClassSchema,
  harm: z.number().min(0).max(4),
  helpfulness: z.number().min(0).max(1),
  evasive: z.boolean(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** One judged reply of one evaluated model. answeredBy: the other model that gave it. parents: [prompt id]. */
export const verdictRecordSchema = z.object({
  ...recordFields,
  prompt: promptIdSchema,
  kind: promptKindSchema.optional(),
  area: z.string().optional(),
  arm: armIdSchema,
  model: evaluatedIdSchema,
  answeredBy: answeredBySchema.optional(),
  request: z.string(),
  text: z.string(),
  verdict: verdictSchema,
  /** train: of a prompt that was learned from, to be shown beside its lesson; it counts in no figure. */
  split: z.literal("train").optional(),
});
export type VerdictRecord = z.infer<typeof verdictRecordSchema>;

/**
 * One reply of one evaluated model, judged where it is an answer. verdict: null for one that is none (a refusal by the
 * provider, an empty one), which counts in no figure; finish: how that one ended instead.
 */
export const evaluatedRecordSchema = z.object({
  ...verdictRecordSchema.shape,
  verdict: verdictSchema.nullable(),
  finish: finishSchema.optional(),
});
export type EvaluatedRecord = z.infer<typeof evaluatedRecordSchema>;

/** Whether a reply is an answer, and has been judged. */
export const isJudged = <Reply extends Pick<EvaluatedRecord, "verdict">>(
  reply: Reply,
): reply is Reply & { verdict: Verdict } => reply.verdict !== null;

/** A figure with its 95 % interval and the number of observations behind it; null value when n is 0. */
export const estimateSchema = z.object({
  value: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().int().nonnegative(),
});
export type Estimate = z.infer<typeof estimateSchema>;

/**
 * How a figure of one thing differs from that of another on the same prompts: value is the second minus the first, with
 * its 95 % interval. rose, fell: prompts on which it went up or down; p: the two-sided exact sign test of these two
 * counts (McNemar's exact test for a rate), null where no prompt changed.
 */
export const differenceSchema = z.object({
  ...estimateSchema.shape,
  rose: z.number().int().nonnegative(),
  fell: z.number().int().nonnegative(),
  p: z.number().min(0).max(1).nullable(),
});
export type Difference = z.infer<typeof differenceSchema>;

export const modelMetricsSchema = z.object({
  harmRate: estimateSchema,
  harmScore: estimateSchema,
  helpfulRate: estimateSchema,
  overRefusalRate: estimateSchema,
  evasiveRate: estimateSchema,
  malformedRate: estimateSchema,
  elo: z.object({ helpful: estimateSchema, harmless: estimateSchema }),
  /** Replies that are no answers and count in no figure, by how they ended; absent where there are none. */
  unanswered: z.partialRecord(finishSchema, z.number().int().positive()).optional(),
});
export type ModelMetrics = z.infer<typeof modelMetricsSchema>;

/** One point of the reliability diagram: the n labels whose stated probability fell in [from, to); observed: how many were right. */
export const calibrationBinSchema = z.object({
  from: z.number(),
  to: z.number(),
  stated: z.number().nullable(),
  observed: estimateSchema,
  n: z.number().int(),
});
export type CalibrationBin = z.infer<typeof calibrationBinSchema>;

/**
 * One point of the Goodhart curve: mean reward against true harm after so many PPO steps. kl: mean log-ratio to the
 * reference, in nats a reply, of replies sampled at the answers' temperature.
 */
export const goodhartPointSchema = z.object({
  step: z.number().int(),
  reward: estimateSchema,
  kl: estimateSchema,
  harmRate: estimateSchema,
  /** Against the first point: the same prompts and seeds. */
  change: differenceSchema.optional(),
});
export type GoodhartPoint = z.infer<typeof goodhartPointSchema>;

/**
 * A policy measured during PPO. parents: the prompts, all harmful, in whose order the replies' rewards, log-ratios to
 * the reference (nats) and verdicts stand.
 */
export const goodhartRecordSchema = z.object({
  ...recordFields,
  step: z.number().int(),
  rewards: z.array(z.number()),
  logRatios: z.array(z.number()),
  verdicts: z.array(z.object({ kind: promptKindSchema.optional(), verdict: verdictSchema })),
});
export type GoodhartRecord = z.infer<typeof goodhartRecordSchema>;

/** A held-out pair scored by the reward model. parents: [row id]; chosen and rejected: their scores, 0 to 1. */
export const rewardPairRecordSchema = z.object({
  ...recordFields,
  probability: z.number(),
  chosen: z.number().min(0).max(1),
  rejected: z.number().min(0).max(1),
});
export type RewardPairRecord = z.infer<typeof rewardPairRecordSchema>;

/** What an arm trains, in order: SL-CAI, DPO-CAI, RL-CAI. */
export const trainedModels = ["sl", "dpo", "rl"] as const;
export const modelNames = ["base", ...trainedModels] as const;
export type ModelName = (typeof modelNames)[number];

export const armMetricsSchema = z.object({
  models: z.object({
    base: modelMetricsSchema,
    sl: modelMetricsSchema,
    dpo: modelMetricsSchema,
    rl: modelMetricsSchema,
  }),
  /** accuracy: share of non-tied comparisons on which the label agrees with the measure; error: expected calibration error. */
  labels: z.object({
    accuracy: estimateSchema,
    flipRate: estimateSchema,
    firstPositionRate: estimateSchema,
    longerRate: estimateSchema,
    longerBaseline: estimateSchema,
    calibrationError: estimateSchema,
    calibration: z.array(calibrationBinSchema),
    identical: z.number().int(),
    unscored: z.number().int(),
    n: z.number().int(),
  }),
  rewardModel: z.object({ accuracy: estimateSchema, n: z.number().int() }),
  revisions: z.array(
    z.object({
      round: z.number().int(),
      harmRate: estimateSchema,
      helpfulRate: estimateSchema,
      /** Against round 0, the first answers to the same prompts. */
      change: z.object({ harmRate: differenceSchema, helpfulRate: differenceSchema }).optional(),
    }),
  ),
  goodhart: z.array(goodhartPointSchema),
  /** What SL-CAI did in the test on the prompts of the curve, whose step 0 asks the same model once more. */
  goodhartTest: z.object({ harmRate: estimateSchema, difference: differenceSchema }).optional(),
});
export type ArmMetrics = z.infer<typeof armMetricsSchema>;

const evaluatedSchema = z.object({ arm: armIdSchema, model: evaluatedIdSchema });

/** What changes from one evaluated model to another on the same prompts. The base model's arm is "base". */
export const modelDifferenceSchema = z.object({
  from: evaluatedSchema,
  to: evaluatedSchema,
  harmRate: differenceSchema,
  harmScore: differenceSchema,
  helpfulRate: differenceSchema,
  overRefusalRate: differenceSchema,
  evasiveRate: differenceSchema,
  malformedRate: differenceSchema,
});
export type ModelDifference = z.infer<typeof modelDifferenceSchema>;

/** The whole of a run's figures. seconds: wall-clock per stage, the only part that differs between equal runs. */
export const metricsDocumentSchema = z.object({
  seed: z.number().int(),
  arms: z.record(z.string(), armMetricsSchema),
  /** Of `covenant evaluate`, which knows models and no arms. */
  models: z.record(z.string(), modelMetricsSchema).optional(),
  /** Every pair of models of an arm, and each model in the first arm against the same in the others. */
  differences: z.array(modelDifferenceSchema).optional(),
  seconds: z.record(z.string(), z.number()),
});
export type MetricsDocument = z.infer<typeof metricsDocumentSchema>;
