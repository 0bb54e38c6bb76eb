// Reward (preference) model: a scalar head read at the last token, trained by Bradley-Terry with soft labels (Bai et
// al. 2022, 4.1: AI labels are probabilities, and soft targets work better than hard ones), with scores kept near zero
// (Eisenstein et al. 2023). Chosen and rejected share their prompt.

import { createRandom, deriveSeed, throwIfAborted } from "../core/index.ts";
import { add, concatenate, input, multiply, scalar, slice, subtract, sum } from "../engine/index.ts";
import {
  type DecoderGraph,
  hiddenStates,
  layOut,
  type ModelConfig,
  type ModelState,
  type PackedItem,
  packedInputs,
  roundUp,
  scoreOf,
  type TokenBatch,
  type Weights,
} from "../transformer/index.ts";
import { rowsOfStep, stepsOf } from "./epochs.ts";
import type { LoopOptions, StepMetrics } from "./loop.ts";
import { positiveShare, softPreferenceLoss, vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { rowTime } from "./rows.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/** Shape of a batch: rows, tokens a row, pairs. */
export type PairBatchSizes = { readonly batch: number; readonly time: number; readonly pairs: number };

/** Pairs as items with two branches (chosen, rejected), their soft labels, and how to learn them. */
export type RewardModelOptions = LoopOptions & {
  readonly trainer: Trainer<PairBatchSizes>;
  /** Prompts with two branches: chosen, rejected. */
  readonly items: readonly PackedItem[];
  /** P(chosen is better) of each item. */
  readonly probabilities: readonly number[];
  readonly batch: number;
  readonly epochs: number;
  readonly schedule: Omit<ScheduleOptions, "totalSteps">;
  readonly padding: number;
};

/** Weights of a reward model on the body of a language model: its own head begins small and random. */
export const rewardModelWeights = (config: ModelConfig, body: Weights, seed: number): Weights => {
  const random = createRandom(deriveSeed(seed, "score-head"));
  const data = Float32Array.from({ length: config.hiddenSize }, () => random.normal() * 0.02);
  const { "lm_head.weight": _head, ...rest } = body;
  return { ...rest, "score.weight": { shape: [1, config.hiddenSize], data } };
};

/** A logit of the score head as a score from 0 to 1: what a reward model says, and what PPO is rewarded with. */
export const scoreOfLogit = (logit: number): number => 1 / (1 + Math.exp(-logit));

const centring = 0.01;

const buildLoss = (graph: DecoderGraph, { batch, time, pairs }: PairBatchSizes): LossGraph => {
  const rows = concatenate(
    ["chosen", "rejected"].map((name) => input(name, [pairs], "int64")),
    0,
  );
  const scores = scoreOf(graph, hiddenStates(graph, packedInputs(batch, time), { rows }));
  const chosen = slice(scores, 0, 0, pairs);
  const rejected = slice(scores, 0, pairs, 2 * pairs);
  const weights = vector("weights", pairs);
  const margins = subtract(chosen, rejected);
  const total = add(chosen, rejected);
  const preference = softPreferenceLoss(margins, vector("probabilities", pairs), weights);
  const centre = multiply(sum(multiply(multiply(total, total), weights)), scalar(centring));
  return {
    loss: add(preference, centre),
    metrics: {
      accuracy: positiveShare(margins, weights),
      margin: sum(multiply(margins, weights)),
      mean_reward: multiply(sum(multiply(total, weights)), scalar(0.5)),
    },
  };
};

/** The trainer of a reward model; the state must hold score.weight. */
export const createRewardTrainer = (state: ModelState, optimiser: AdamWOptions): Trainer<PairBatchSizes> =>
  createTrainer({ state, optimiser, build: buildLoss });

const lastToken = (batch: TokenBatch, item: number, branch: number): bigint => {
  const { row, branches } = batch.packed.placements[item]!;
  return BigInt(row * batch.sizes.time + branches[branch]! + batch.items[item]!.branches[branch]!.length - 1);
};

/** Steps that trainRewardModel takes in all. */
export const rewardSteps = ({ items, batch, epochs, seed }: RewardModelOptions): number =>
  stepsOf({ rows: items.length, batch, epochs, seed });

/** Trains for all epochs, yielding loss, accuracy, margin and mean_reward of each batch. */
export async function* trainRewardModel(options: RewardModelOptions): AsyncGenerator<StepMetrics> {
  const { items, trainer, padding, schedule, probabilities } = options;
  const order = { rows: items.length, batch: options.batch, epochs: options.epochs, seed: options.seed };
  const totalSteps = rewardSteps(options);
  const pairs = roundUp(options.batch, 8);
  for (let step = options.start ?? 0; step < totalSteps; step++) {
    throwIfAborted(options.signal);
    const rows = rowsOfStep(order, step);
    const chosen = rows.map((row) => items[row]!);
    const batch = layOut(chosen, [], { padding, time: rowTime(chosen) });
    const fill = (value: (at: number) => number) =>
      Float32Array.from({ length: pairs }, (_, at) => (at < rows.length ? value(at) : 0));
    const lasts = (branch: number) =>
      BigInt64Array.from({ length: pairs }, (_, at) =>
        at < rows.length ? lastToken(batch, at, branch) : 0n,
      );
    const { tokens, positions, bias } = batch.packed;
    const feeds = {
      tokens,
      positions,
      bias,
      chosen: lasts(0),
      rejected: lasts(1),
      probabilities: fill((at) => probabilities[rows[at]!]!),
      weights: fill(() => 1 / rows.length),
    };
    const learningRate = learningRateAt({ ...schedule, totalSteps }, step);
    const sizes = { batch: batch.sizes.batch, time: batch.sizes.time, pairs };
    const { gradient_norm, ...metrics } = await trainer.step(sizes, feeds, learningRate);
    yield { step, metrics: { ...metrics, learning_rate: learningRate, grad_norm: gradient_norm! } };
  }
}
