// PPO against a reward function (RL-CAI; Bai et al. 2022, 4; Schulman et al. 2017), with a value head on the policy's
// body, a per-token KL penalty against the reference, whitened advantages and clipped losses. Numbers and metric names
// are those of TRL's PPOTrainer (0.24, its last). Deviations: the value head shares the policy's body; gradients are
// clipped; averages over tokens leave padding out, which TRL counts in policy/approxkl_avg, policy/entropy_avg and
// val/ratio, and in objective/entropy; prompts are shuffled anew after each has been used once.

import { deriveSeed, mean, throwIfAborted, total } from "../core/index.ts";
import {
  add,
  compile,
  createProgramCache,
  multiply,
  type Program,
  scalar,
  sum,
  type Tensor,
} from "../engine/index.ts";
import {
  type DecoderGraph,
  type Generator,
  graphOf,
  itemLength,
  type ModelState,
  type PackedItem,
  portionsOf,
  type Scorer,
  scoreOf,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import {
  type AdvantageOptions,
  type Estimates,
  estimateAdvantages,
  type Rollout,
  tokenDivergence,
} from "./advantages.ts";
import { endedShare, type HeldOutPrompts, isLookDue, sampleHeldOut } from "./held-out-prompts.ts";
import type { KlControl } from "./kl-control.ts";
import { asEvaluation, finite, type LoopOptions, type StepMetrics } from "./loop.ts";
import { vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { gatherPlaces, layOutPolicy, readPolicy, splitPlaces, tokenMask } from "./policy-batch.ts";
import { clippedPolicyLoss, clippedValueLoss } from "./policy-losses.ts";
import { type RewardFunction, requireLogProbabilities, requireScores, type SampledReply } from "./rewards.ts";
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

/** What PPO works with: prompts, policy, reference, reward, and its settings. */
export type PpoOptions = LoopOptions &
  Omit<AdvantageOptions, "klCoefficient"> & {
    readonly trainer: Trainer<TokenBatchSizes>;
    readonly state: ModelState;
    readonly generator: Generator;
    readonly reference: Scorer;
    readonly reward: RewardFunction;
    /** The price of leaving the reference, fixed or adaptive; it moves with every step. */
    readonly klControl: KlControl;
    readonly prompts: readonly (readonly number[])[];
    /** Prompts kept out. klCoefficient: the price that their objective is told with, one for all looks. */
    readonly heldOut?: HeldOutPrompts & { readonly klCoefficient: number };
    readonly steps: number;
    /** Replies sampled a step, and into how many minibatches and epochs they go. */
    readonly batch: number;
    readonly minibatches: number;
    readonly epochs: number;
    /** Parts that a minibatch is computed in, one after another; it learns the same. */
    readonly accumulation: number;
    readonly maxTokens: number;
    readonly context?: number;
    readonly endToken: number;
    readonly missingEndPenalty: number;
    readonly schedule: Omit<ScheduleOptions, "totalSteps">;
    readonly padding: number;
  };

/** How far PPO may move in a step, and what the value loss weighs. */
export type PpoLossOptions = {
  readonly clip: number;
  readonly valueClip: number;
  readonly valueCoefficient: number;
};

const buildLoss =
  ({ clip, valueClip, valueCoefficient }: PpoLossOptions) =>
  (graph: DecoderGraph, sizes: TokenBatchSizes): LossGraph => {
    const { hidden, logProbabilities, entropies } = readPolicy(graph, sizes);
    const [before, advantages, oldValues, returns, mask, valueMask] = [
      "before",
      "advantages",
      "oldValues",
      "returns",
      "mask",
      "valueMask",
    ].map((name) => vector(name, sizes.targets)) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
    const policy = clippedPolicyLoss(
      { now: logProbabilities, before, advantages, mask },
      { low: clip, high: clip },
    );
    const value = clippedValueLoss(
      { now: scoreOf(graph, hidden), before: oldValues, returns, mask: valueMask },
      valueClip,
    );
    return {
      loss: add(policy.loss, multiply(value.loss, scalar(valueCoefficient))),
      metrics: {
        "policy/approxkl_avg": policy.kl,
        "policy/clipfrac_avg": policy.clipShare,
        "loss/policy_avg": policy.loss,
        "loss/value_avg": value.loss,
        "val/clipfrac_avg": value.clipShare,
        "policy/entropy_avg": sum(multiply(entropies, mask)),
        "val/ratio": policy.ratio,
      },
    };
  };

/** The trainer of PPO; the state must hold score.weight, the value head (zeros to begin with). */
export const createPpoTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  options: PpoLossOptions,
): Trainer<TokenBatchSizes> => createTrainer({ state, optimiser, build: buildLoss(options) });

/** Log-probabilities of every reply token, and values of its places, under the policy as it is. */
const createReader = (state: ModelState) => {
  const programs = createProgramCache(async (key): Promise<Program> => {
    const graph = graphOf(state);
    const { hidden, logProbabilities } = readPolicy(graph, JSON.parse(key) as TokenBatchSizes);
    return compile({ logProbabilities, values: scoreOf(graph, hidden) });
  }, 4);
  const readRun = async (
    items: readonly PackedItem[],
    closed: (item: number) => boolean,
    padding: number,
  ) => {
    const laid = layOutPolicy(items, closed, padding);
    const results = await programs.use(JSON.stringify(laid.batch.sizes), (program) =>
      program.run({ ...state.feeds(), ...laid.batch.feeds }),
    );
    const policy = splitPlaces(results["logProbabilities"] as Float32Array, laid, items.length);
    const values = splitPlaces(results["values"] as Float32Array, laid, items.length);
    return items.map(({ branches: [reply] }, at) => ({
      policy: policy[at]!.slice(0, reply!.length),
      values: values[at]!,
    }));
  };
  return {
    async read(items: readonly PackedItem[], closed: (item: number) => boolean, padding: number) {
      const all: Awaited<ReturnType<typeof readRun>> = [];
      for (const run of portionsOf(items, itemLength)) {
        const start = all.length;
        all.push(...(await readRun(run, (at) => closed(start + at), padding)));
      }
      return all;
    },
    release: () => programs.release(),
  };
};

const signalOf = ({ signal }: PpoOptions) => (signal === undefined ? {} : { signal });

/** One reply as PPO learns it: it has a place after its end where the limit left room for one, as in TRL. */
export const hasClosingPlace = (
  { ended, branches }: Pick<SampledReply, "ended" | "branches">,
  maxTokens: number,
): boolean => ended && branches[0]!.length < maxTokens;

/** A step's replies, read by policy and reference and scored. */
const makeRollouts = async (
  options: PpoOptions,
  reader: ReturnType<typeof createReader>,
  replies: readonly SampledReply[],
  step: number,
): Promise<Rollout[]> => {
  const closed = (at: number): boolean => hasClosingPlace(replies[at]!, options.maxTokens);
  const read = await reader.read(replies, closed, options.padding);
  requireLogProbabilities(
    read.map(({ policy }) => policy),
    { name: "policy", step },
  );
  const reference = (await options.reference.tokens(replies, signalOf(options))).map(([own]) => own!);
  requireLogProbabilities(reference, { name: "reference", step });
  const scores = await options.reward(replies, options.signal);
  requireScores(scores, replies.length, { name: "reward", step });
  return read.map(({ policy, values }, at) => ({
    policy,
    values,
    reference: reference[at]!,
    score: scores[at]! - (replies[at]!.ended ? 0 : options.missingEndPenalty),
  }));
};

const objectives = (
  rollouts: readonly Rollout[],
  replies: readonly SampledReply[],
  { klCoefficient, klEstimator }: Pick<AdvantageOptions, "klCoefficient" | "klEstimator">,
) => {
  const kl = mean(rollouts.map((rollout) => total(tokenDivergence(rollout, klEstimator))));
  const scores = mean(rollouts.map(({ score }) => score));
  return {
    "objective/kl": kl,
    "objective/entropy": mean(rollouts.map(({ policy }) => -total(policy))),
    "objective/non_score_reward": -klCoefficient * kl,
    "objective/rlhf_reward": scores - klCoefficient * kl,
    "objective/scores": scores,
    "objective/kl_coef": klCoefficient,
    "val/num_eos_tokens": replies.filter(({ ended }) => ended).length,
    "val/length": mean(replies.map((reply) => tokensOf(reply).length)),
    ...openingMetric("val/opening_share", replies),
  };
};

/** What is optimised, on the prompts kept out: the names of a step's own metrics with eval_ before them. */
const heldOutMetrics = async (
  options: PpoOptions,
  reader: ReturnType<typeof createReader>,
  step: number,
): Promise<Record<string, number>> => {
  const { heldOut, steps } = options;
  if (heldOut === undefined || !isLookDue(heldOut, { step, steps })) return {};
  const replies = await sampleHeldOut(options, heldOut.prompts, step);
  const rollouts = await makeRollouts(options, reader, replies, step);
  const found = objectives(rollouts, replies, { ...options, klCoefficient: heldOut.klCoefficient });
  return asEvaluation({ ...found, "val/ended_share": endedShare(replies) });
};

/** What an update on some of a step's replies is fed with, in parts of equal size (the last may be smaller). */
export const ppoParts = (
  items: readonly PackedItem[],
  rollouts: readonly Rollout[],
  { advantages, returns }: Estimates,
  { padding, accumulation }: Pick<PpoOptions, "padding" | "accumulation">,
): BatchPart<TokenBatchSizes>[] => {
  const tokens = rollouts.reduce((sum, { policy }) => sum + policy.length, 0);
  const places = rollouts.reduce((sum, { values }) => sum + values.length, 0);
  return inParts(items.length, accumulation).map((indices) => {
    const own = (at: number): Rollout => rollouts[indices[at]!]!;
    const laid = layOutPolicy(
      indices.map((at) => items[at]!),
      (at) => own(at).values.length > own(at).policy.length,
      padding,
    );
    const feeds = {
      ...laid.batch.feeds,
      before: gatherPlaces(laid, (at) => own(at).policy),
      oldValues: gatherPlaces(laid, (at) => own(at).values),
      advantages: gatherPlaces(laid, (at) => advantages[indices[at]!]!),
      returns: gatherPlaces(laid, (at) => returns[indices[at]!]!),
      mask: tokenMask(laid, tokens),
      valueMask: targetVector(laid.batch, () => 1 / places),
    };
    return { sizes: laid.batch.sizes, feeds };
  });
};

/** All epochs over a step's replies; gives the metrics of every update. */
const updateAll = async (
  options: PpoOptions,
  replies: readonly SampledReply[],
  rollouts: readonly Rollout[],
  estimates: Estimates,
  { step, learningRate }: { readonly step: number; readonly learningRate: number },
): Promise<Record<string, number>[]> => {
  const updates: Record<string, number>[] = [];
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const seed = deriveSeed(options.seed, "minibatches", step, epoch);
    for (const indices of minibatches(replies.length, options.minibatches, seed)) {
      const pick = <Item>(items: readonly Item[]): Item[] => indices.map((at) => items[at]!);
      const own = { advantages: pick(estimates.advantages), returns: pick(estimates.returns) };
      const parts = ppoParts(pick(replies), pick(rollouts), own, options);
      updates.push(await updateOfStep(step, () => options.trainer.stepOver(parts, learningRate)));
    }
  }
  return updates;
};

