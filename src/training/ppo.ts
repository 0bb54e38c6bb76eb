// PPO against a reward function (RL-CAI; Bai et al. 2022, 4; Schulman et al. 2017), with a value head on the policy's
// body, a per-token KL penalty against the reference, whitened advantages and clipped losses. Metric names are TRL's.
// Deviations: the value head shares the policy's body; replies are sampled at temperature 1, where ratios and KL are
// exact; replies without an end token get a fixed penalty, which objective/scores leaves out.

import { createRandom, deriveSeed, throwIfAborted } from "../core/index.ts";
import {
  add,
  compile,
  createProgramCache,
  multiply,
  type Program,
  scalar,
  type Tensor,
} from "../engine/index.ts";
import {
  branchTargets,
  type DecoderGraph,
  type Generator,
  graphOf,
  layOut,
  type ModelState,
  type PackedItem,
  readTargets,
  type Scorer,
  scoreOf,
  type TokenBatchSizes,
  takeInTurn,
  targetVector,
} from "../transformer/index.ts";
import { estimateAdvantages, type Rollout, whiten } from "./advantages.ts";
import type { LoopOptions, StepMetrics } from "./loop.ts";
import { clippedPolicyLoss, clippedValueLoss, vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { rowTime } from "./rows.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/** The score of each reply (a prompt with one branch, end token included). */
export type RewardFunction = (
  items: readonly PackedItem[],
  signal?: AbortSignal,
) => Promise<readonly number[]>;

/** What PPO works with: prompts, policy, reference, reward, and its settings. */
export type PpoOptions = LoopOptions & {
  readonly trainer: Trainer<TokenBatchSizes>;
  readonly state: ModelState;
  readonly generator: Generator;
  readonly reference: Scorer;
  readonly reward: RewardFunction;
  readonly prompts: readonly (readonly number[])[];
  readonly steps: number;
  /** Replies sampled a step, and into how many minibatches and epochs they go. */
  readonly batch: number;
  readonly minibatches: number;
  readonly epochs: number;
  readonly maxTokens: number;
  readonly endToken: number;
  readonly missingEndPenalty: number;
  readonly klCoefficient: number;
  readonly gamma: number;
  readonly lambda: number;
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
    const { hidden, logProbabilities } = readTargets(graph, sizes);
    const [before, advantages, oldValues, returns, mask] = [
      "before",
      "advantages",
      "oldValues",
      "returns",
      "mask",
    ].map((name) => vector(name, sizes.targets)) as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const policy = clippedPolicyLoss({ now: logProbabilities, before, advantages, mask }, clip);
    const value = clippedValueLoss(
      { now: scoreOf(graph, hidden), before: oldValues, returns, mask },
      valueClip,
    );
    return {
      loss: add(policy.loss, multiply(value, scalar(valueCoefficient))),
      metrics: {
        "loss/policy_avg": policy.loss,
        "loss/value_avg": value,
        "policy/clipfrac_avg": policy.clipShare,
        "policy/approxkl_avg": policy.kl,
      },
    };
  };

/** The trainer of PPO; the state must hold score.weight, the value head (zeros to begin with). */
export const createPpoTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  options: PpoLossOptions,
): Trainer<TokenBatchSizes> => createTrainer({ state, optimiser, build: buildLoss(options) });

/** Log-probabilities and values of every reply token under the policy as it is. */
const createReader = (state: ModelState) => {
  const programs = createProgramCache(async (key): Promise<Program> => {
    const graph = graphOf(state);
    const { hidden, logProbabilities } = readTargets(graph, JSON.parse(key) as TokenBatchSizes);
    return compile({ logProbabilities, values: scoreOf(graph, hidden) });
  }, 4);
  return {
    async read(items: readonly PackedItem[], padding: number) {
      const batch = layOut(items, branchTargets(items), { padding, time: rowTime(items) });
      const results = await (await programs.get(JSON.stringify(batch.sizes))).run({
        ...state.feeds(),
        ...batch.feeds,
      });
      const takePolicy = takeInTurn(results["logProbabilities"] as Float32Array);
      const takeValues = takeInTurn(results["values"] as Float32Array);
      return items.map(({ branches: [reply] }) => ({
        policy: takePolicy(reply!.length),
        values: takeValues(reply!.length),
      }));
    },
    release: () => programs.release(),
  };
};

const signalOf = ({ signal }: PpoOptions) => (signal === undefined ? {} : { signal });

type Sampled = { readonly items: readonly PackedItem[]; readonly ended: readonly boolean[] };

