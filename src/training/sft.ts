// Supervised fine-tuning: cross-entropy on the assistant's tokens alone (SL-CAI; Bai et al. 2022, 3.2). Prompts are
// context. Several rows share a packed row and do not see each other.

import { throwIfAborted } from "../core/index.ts";
import {
  branchTargets,
  layOut,
  type ModelState,
  type PackedItem,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import { type EpochOptions, rowsOfStep, stepsOf } from "./epochs.ts";
import type { LoopOptions, StepMetrics } from "./loop.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { rowTime } from "./rows.ts";
import { learningRateAt, type ScheduleOptions } from "./schedule.ts";
import { tokenLoss } from "./token-loss.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** Items with one branch (the completion) each, and how to learn them. */
export type SftOptions = LoopOptions & {
  readonly trainer: Trainer<TokenBatchSizes>;
  readonly items: readonly PackedItem[];
  readonly batch: number;
  readonly epochs: number;
  readonly schedule: Omit<ScheduleOptions, "totalSteps">;
  readonly padding: number;
};

/** The trainer of supervised fine-tuning over a model's state. */
export const createSftTrainer = (state: ModelState, optimiser: AdamWOptions): Trainer<TokenBatchSizes> =>
  createTrainer({ state, optimiser, build: tokenLoss });

const epochsOf = ({ items, batch, epochs, seed }: SftOptions): EpochOptions => ({
  rows: items.length,
  batch,
  epochs,
  seed,
});

/** Steps that trainSft takes in all. */
export const sftSteps = (options: SftOptions): number => stepsOf(epochsOf(options));

/** Trains for all epochs, yielding loss, learning_rate and grad_norm after each step. */
export async function* trainSft(options: SftOptions): AsyncGenerator<StepMetrics> {
  const { items, trainer, padding, schedule } = options;
  const totalSteps = sftSteps(options);
  for (let step = options.start ?? 0; step < totalSteps; step++) {
    throwIfAborted(options.signal);
    const chosen = rowsOfStep(epochsOf(options), step).map((row) => items[row]!);
    const targets = branchTargets(chosen);
    const batch = layOut(chosen, targets, { padding, time: rowTime(chosen) });
    const weights = targetVector(batch, () => 1 / targets.length);
    const learningRate = learningRateAt({ ...schedule, totalSteps }, step);
    const { loss, gradient_norm } = await trainer.step(
      batch.sizes,
      { ...batch.feeds, weights },
      learningRate,
    );
    yield { step, metrics: { loss: loss!, learning_rate: learningRate, grad_norm: gradient_norm! } };
  }
}
