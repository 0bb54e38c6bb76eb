// Supervised fine-tuning: cross-entropy on the tokens that a row is there to teach (SL-CAI; Bai et al. 2022, 3.2), the
// assistant's as a rule; the others are context. The mean is over the tokens of a whole step, as in TRL. Several rows
// share a packed row and do not see each other.

import {
  branchTargets,
  layOut,
  type ModelState,
  type Target,
  type TokenBatchSizes,
  targetVector,
} from "../transformer/index.ts";
import { type EpochLoopOptions, type RowLayout, type StepMetrics, takeSteps } from "./loop.ts";
import type { AdamWOptions } from "./optimiser.ts";
import { partShape } from "./row-parts.ts";
import type { SftItem } from "./rows.ts";
import { tokenLoss } from "./token-loss.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** Rows as tokens, and how to learn them. */
export type SftOptions = EpochLoopOptions<TokenBatchSizes, SftItem>;

/** The trainer of supervised fine-tuning over a model's state. */
export const createSftTrainer = (state: ModelState, optimiser: AdamWOptions): Trainer<TokenBatchSizes> =>
  createTrainer({ state, optimiser, build: tokenLoss });

/** Every token that is learned of the items. */
const learnedTargets = (items: readonly SftItem[]): Target[] => [
  ...items.flatMap(({ learned = [] }, item) =>
    learned.map((offset) => ({ item, branch: -1, offset, weight: 1 })),
  ),
  ...branchTargets(items),
];

/** Tokens of a row that are learned. */
const learnedCount = ({ branches, learned = [] }: SftItem): number =>
  branches.reduce((sum, branch) => sum + branch.length, learned.length);

const layOutPart: RowLayout<TokenBatchSizes, SftItem>["layOutPart"] = (items, { rows, padding, shaping }) => {
  const all = rows.reduce((sum, row) => sum + learnedCount(row), 0);
  const targets = learnedTargets(items);
  const batch = layOut(items, targets, { padding, ...partShape(items, targets.length, shaping) });
  return { sizes: batch.sizes, feeds: { ...batch.feeds, weights: targetVector(batch, () => 1 / all) } };
};

/** Trains for all epochs, yielding loss, learning_rate and grad_norm after each step. */
export const trainSft = (options: SftOptions): AsyncGenerator<StepMetrics> =>
  takeSteps(options, { itemOf: (row) => row, targetsOf: learnedCount, layOutPart });