const sample = async (options: PpoOptions, step: number): Promise<Sampled> => {
  const random = createRandom(deriveSeed(options.seed, "prompts", step));
  const prompts = Array.from({ length: options.batch }, () => random.pick(options.prompts));
  const requests = prompts.map((prompt, at) => ({
    prompt,
    maxTokens: options.maxTokens,
    temperature: 1,
    seed: deriveSeed(options.seed, "rollout", step, at),
  }));
  const replies = await options.generator.generate(requests, signalOf(options));
  return {
    items: replies.map(({ ids, ended }, at) => ({
      trunk: prompts[at]!,
      // a reply cut at once still needs one token to be scored at
      branches: [ended ? [...ids, options.endToken] : ids.length > 0 ? ids : [options.endToken]],
    })),
    ended: replies.map(({ ended }) => ended),
  };
};

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

const objectives = (
  rollouts: readonly Rollout[],
  sampled: Sampled,
  scores: readonly number[],
  coefficient: number,
) => {
  const kl = rollouts.map(({ policy, reference }) => total(policy) - total(reference));
  const penalties = kl.map((value) => -coefficient * value);
  return {
    "objective/kl": average(kl),
    "objective/entropy": average(rollouts.map(({ policy }) => -total(policy))),
    "objective/non_score_reward": average(penalties),
    "objective/scores": average(scores),
    "objective/rlhf_reward": average(scores) + average(penalties),
    "val/num_eos_tokens": sampled.ended.filter(Boolean).length,
    "val/length": average(sampled.items.map(({ branches }) => branches[0]!.length)),
  };
};

/** One minibatch update; gives its metrics. */
const update = async (
  options: PpoOptions,
  rollouts: readonly Rollout[],
  estimates: { readonly advantages: readonly Float32Array[]; readonly returns: readonly Float32Array[] },
  chosen: { readonly items: readonly PackedItem[]; readonly indices: readonly number[] },
  learningRate: number,
): Promise<Record<string, number>> => {
  const targets = branchTargets(chosen.items);
  const batch = layOut(chosen.items, targets, { padding: options.padding, time: rowTime(chosen.items) });
  const take = (lists: (rollout: number) => Float32Array) =>
    targetVector(batch, (at) => lists(chosen.indices[targets[at]!.item]!)[targets[at]!.offset]!);
  const feeds = {
    ...batch.feeds,
    before: take((at) => rollouts[at]!.policy),
    oldValues: take((at) => rollouts[at]!.values),
    advantages: take((at) => estimates.advantages[at]!),
    returns: take((at) => estimates.returns[at]!),
    mask: targetVector(batch, () => 1 / targets.length),
  };
  return options.trainer.step(batch.sizes, feeds, learningRate);
};

const meanMetrics = (all: readonly Record<string, number>[]): Record<string, number> =>
  Object.fromEntries(
    Object.keys(all[0] ?? {}).map((name) => [name, average(all.map((metrics) => metrics[name]!))]),
  );

/** Runs `steps` rounds of sampling and updating, yielding TRL's metrics after each. */
export async function* trainPpo(options: PpoOptions): AsyncGenerator<StepMetrics> {
  const reader = createReader(options.state);
  try {
    for (let step = options.start ?? 0; step < options.steps; step++) {
      throwIfAborted(options.signal);
      const sampled = await sample(options, step);
      const { items } = sampled;
      const read = await reader.read(items, options.padding);
      const reference = await options.reference.tokens(items, signalOf(options));
      const scores = await options.reward(items, options.signal);
      const rollouts = read.map(
        ({ policy, values }, at): Rollout => ({
          policy,
          values,
          reference: reference[at]![0]!,
          score: scores[at]! - (sampled.ended[at] ? 0 : options.missingEndPenalty),
        }),
      );
      const estimated = rollouts.map((rollout) => estimateAdvantages(rollout, options));
      const estimates = {
        advantages: whiten(estimated.map(({ advantages }) => advantages)),
        returns: estimated.map(({ returns }) => returns),
      };
      const learningRate = learningRateAt({ ...options.schedule, totalSteps: options.steps }, step);
      const updates: Record<string, number>[] = [];
      for (let epoch = 0; epoch < options.epochs; epoch++) {
        const order = createRandom(deriveSeed(options.seed, "minibatches", step, epoch)).shuffle([
          ...items.keys(),
        ]);
        const size = Math.ceil(order.length / options.minibatches);
        for (let start = 0; start < order.length; start += size) {
          const indices = order.slice(start, start + size);
          const chosen = { items: indices.map((at) => items[at]!), indices };
          updates.push(await update(options, rollouts, estimates, chosen, learningRate));
        }
      }
      const { gradient_norm, loss: _loss, ...averages } = meanMetrics(updates);
      const metrics = {
        ...objectives(rollouts, sampled, scores, options.klCoefficient),
        ...averages,
        learning_rate: learningRate,
        grad_norm: gradient_norm!,
      };
      yield { step, metrics };
    }
  } finally {
    await reader.release();
  }
}
