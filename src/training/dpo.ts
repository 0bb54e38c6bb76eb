// Direct preference optimisation (Rafailov et al. 2023) with soft labels: the label's probability takes the place of
// conservative DPO's constant (Mitchell 2023), and label smoothing moves it towards one half. IPO (Azar et al. 2023, eq.
// 17) with the mean per token of each reply, as TRL has it from the authors; soft labels weigh both signs of its
// target. Reference log-probabilities are computed once, and chosen and rejected share their prompt. Where asked for,
// the chosen reply's negative log-likelihood is added (iterative RPO, Pang et al. 2024, eq. 1 and 2), divided by the
// reply's own length; TRL's "sft" term divides by all chosen tokens of the batch.

import { total } from "../core/index.ts";
import { add, input, multiply, scalar, subtract, sum, type Tensor } from "../engine/index.ts";
import {
  branchTargets,
  createModelState,
  type DecoderGraph,
  hasAdapters,
  itemLength,
  layOut,
  learnsWithAdapters,
  type ModelState,
  type PackedItem,
  readTargets,
  roundUp,
  type Scorer,
  type TokenBatchSizes,
} from "../transformer/index.ts";
import { type EpochLoopOptions, type RowLayout, type StepMetrics, takeSteps } from "./loop.ts";
import {
  positiveShare,
  softPreferenceLoss,
  softSquaredLoss,
  sumByOwner,
  vector,
  weightedCrossEntropy,
} from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { partShape } from "./row-parts.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/** Shape of a batch: rows, tokens a row, loss tokens, pairs. */
export type DpoBatchSizes = TokenBatchSizes & { readonly pairs: number };

/** A pair as DPO learns it. */
export type DpoRow = {
  /** A prompt with two branches: chosen, rejected. */
  readonly item: PackedItem;
  /** P(chosen is better). */
  readonly probability: number;
  /** log π_ref of [chosen, rejected]. */
  readonly reference: readonly [number, number];
};

/** Pairs, and how to learn them. */
export type DpoOptions = EpochLoopOptions<DpoBatchSizes, DpoRow>;

/**
 * The model that a state with adapters began as: the same weights, no second copy, with the adapters switched off. Of a
 * state without adapters, itself as it is now.
 */
export const referenceState = ({ config, task, weights, quantised }: ModelState): ModelState => {
  const learns = learnsWithAdapters(weights);
  const held = Object.entries(weights).filter(([name]) => !hasAdapters(weights) || !learns(name));
  return createModelState(config, Object.fromEntries(held), { task, quantised });
};

/** Reference log-probabilities of every item's branches. */
export const referenceLogProbabilities = async (
  scorer: Scorer,
  items: readonly PackedItem[],
  signal?: AbortSignal,
): Promise<[number, number][]> => {
  const tokens = await scorer.tokens(items, signal === undefined ? {} : { signal });
  return tokens.map(([chosen, rejected]) => [total(chosen!), total(rejected!)]);
};

export type DpoLossOptions = {
  readonly loss: "sigmoid" | "ipo";
  /** Strength of the pull towards the reference; of IPO its tau. */
  readonly beta: number;
  /** Share by which labels are taken to be wrong: p becomes (1 - s) p + s (1 - p); 0 leaves them. */
  readonly labelSmoothing: number;
  /** Weight of the chosen reply's mean negative log-likelihood per token; 0 leaves the term out of the graph. */
  readonly sftWeight: number;
};

/** Labels, taken to be wrong by a share. */
const smoothed = (probabilities: Tensor, share: number): Tensor =>
  share === 0 ? probabilities : add(multiply(probabilities, scalar(1 - 2 * share)), scalar(share));

