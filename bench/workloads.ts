// The loads that the benchmark times, each with what one run of it is worth. What arithmetic is counted, arithmetic.ts
// says.

import { createRandom } from "../src/core/index.ts";
import { compile, input, matmul, sum } from "../src/engine/index.ts";
import { createPretrainer, defaultAdamW } from "../src/training/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  fillInOrder,
  initialParameters,
  layOut,
  type ModelConfig,
  type PackedItem,
  targetVector,
} from "../src/transformer/index.ts";
import { type TrainingShape, trainingOperations } from "./arithmetic.ts";

/** run() does the work once and gives what it was worth (operations or tokens). */
export type Workload = { readonly run: () => Promise<number>; readonly release: () => Promise<void> };

const products = 4;

/** Bare products of square matrices, four one after another; worth in operations. */
export const matmulWorkload = async (side = 1024): Promise<Workload> => {
  const weight = input("weight", [side, side]);
  let x = input("x", [side, side]);
  for (let product = 0; product < products; product++) x = matmul(x, weight);
  const program = await compile({ total: sum(x) });
  const feeds = {
    weight: new Float32Array(side * side).fill(1 / side),
    x: new Float32Array(side * side).fill(1),
  };
  return {
    async run() {
      await program.run(feeds);
      return products * 2 * side ** 3;
    },
    release: () => program.release(),
  };
};

const tokensOf = (random: ReturnType<typeof createRandom>, config: ModelConfig, length: number): number[] =>
  Array.from({ length }, () => 5 + random.integer(config.vocabularySize - 5));

/** Steps of `covenant pretrain --set optimiser=adamw` on one batch, and the trainer that takes them. places: for targets. */
export const pretrainingSteps = (config: ModelConfig, shape: TrainingShape, places: number) => {
  const { rows, time, documents, length, targets: count } = shape;
  const trainer = createPretrainer(createModelState(config, initialParameters(config, 1)), defaultAdamW);
  const random = createRandom(1);
  const items = Array.from({ length: rows * documents }, () => ({
    trunk: tokensOf(random, config, length),
    branches: [],
  }));
  const targets = Array.from({ length: count }, (_, at) => ({
    item: at % items.length,
    branch: -1,
    offset: 1 + (Math.floor(at / items.length) % (length - 1)),
    weight: 1,
  }));
  const step = () => {
    const batch = layOut(items, targets, {
      padding: 0,
      filled: fillInOrder(items, time, rows),
      targets: places,
    });
    const weights = targetVector(batch, () => 1 / count);
    return trainer.step(batch.sizes, { ...batch.feeds, weights }, 1e-4);
  };
  return { trainer, step };
};

/** Whole steps of pretraining: laying out the batch, forward, backward, optimiser; worth in operations. places: for targets. */
export const trainingWorkload = async (
  config: ModelConfig,
  shape: TrainingShape,
  places: number,
): Promise<Workload> => {
  const { trainer, step } = pretrainingSteps(config, shape, places);
  return {
    async run() {
      await step();
      return trainingOperations(config, shape);
    },
    release: () => trainer.release(),
  };
};

export type GenerationShape = {
  readonly batch: number;
  readonly prompt: number;
  readonly reply: number;
  readonly temperature: number;
};

/** Sampled replies of a fixed length, prefill included; worth in new tokens. */
export const generationWorkload = async (config: ModelConfig, shape: GenerationShape): Promise<Workload> => {
  const { batch, prompt, reply, temperature } = shape;
  // no end token, so that every reply has its full length
  const endless = { ...config, endTokenIds: [] };
  const generator = createGenerator(
    createModelState(endless, initialParameters(config, 1), { frozen: true }),
  );
  const random = createRandom(2);
  const requests = Array.from({ length: batch }, (_, seed) => ({
    prompt: tokensOf(random, config, prompt),
    maxTokens: reply,
    temperature,
    seed,
  }));
  return {
    async run() {
      const replies = await generator.generate(requests, { batch });
      return replies.reduce((total, { ids }) => total + ids.length, 0);
    },
    release: () => generator.release(),
  };
};

export type ScoringShape = { readonly items: number; readonly prompt: number; readonly branch: number };

/** Log-probabilities of two continuations of every prompt; worth in tokens read. */
export const scoringWorkload = async (config: ModelConfig, shape: ScoringShape): Promise<Workload> => {
  const scorer = createScorer(createModelState(config, initialParameters(config, 1)));
  const random = createRandom(3);
  const items: PackedItem[] = Array.from({ length: shape.items }, () => ({
    trunk: tokensOf(random, config, shape.prompt),
    branches: [tokensOf(random, config, shape.branch), tokensOf(random, config, shape.branch)],
  }));
  return {
    async run() {
      await scorer.tokens(items);
      return shape.items * (shape.prompt + 2 * shape.branch);
    },
    release: () => scorer.release(),
  };
};
