// What a step of training is worth in arithmetic, and how measurements are summed up. Arithmetic is counted in
// multiply-adds of matrix products alone (two operations each), as a model needs them: not what is computed and masked
// away.

import type { ModelConfig } from "../src/transformer/index.ts";

/** The middle of the values; of an even number, between the two in the middle. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** A batch of rows with so many documents each, all of one length, and so many loss tokens in all. */
export type TrainingShape = {
  readonly rows: number;
  readonly time: number;
  readonly documents: number;
  readonly length: number;
  readonly targets: number;
};

/**
 * Operations of one training step: projections over all tokens, but those behind the last attention and the vocabulary
 * head over the loss tokens alone, and attention of each document over the half of its square that is seen; padding
 * counts nothing, the backward pass twice the forward pass.
 */
export const trainingOperations = (
  config: ModelConfig,
  { rows, documents, length, targets }: TrainingShape,
): number => {
  const { hiddenSize: hidden, intermediateSize: inner, headSize, heads, keyValueHeads, layers } = config;
  const query = heads * headSize;
  const before = hidden * (query + 2 * keyValueHeads * headSize);
  const behind = query * hidden + (config.family === "gpt2" ? 2 : 3) * hidden * inner;
  const count = rows * documents;
  const seen = (length * (length + 1)) / 2;
  const forward =
    2 * layers * count * (length * before + 2 * seen * query) +
    2 * behind * ((layers - 1) * count * length + targets) +
    2 * targets * hidden * config.vocabularySize;
  return 3 * forward;
};