/** The loss over token log-probabilities [targets] of `pairs` pairs; dpoFeeds feeds what it reads. */
export const dpoLoss = (
  logProbabilities: Tensor,
  pairs: number,
  { loss, beta, labelSmoothing, sftWeight }: DpoLossOptions,
): LossGraph => {
  const weights = vector("weights", pairs);
  const totalOf = (side: "chosen" | "rejected"): Tensor =>
    sumByOwner(logProbabilities, input(side, [pairs, logProbabilities.shape[0]!]));
  const chosenTotal = totalOf("chosen");
  const gains = {
    chosen: subtract(chosenTotal, vector("chosenReference", pairs)),
    rejected: subtract(totalOf("rejected"), vector("rejectedReference", pairs)),
  };
  const chosen = multiply(gains.chosen, scalar(beta));
  const rejected = multiply(gains.rejected, scalar(beta));
  const margins = subtract(chosen, rejected);
  const mean = (x: Tensor): Tensor => sum(multiply(x, weights));
  const aToken = (side: "chosen" | "rejected"): Tensor =>
    multiply(gains[side], vector(`${side}Share`, pairs));
  const labels = smoothed(vector("probabilities", pairs), labelSmoothing);
  const preference =
    loss === "ipo"
      ? softSquaredLoss(subtract(aToken("chosen"), aToken("rejected")), 1 / (2 * beta), labels, weights)
      : softPreferenceLoss(margins, labels, weights);
  const metrics = {
    "rewards/chosen": mean(chosen),
    "rewards/rejected": mean(rejected),
    "rewards/margins": mean(margins),
    "rewards/accuracies": positiveShare(margins, weights),
  };
  if (sftWeight === 0) return { loss: preference, metrics };
  const likelihood = weightedCrossEntropy(chosenTotal, vector("tokenWeights", pairs));
  return {
    loss: add(preference, multiply(likelihood, scalar(sftWeight))),
    metrics: { ...metrics, nll_loss: likelihood },
  };
};

/** The trainer of DPO over the policy's state. */
export const createDpoTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  options: DpoLossOptions,
): Trainer<DpoBatchSizes> =>
  createTrainer({
    state,
    optimiser,
    build: (graph: DecoderGraph, sizes: DpoBatchSizes) =>
      dpoLoss(readTargets(graph, sizes).logProbabilities, sizes.pairs, options),
  });

/**
 * What dpoLoss reads of some pairs, which are a part of `all`: one value a pair (0 where there is none), and which pair
 * a token belongs to.
 */
export const dpoFeeds = (
  rows: readonly DpoRow[],
  all: number,
  sizes: Pick<DpoBatchSizes, "targets" | "pairs">,
): Record<string, Float32Array> => {
  const fill = (value: (row: DpoRow) => number) =>
    Float32Array.from({ length: sizes.pairs }, (_, pair) => (pair < rows.length ? value(rows[pair]!) : 0));
  const membership = (branch: number): Float32Array => {
    const matrix = new Float32Array(sizes.pairs * sizes.targets);
    branchTargets(rows.map(({ item }) => item)).forEach((target, at) => {
      if (target.branch === branch) matrix[target.item * sizes.targets + at] = 1;
    });
    return matrix;
  };
  const lengthOf = ({ item }: DpoRow, branch: 0 | 1): number => item.branches[branch]!.length;
  return {
    chosen: membership(0),
    rejected: membership(1),
    chosenReference: fill(({ reference }) => reference[0]),
    rejectedReference: fill(({ reference }) => reference[1]),
    chosenShare: fill((row) => 1 / lengthOf(row, 0)),
    rejectedShare: fill((row) => 1 / lengthOf(row, 1)),
    probabilities: fill(({ probability }) => probability),
    weights: fill(() => 1 / all),
    tokenWeights: fill((row) => 1 / (all * lengthOf(row, 0))),
  };
};

const layOutPart: RowLayout<DpoBatchSizes, DpoRow>["layOutPart"] = (
  chosen,
  { rows, size, padding, shaping },
) => {
  const items = chosen.map(({ item }) => item);
  const targets = branchTargets(items);
  const batch = layOut(items, targets, { padding, ...partShape(items, targets.length, shaping) });
  const sizes = { ...batch.sizes, pairs: roundUp(size, 8) };
  return { sizes, feeds: { ...batch.feeds, ...dpoFeeds(chosen, rows.length, sizes) } };
};

/** Trains for all epochs, yielding loss, rewards/* and grad_norm of each batch. */
export const trainDpo = (options: DpoOptions): AsyncGenerator<StepMetrics> =>
  takeSteps(options, {
    itemOf: ({ item }) => item,
    targetsOf: ({ item }) => itemLength(item) - item.trunk.length,
    layOutPart,
  });
