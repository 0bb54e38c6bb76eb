// Direct preference optimisation (Rafailov et al. 2023) with soft labels: the label's probability takes the place of
// conservative DPO's constant (Mitchell 2023). Reference log-probabilities are computed once, and chosen and rejected
// share their prompt. Where asked for, the chosen reply's negative log-likelihood is added (iterative RPO, Pang et al.
// 2024, eq. 1 and 2), divided by the reply's own length; TRL's "sft" term divides by all chosen tokens of the batch.

import { throwIfAborted } from "../core/index.ts";
import { add, input, multiply, scalar, subtract, sum, type Tensor } from "../engine/index.ts";
import {
  branchTargets,
  type DecoderGraph,
  layOut,
  type ModelState,
  type PackedItem,
  readTargets,
  roundUp,
  type Scorer,
  type TokenBatchSizes,
} from "../transformer/index.ts";
import { rowsOfStep, stepsOf } from "./epochs.ts";
import type { LoopOptions, StepMetrics } from "./loop.ts";
import { positiveShare, softPreferenceLoss, sumByOwner, vector, weightedCrossEntropy } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { rowTime } from "./rows.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

/** Shape of a batch: rows, tokens a row, loss tokens, pairs. */
export type DpoBatchSizes = TokenBatchSizes & { readonly pairs: number };

/** What DPO learns from (items: chosen and rejected on one prompt), and how. */
export type DpoOptions = LoopOptions & {
  readonly trainer: Trainer<DpoBatchSizes>;
  /** Prompts with two branches: chosen, rejected. */
  readonly items: readonly PackedItem[];
  readonly probabilities: readonly number[];
  /** log π_ref of [chosen, rejected] of each item. */
  readonly reference: readonly (readonly [number, number])[];
  readonly batch: number;
  readonly epochs: number;
  readonly schedule: Omit<ScheduleOptions, "totalSteps">;
  readonly padding: number;
};

/** Reference log-probabilities of every item's branches. */
export const referenceLogProbabilities = async (
  scorer: Scorer,
  items: readonly PackedItem[],
  signal?: AbortSignal,
): Promise<[number, number][]> => {
  const tokens = await scorer.tokens(items, signal === undefined ? {} : { signal });
  const total = (values: Float32Array): number => values.reduce((all, value) => all + value, 0);
  return tokens.map(([chosen, rejected]) => [total(chosen!), total(rejected!)]);
};

export type DpoLossOptions = {
  /** Strength of the pull towards the reference. */
  readonly beta: number;
  /** Weight of the chosen reply's mean negative log-likelihood per token; 0 leaves the term out of the graph. */
  readonly sftWeight: number;
};

/** The loss over token log-probabilities [targets] of `pairs` pairs; dpoFeeds feeds what it reads. */
export const dpoLoss = (
  logProbabilities: Tensor,
  pairs: number,
  { beta, sftWeight }: DpoLossOptions,
): LossGraph => {
  const weights = vector("weights", pairs);
  const totalOf = (side: "chosen" | "rejected"): Tensor =>
    sumByOwner(logProbabilities, input(side, [pairs, logProbabilities.shape[0]!]));
  const gain = (side: "chosen" | "rejected", total: Tensor): Tensor =>
    multiply(subtract(total, vector(`${side}Reference`, pairs)), scalar(beta));
  const chosenTotal = totalOf("chosen");
  const chosen = gain("chosen", chosenTotal);
  const rejected = gain("rejected", totalOf("rejected"));
  const margins = subtract(chosen, rejected);
  const mean = (x: Tensor): Tensor => sum(multiply(x, weights));
  const preference = softPreferenceLoss(margins, vector("probabilities", pairs), weights);
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

/** Steps that trainDpo takes in all. */
export const dpoSteps = ({ items, batch, epochs, seed }: DpoOptions): number =>
  stepsOf({ rows: items.length, batch, epochs, seed });

/** What dpoLoss reads of a step: one value a pair (0 where there is none), and which pair a token belongs to. */
export const dpoFeeds = (
  items: readonly PackedItem[],
  labels: {
    readonly probabilities: readonly number[];
    readonly reference: readonly (readonly [number, number])[];
  },
  sizes: Pick<DpoBatchSizes, "targets" | "pairs">,
): Record<string, Float32Array> => {
  const fill = (value: (pair: number) => number) =>
    Float32Array.from({ length: sizes.pairs }, (_, pair) => (pair < items.length ? value(pair) : 0));
  const membership = (branch: number): Float32Array => {
    const matrix = new Float32Array(sizes.pairs * sizes.targets);
    branchTargets(items).forEach((target, at) => {
      if (target.branch === branch) matrix[target.item * sizes.targets + at] = 1;
    });
    return matrix;
  };
  return {
    chosen: membership(0),
    rejected: membership(1),
    chosenReference: fill((pair) => labels.reference[pair]![0]),
    rejectedReference: fill((pair) => labels.reference[pair]![1]),
    probabilities: fill((pair) => labels.probabilities[pair]!),
    weights: fill(() => 1 / items.length),
    tokenWeights: fill((pair) => 1 / (items.length * items[pair]!.branches[0]!.length)),
  };
};

/** Trains for all epochs, yielding loss, rewards/* and grad_norm of each batch. */
export async function* trainDpo(options: DpoOptions): AsyncGenerator<StepMetrics> {
  const { items, trainer, padding, schedule, probabilities, reference } = options;
  const order = { rows: items.length, batch: options.batch, epochs: options.epochs, seed: options.seed };
  const totalSteps = dpoSteps(options);
  const pairs = roundUp(options.batch, 8);
  for (let step = options.start ?? 0; step < totalSteps; step++) {
    throwIfAborted(options.signal);
    const rows = rowsOfStep(order, step);
    const chosen = rows.map((row) => items[row]!);
    const batch = layOut(chosen, branchTargets(chosen), { padding, time: rowTime(chosen) });
    const sizes = { ...batch.sizes, pairs };
    const labels = {
      probabilities: rows.map((row) => probabilities[row]!),
      reference: rows.map((row) => reference[row]!),
    };
    const feeds = { ...batch.feeds, ...dpoFeeds(chosen, labels, sizes) };
    const learningRate = learningRateAt({ ...schedule, totalSteps }, step);
    const { gradient_norm, ...metrics } = await trainer.step(sizes, feeds, learningRate);
    yield { step, metrics: { ...metrics, learning_rate: learningRate, grad_norm: gradient_norm! } };
  }
}