/** Variance of the updates' mean ratios; 0 for a single one. */
const varianceOf = (values: readonly number[]): number => {
  const centre = mean(values);
  return values.reduce((all, value) => all + (value - centre) ** 2, 0) / Math.max(1, values.length - 1);
};

/** Runs `steps` rounds of sampling and updating, yielding TRL's metrics after each. */
export async function* trainPpo(options: PpoOptions): AsyncGenerator<StepMetrics> {
  const { klControl, batch } = options;
  const reader = createReader(options.state);
  try {
    for (let step = options.start ?? 0; step < options.steps; step++) {
      throwIfAborted(options.signal);
      const chosen = promptsOfStep(options.prompts.length, batch, options.seed, step);
      const replies = await sampleReplies(options, chosen, step);
      const rollouts = await makeRollouts(options, reader, replies, step);
      const priced = { ...options, klCoefficient: klControl.value() };
      const estimates = estimateAdvantages(rollouts, priced);
      const learningRate = learningRateAt({ ...options.schedule, totalSteps: options.steps }, step);
      const updates = await updateAll(options, replies, rollouts, estimates, { step, learningRate });
      const { gradient_norm, loss: _loss, ...averages } = meanMetrics(updates);
      const metrics = {
        ...objectives(rollouts, replies, priced),
        ...averages,
        "val/ratio_var": varianceOf(updates.map((update) => update["val/ratio"]!)),
        lr: learningRate,
        episode: (step + 1) * batch,
        grad_norm: gradient_norm!,
      };
      klControl.observe(metrics["objective/kl"]);
      yield finite({ step, metrics: { ...metrics, ...(await heldOutMetrics(options, reader, step)) } });
    }
  } finally {
    await reader.release();
  }
}
