// Reward (preference) model: a scalar head read at the last token, trained by Bradley-Terry with soft labels (Bai et
// al. 2022, 4.1: AI labels are probabilities, and soft targets work better than hard ones), with scores kept near zero
// (Eisenstein et al. 2023). A pair's margin is what the chosen reply's score must lie above the other's (Touvron et al.
// 2023, eq. 2). Chosen and rejected share their prompt.

import { createRandom, deriveSeed, logistic } from "../core/index.ts";
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
import { type EpochLoopOptions, type RowLayout, type StepMetrics, takeSteps } from "./loop.ts";
import { positiveShare, softPreferenceLoss, vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { partShape } from "./row-parts.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/** Shape of a batch: rows, tokens a row, pairs. */
export type PairBatchSizes = { readonly batch: number; readonly time: number; readonly pairs: number };

/** A pair as a reward model learns it. */
export type RewardRow = {
  /** A prompt with two branches: chosen, rejected. */
  readonly item: PackedItem;
  /** P(chosen is better). */
  readonly probability: number;
  /** How far the chosen reply's score should lie above the other's; not given: 0. */
  readonly margin?: number;
};

/** Pairs, and how to learn them. */
export type RewardModelOptions = EpochLoopOptions<PairBatchSizes, RewardRow>;

/** Weights of a reward model on the body of a language model: its own head begins small and random. */
export const rewardModelWeights = (config: ModelConfig, body: Weights, seed: number): Weights => {
  const random = createRandom(deriveSeed(seed, "score-head"));
  const data = Float32Array.from({ length: config.hiddenSize }, () => random.normal() * 0.02);
  const { "lm_head.weight": _head, ...rest } = body;
  return { ...rest, "score.weight": { shape: [1, config.hiddenSize], data } };
};

/** A logit of the score head as a score from 0 to 1: what a reward model says, and what PPO is rewarded with. */
export const scoreOfLogit = (logit: number): number => logistic(logit);

/** centring: weight of the mean squared sum of a pair's scores (TRL's center_rewards_coefficient). */
export type RewardLossOptions = { readonly centring: number };

const buildLoss = (
  graph: DecoderGraph,
  { batch, time, pairs }: PairBatchSizes,
  { centring }: RewardLossOptions,
): LossGraph => {
  const rows = concatenate(
    ["chosen", "rejected"].map((name) => input(name, [pairs], "int64")),
    0,
  );
  const scores = scoreOf(graph, hiddenStates(graph, packedInputs(batch, time), { rows }));
  const chosen = slice(scores, 0, 0, pairs);
  const rejected = slice(scores, 0, pairs, 2 * pairs);
  const weights = vector("weights", pairs);
  const apart = subtract(chosen, rejected);
  const total = add(chosen, rejected);
  const margins = vector("margins", pairs);
  const preference = softPreferenceLoss(apart, vector("probabilities", pairs), weights, margins);
  const centre = multiply(sum(multiply(multiply(total, total), weights)), scalar(centring));
  return {
    loss: add(preference, centre),
    metrics: {
      accuracy: positiveShare(apart, weights),
      margin: sum(multiply(apart, weights)),
      mean_reward: multiply(sum(multiply(total, weights)), scalar(0.5)),
    },
  };
};

/** The trainer of a reward model; the state must hold score.weight. */
export const createRewardTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  options: RewardLossOptions,
): Trainer<PairBatchSizes> =>
  createTrainer({
    state,
    optimiser,
    build: (graph, sizes: PairBatchSizes) => buildLoss(graph, sizes, options),
  });

const lastToken = (batch: TokenBatch, item: number, branch: number): bigint => {
  const { row, branches } = batch.packed.placements[item]!;
  return BigInt(row * batch.sizes.time + branches[branch]! + batch.items[item]!.branches[branch]!.length - 1);
};

const layOutPart: RowLayout<PairBatchSizes, RewardRow>["layOutPart"] = (
  chosen,
  { rows, size, padding, shaping },
) => {
  const items = chosen.map(({ item }) => item);
  const batch = layOut(items, [], { padding, ...partShape(items, 0, shaping) });
  const pairs = roundUp(size, 8);
  const fill = (value: (row: RewardRow) => number) =>
    Float32Array.from({ length: pairs }, (_, at) => (at < chosen.length ? value(chosen[at]!) : 0));
  const lasts = (branch: number) =>
    BigInt64Array.from({ length: pairs }, (_, at) =>
      at < chosen.length ? lastToken(batch, at, branch) : 0n,
    );
  const { tokens, positions, bias } = batch.packed;
  const feeds = {
    tokens,
    positions,
    bias,
    chosen: lasts(0),
    rejected: lasts(1),
    probabilities: fill(({ probability }) => probability),
    margins: fill(({ margin = 0 }) => margin),
    weights: fill(() => 1 / rows.length),
  };
  return { sizes: { batch: batch.sizes.batch, time: batch.sizes.time, pairs }, feeds };
};

/** Trains for all epochs, yielding loss, accuracy, margin and mean_reward of each batch. */
export const trainRewardModel = (options: RewardModelOptions): AsyncGenerator<StepMetrics> =>
  takeSteps(options, { itemOf: ({ item }) => item, targetsOf: () => 0, layOutPart });
