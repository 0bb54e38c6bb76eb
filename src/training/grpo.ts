// GRPO (Shao et al. 2024) and RLOO (Ahmadian et al. 2024): several replies to each prompt, rewarded against each other,
// so that no value head is needed. One loop with an estimator each; numbers and metric names are TRL's. GRPO holds the
// policy to the reference in its loss, token by token; RLOO takes the divergence of the whole reply from its reward.
// Deviations: clip_ratio has means alone, not the extremes of replies; prompts are shuffled anew after each was used.

import { deriveSeed, mean, throwIfAborted, total } from "../core/index.ts";
import { input, multiply, sum } from "../engine/index.ts";
import {
  type DecoderGraph,
  type Generator,
  type ModelState,
  roundUp,
  type Scorer,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import { tokenDivergence } from "./advantages.ts";
import {
  type AdvantageScale,
  type GroupEstimator,
  groupAdvantages,
  meanAndDeviation,
  shareWithoutSpread,
} from "./group-advantages.ts";
import { type HeldOutPrompts, isLookDue, sampleHeldOut } from "./held-out-prompts.ts";
import { asEvaluation, finite, type LoopOptions, type StepMetrics } from "./loop.ts";
import { vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { gatherPlaces, layOutPolicy, type PolicyBatch, readPolicy, tokenMask } from "./policy-batch.ts";
import { groupPolicyLoss, sequencePolicyLoss } from "./policy-losses.ts";
import { type NamedReward, requireLogProbabilities, type SampledReply, scoreReplies } from "./rewards.ts";
import {
  inParts,
  meanMetrics,
  minibatches,
  openingMetric,
  promptsOfStep,
  sampleReplies,
  tokensOf,
  updateOfStep,
} from "./rollouts.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { type BatchPart, createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/**
 * What a token counts in GRPO's loss, by TRL's names. grpo: every reply alike; bnpo: every token of the update alike;
 * dapo: every token of the step alike; dr_grpo: as much as in a reply of full length. RLOO always counts replies.
 */
export type GroupLossType = "grpo" | "bnpo" | "dapo" | "dr_grpo";

/** Shape of a batch: rows, tokens a row, places for targets and for replies. */
export type GroupBatchSizes = TokenBatchSizes & { readonly sequences: number };

/** What the loss is made of. beta 0: no reference is read. */
export type GrpoLossOptions = {
  readonly estimator: GroupEstimator;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly beta: number;
  readonly klCorrection: boolean;
};

/** What GRPO and RLOO work with: prompts, policy, reference, rewards, and their settings. */
export type GrpoOptions = LoopOptions &
  Pick<GrpoLossOptions, "estimator" | "beta"> & {
    readonly trainer: Trainer<GroupBatchSizes>;
    readonly generator: Generator;
    /** Log-probabilities under the policy as it is, and under the reference; null where beta is 0. */
    readonly policy: Scorer;
    readonly reference: Scorer | null;
    readonly rewards: readonly NamedReward[];
    readonly prompts: readonly (readonly number[])[];
    /** Prompts kept out. rewards: of their replies, one to each prompt. */
    readonly heldOut?: HeldOutPrompts & { readonly rewards: readonly NamedReward[] };
    readonly steps: number;
    /** Prompts of a step, and replies to each (at least 2). */
    readonly batch: number;
    readonly group: number;
    /** Into how many updates a step's replies go, and how often all of them are learned (TRL's num_iterations). */
    readonly minibatches: number;
    readonly iterations: number;
    /** Parts that a minibatch is computed in, one after another; it learns the same. */
    readonly accumulation: number;
    readonly scale: AdvantageScale;
    readonly lossType: GroupLossType;
    readonly maxTokens: number;
    readonly context?: number;
    readonly endToken: number;
    readonly schedule: Omit<ScheduleOptions, "totalSteps">;
    readonly padding: number;
  };

const buildLoss =
  ({ estimator, clipLow, clipHigh, beta, klCorrection }: GrpoLossOptions) =>
  (graph: DecoderGraph, sizes: GroupBatchSizes): LossGraph => {
    const { logProbabilities: now, entropies } = readPolicy(graph, sizes);
    const fed = (name: string) => vector(name, sizes.targets);
    const clip = { low: clipLow, high: clipHigh };
    const mask = fed("mask");
    const entropy = sum(multiply(entropies, mask));
    const shared = { now, before: fed("before") };
    if (estimator === "rloo") {
      const { sequences } = sizes;
      const { loss, metrics } = sequencePolicyLoss(
        {
          ...shared,
          advantages: vector("replyAdvantages", sequences),
          weights: vector("replyWeights", sequences),
          membership: input("membership", [sequences, sizes.targets]),
        },
        clip,
      );
      return { loss, metrics: { entropy, ...metrics } };
    }
    const { loss, metrics } = groupPolicyLoss(
      {
        ...shared,
        advantages: fed("advantages"),
        weights: fed("weights"),
        mask,
        ...(beta === 0 ? {} : { reference: fed("reference") }),
      },
      { clip, beta, klCorrection },
    );
    return { loss, metrics: { entropy, ...metrics } };
  };

/** The trainer of GRPO and RLOO over the policy's state. */
export const createGrpoTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  options: GrpoLossOptions,
): Trainer<GroupBatchSizes> => createTrainer({ state, optimiser, build: buildLoss(options) });

/** Replies as they are learned: log-probabilities when they were sampled and under the reference, and an advantage. */
export type GroupRollout = {
  readonly policy: Float32Array;
  readonly reference: Float32Array | null;
  readonly advantage: number;
};

/** How a token is weighed. tokens: of the whole step, shared by `updates` updates; limit: tokens a reply at most. */
export type TokenWeighing = {
  readonly lossType: GroupLossType;
  readonly tokens: number;
  readonly updates: number;
  readonly limit: number;
};

/** An update as a whole, of which parts are laid out. */
type Whole = { readonly replies: number; readonly tokens: number };

/** What each token of an update counts in the loss, by the loss type. */
const tokenWeights = (
  laid: PolicyBatch,
  lengths: readonly number[],
  whole: Whole,
  { lossType, tokens, updates, limit }: TokenWeighing,
): Float32Array => {
  const weightOf: Record<GroupLossType, (length: number) => number> = {
    grpo: (length) => 1 / (whole.replies * length),
    bnpo: () => 1 / whole.tokens,
    dapo: () => updates / tokens,
    dr_grpo: () => 1 / (whole.replies * limit),
  };
  return targetVector(laid.batch, (at) => weightOf[lossType](lengths[laid.targets[at]!.item]!));
};

/** One row a reply, 1 where a token is its own: [sequences, targets]. */
const membershipOf = ({ batch, targets }: PolicyBatch, sequences: number): Float32Array => {
  const matrix = new Float32Array(sequences * batch.sizes.targets);
  targets.forEach(({ item }, at) => {
    matrix[item * batch.sizes.targets + at] = 1;
  });
  return matrix;
};

export type GroupPartOptions = Pick<GrpoOptions, "estimator" | "padding" | "accumulation"> & {
  readonly weighing: TokenWeighing;
};

/** A part of an update, laid out: what RLOO reads of replies, or what GRPO reads of tokens. */
const layOutPart = (
  replies: readonly SampledReply[],
  rollouts: readonly GroupRollout[],
  whole: Whole,
  { estimator, padding, weighing }: GroupPartOptions,
): BatchPart<GroupBatchSizes> => {
  const laid = layOutPolicy(replies, () => false, padding);
  const { batch, targets } = laid;
  const sequences = roundUp(replies.length, 8);
  const sizes: GroupBatchSizes = { ...batch.sizes, sequences };
  const shared = {
    ...batch.feeds,
    before: gatherPlaces(laid, (at) => rollouts[at]!.policy),
    mask: tokenMask(laid, whole.tokens),
  };
  if (estimator === "rloo") {
    const fill = (value: (reply: number) => number) =>
      Float32Array.from({ length: sequences }, (_, at) => (at < replies.length ? value(at) : 0));
    const feeds = {
      ...shared,
      replyAdvantages: fill((at) => rollouts[at]!.advantage),
      replyWeights: fill(() => 1 / whole.replies),
      membership: membershipOf(laid, sequences),
    };
    return { sizes, feeds };
  }
  const hasReference = rollouts.every(({ reference }) => reference !== null);
  const lengths = replies.map((reply) => tokensOf(reply).length);
  const feeds = {
    ...shared,
    advantages: targetVector(batch, (at) => rollouts[targets[at]!.item]!.advantage),
    weights: tokenWeights(laid, lengths, whole, weighing),
    ...(hasReference ? { reference: gatherPlaces(laid, (at) => rollouts[at]!.reference!) } : {}),
  };
  return { sizes, feeds };
};

/** What an update on some of a step's replies is fed with, in parts of equal size (the last may be smaller). */
export const grpoParts = (
  replies: readonly SampledReply[],
  rollouts: readonly GroupRollout[],
  options: GroupPartOptions,
): BatchPart<GroupBatchSizes>[] => {
  const tokens = replies.reduce((sum, reply) => sum + tokensOf(reply).length, 0);
  const whole = { replies: replies.length, tokens };
  return inParts(replies.length, options.accumulation).map((indices) => {
    const pick = <Item>(items: readonly Item[]): Item[] => indices.map((at) => items[at]!);
    return layOutPart(pick(replies), pick(rollouts), whole, options);
  });
};

const signalOf = ({ signal }: GrpoOptions) => (signal === undefined ? {} : { signal });

/** Log-probabilities under policy and reference; throws, naming the step, where one is no number. */
const readReplies = async (options: GrpoOptions, replies: readonly SampledReply[], step: number) => {
  const read = async (name: string, scorer: Scorer): Promise<Float32Array[]> => {
    const lists = (await scorer.tokens(replies, signalOf(options))).map(([own]) => own!);
    requireLogProbabilities(lists, { name, step });
    return lists;
  };
  return {
    policy: await read("policy", options.policy),
    reference: options.reference === null ? null : await read("reference", options.reference),
  };
};

type Lengths = { readonly mean: number; readonly least: number; readonly most: number };

const lengthsOf = (replies: readonly SampledReply[]): Lengths => {
  const lengths = replies.map((reply) => tokensOf(reply).length);
  return lengths.length === 0
    ? { mean: 0, least: 0, most: 0 }
    : { mean: mean(lengths), least: Math.min(...lengths), most: Math.max(...lengths) };
};

const completionMetrics = (replies: readonly SampledReply[]): Record<string, number> => {
  const ended = replies.filter((reply) => reply.ended);
  const all = lengthsOf(replies);
  const whole = lengthsOf(ended);
  return {
    "completions/mean_length": all.mean,
    "completions/min_length": all.least,
    "completions/max_length": all.most,
    "completions/clipped_ratio": 1 - ended.length / replies.length,
    "completions/mean_terminated_length": whole.mean,
    "completions/min_terminated_length": whole.least,
    "completions/max_terminated_length": whole.most,
    ...openingMetric("completions/opening_share", replies),
  };
};

const rewardMetrics = (
  rewards: readonly NamedReward[],
  { each, total: sums }: Awaited<ReturnType<typeof scoreReplies>>,
): Record<string, number> => {
  const { mean, deviation } = meanAndDeviation(sums);
  const own = rewards.flatMap(({ name }, at) => {
    const statistics = meanAndDeviation(each[at]!);
    return [
      [`rewards/${name}/mean`, statistics.mean],
      [`rewards/${name}/std`, statistics.deviation],
    ] as const;
  });
  return { ...Object.fromEntries(own), reward: mean, reward_std: deviation };
};

/** A step's replies with their advantages, and the metrics of what was sampled. */
const rollOut = async (options: GrpoOptions, step: number) => {
  const { batch, group, prompts, estimator, beta } = options;
  const chosen = promptsOfStep(prompts.length, batch, options.seed, step).flatMap((prompt) =>
    Array.from({ length: group }, () => prompt),
  );
  const replies = await sampleReplies(options, chosen, step);
  const { policy, reference } = await readReplies(options, replies, step);
  const scored = await scoreReplies(options.rewards, replies, { step, ...signalOf(options) });
  const divergence = (at: number): number =>
    total(tokenDivergence({ policy: policy[at]!, reference: reference![at]! }, "k1"));
  const isTaken = estimator === "rloo" && reference !== null;
  const divergences = isTaken ? replies.map((_, at) => divergence(at)) : [];
  const rewards = isTaken ? scored.total.map((one, at) => one - beta * divergences[at]!) : scored.total;
  const tokens = replies.reduce((all, reply) => all + tokensOf(reply).length, 0);
  const advantages = groupAdvantages(rewards, group, options);
  return {
    replies,
    tokens,
    rollouts: replies.map(
      (_, at): GroupRollout => ({
        policy: policy[at]!,
        reference: reference?.[at] ?? null,
        advantage: advantages[at]!,
      }),
    ),
    metrics: {
      ...completionMetrics(replies),
      ...rewardMetrics(options.rewards, scored),
      frac_reward_zero_std: shareWithoutSpread(rewards, group),
      ...(isTaken ? { kl: divergences.reduce((all, one) => all + one, 0) / tokens } : {}),
    },
  };
};

/** Mean divergence from the reference on replies, as the method takes it: of a token, and of what beta is the price of. */
const divergenceOf = (
  estimator: GroupEstimator,
  policy: readonly Float32Array[],
  reference: readonly Float32Array[],
): { readonly token: number; readonly priced: number } => {
  const isWhole = estimator === "rloo";
  const all = policy.map((own, at) =>
    total(tokenDivergence({ policy: own, reference: reference[at]! }, isWhole ? "k1" : "k3")),
  );
  const token = mean(all) / mean(policy.map(({ length }) => length));
  return { token, priced: isWhole ? mean(all) : token };
};

/**
 * What is optimised, on the prompts kept out: the names of a step's own metrics with eval_ before them, and objective, the
 * mean reward less beta times the divergence.
 */
const heldOutMetrics = async (options: GrpoOptions, step: number): Promise<Record<string, number>> => {
  const { heldOut, steps, estimator, beta } = options;
  if (heldOut === undefined || !isLookDue(heldOut, { step, steps })) return {};
  const replies = await sampleHeldOut(options, heldOut.prompts, step);
  const { policy, reference } = await readReplies(options, replies, step);
  const scored = await scoreReplies(heldOut.rewards, replies, { step, ...signalOf(options) });
  const kl = reference === null ? null : divergenceOf(estimator, policy, reference);
  const rewards = rewardMetrics(heldOut.rewards, scored);
  return asEvaluation({
    ...completionMetrics(replies),
    ...rewards,
    ...(kl === null ? {} : { kl: kl.token }),
    objective: rewards["reward"]! - beta * (kl?.priced ?? 0),
  });
};

/** All iterations over a step's replies; gives the metrics of every update. */
const updateAll = async (
  options: GrpoOptions,
  { replies, rollouts, tokens }: Awaited<ReturnType<typeof rollOut>>,
  { step, learningRate }: { readonly step: number; readonly learningRate: number },
): Promise<Record<string, number>[]> => {
  const updates: Record<string, number>[] = [];
  for (let iteration = 0; iteration < options.iterations; iteration++) {
    const seed = deriveSeed(options.seed, "minibatches", step, iteration);
    const parts = minibatches(replies.length, options.minibatches, seed);
    const weighing = { ...options, tokens, updates: parts.length, limit: options.maxTokens };
    for (const indices of parts) {
      const pick = <Item>(items: readonly Item[]): Item[] => indices.map((at) => items[at]!);
      const laid = grpoParts(pick(replies), pick(rollouts), { ...options, weighing });
      updates.push(await updateOfStep(step, () => options.trainer.stepOver(laid, learningRate)));
    }
  }
  return updates;
};

/** Runs `steps` rounds of sampling groups and updating, yielding TRL's metrics after each. */
export async function* trainGrpo(options: GrpoOptions): AsyncGenerator<StepMetrics> {
  for (let step = options.start ?? 0; step < options.steps; step++) {
    throwIfAborted(options.signal);
    const rollout = await rollOut(options, step);
    const learningRate = learningRateAt({ ...options.schedule, totalSteps: options.steps }, step);
    const updates = await updateAll(options, rollout, { step, learningRate });
    const { gradient_norm, ...averages } = meanMetrics(updates);
    const metrics = {
      ...averages,
      ...rollout.metrics,
      learning_rate: learningRate,
      grad_norm: gradient_norm!,
    };
    yield finite({ step, metrics: { ...metrics, ...(await heldOutMetrics(options, step)) } });
  }
}
