// Direct preference optimisation (Rafailov et al. 2023) with soft labels: the label's probability takes the place of
// conservative DPO's constant (Mitchell 2023). Reference log-probabilities are computed once, and chosen and rejected
// share their prompt.

import { throwIfAborted } from "../core/index.ts";
import { input, matmul, multiply, reshape, scalar, subtract, sum, type Tensor } from "../engine/index.ts";
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
import { positiveShare, softPreferenceLoss, vector } from "./losses.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { rowTime } from "./rows.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { createTrainer, type LossGraph, type Trainer } from "./trainer.ts";

export type DpoBatchSizes = TokenBatchSizes & { readonly pairs: number };

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

const sums = (logProbabilities: Tensor, name: string, pairs: number): Tensor => {
  const count = logProbabilities.shape[0]!;
  return reshape(matmul(input(name, [pairs, count]), reshape(logProbabilities, [count, 1])), [pairs]);
};

const buildLoss =
  (beta: number) =>
  (graph: DecoderGraph, sizes: DpoBatchSizes): LossGraph => {
    const { logProbabilities } = readTargets(graph, sizes);
    const weights = vector("weights", sizes.pairs);
    const gain = (side: "chosen" | "rejected") =>
      multiply(
        subtract(sums(logProbabilities, side, sizes.pairs), vector(`${side}Reference`, sizes.pairs)),
        scalar(beta),
      );
    const chosen = gain("chosen");
    const rejected = gain("rejected");
    const margins = subtract(chosen, rejected);
    const mean = (x: Tensor): Tensor => sum(multiply(x, weights));
    return {
      loss: softPreferenceLoss(margins, vector("probabilities", sizes.pairs), weights),
      metrics: {
        "rewards/chosen": mean(chosen),
        "rewards/rejected": mean(rejected),
        "rewards/margins": mean(margins),
        "rewards/accuracies": positiveShare(margins, weights),
      },
    };
  };

/** The trainer of DPO over the policy's state; beta: strength of the pull towards the reference. */
export const createDpoTrainer = (
  state: ModelState,
  optimiser: AdamWOptions,
  beta: number,
): Trainer<DpoBatchSizes> => createTrainer({ state, optimiser, build: buildLoss(beta) });

/** Steps that trainDpo takes in all. */
export const dpoSteps = ({ items, batch, epochs, seed }: DpoOptions): number =>
  stepsOf({ rows: items.length, batch, epochs, seed });

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
    const targets = branchTargets(chosen);
    const batch = layOut(chosen, targets, { padding, time: rowTime(chosen) });
    const fill = (value: (at: number) => number) =>
      Float32Array.from({ length: pairs }, (_, at) => (at < rows.length ? value(at) : 0));
    const membership = (branch: number): Float32Array => {
      const matrix = new Float32Array(pairs * batch.sizes.targets);
      targets.forEach((target, at) => {
        if (target.branch === branch) matrix[target.item * batch.sizes.targets + at] = 1;
      });
      return matrix;
    };
    const feeds = {
      ...batch.feeds,
      chosen: membership(0),
      rejected: membership(1),
      chosenReference: fill((at) => reference[rows[at]!]![0]),
      rejectedReference: fill((at) => reference[rows[at]!]![1]),
      probabilities: fill((at) => probabilities[rows[at]!]!),
      weights: fill(() => 1 / rows.length),
    };
    const learningRate = learningRateAt({ ...schedule, totalSteps }, step);
    const { gradient_norm, ...metrics } = await trainer.step({ ...batch.sizes, pairs }, feeds, learningRate);
    yield { step, metrics: { ...metrics, learning_rate: learningRate, grad_norm: gradient_norm! } };
  }
}
