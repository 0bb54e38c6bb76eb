// How large a training is: parameters, those that learn, and the memory it will take at its peak, estimated before
// anything is begun. Knows shapes and settings, and of rows their lengths alone.

import {
  addAdapters,
  elementCount,
  type ModelConfig,
  type ModelTask,
  parameterCount,
} from "../transformer/index.ts";
import type { PolicyLoraSettings } from "./settings.ts";

/** What a training is made of. memory: bytes at the peak, estimated. */
export type TrainingSize = {
  readonly parameters: number;
  readonly trainable: number;
  readonly memory: number;
};

/** What the size depends on beside the model. tokens: of every row, estimated. */
export type TrainingLoad = {
  readonly task: ModelTask;
  readonly settings: {
    readonly batch: number;
    readonly accumulation: number;
    readonly lora?: PolicyLoraSettings;
  };
  readonly tokens: readonly number[];
};

const bytes = 4;
const runtime = 240 * 2 ** 20;
const shortestRow = 192;
const rowStep = 64;

/** Parameters that learn: adapters and the reward model's head where there are adapters, everything otherwise. */
const trainableCount = (config: ModelConfig, task: ModelTask, lora: PolicyLoraSettings): number => {
  if (lora === undefined) return parameterCount(config, task);
  const adapters = Object.values(addAdapters(config, {}, lora, 0));
  const head = task === "causal-lm" ? 0 : config.hiddenSize;
  return adapters.reduce((sum, { shape }) => sum + elementCount(shape), head);
};

/*
 * Memory in float32 numbers of 4 bytes; the factors were measured on Llama-style models of 4 to 31 million parameters,
 * fully trained and with adapters, and came within a fifth of the process's peak:
 *   P            every weight once
 *   8 T          of what learns: gradient, AdamW's moments, and new weights and moments on their way out of a session
 *   N L (27 h + 5 m + 3 a t)   what a token keeps in a layer for the backward pass: h wide, m in its feed-forward
 *                part, a heads that each look at the t tokens of a packed row
 *   6 N v        logits over the vocabulary, their softmax and their gradients; a reward model has none
 * and Node with ONNX Runtime. P parameters, T those that learn, N tokens computed at a time: of one part of a step.
 */

/** Size of a training on a model. */
export const trainingSize = (
  config: ModelConfig,
  { task, settings: { batch, accumulation, lora }, tokens }: TrainingLoad,
): TrainingSize => {
  const trainable = trainableCount(config, task, lora);
  const parameters =
    parameterCount(config, task) +
    (lora === undefined ? 0 : trainable - (task === "causal-lm" ? 0 : config.hiddenSize));
  const longest = tokens.reduce((most, count) => Math.max(most, count), 0);
  const time = Math.min(config.maxPositions, Math.max(shortestRow, Math.ceil(longest / rowStep) * rowStep));
  const mean = tokens.reduce((sum, count) => sum + count, 0) / Math.max(1, tokens.length);
  const rows = Math.min(tokens.length, Math.ceil(batch / accumulation));
  const atATime = Math.max(1, Math.ceil((rows * Math.min(mean, time)) / time)) * time;
  const layer = 27 * config.hiddenSize + 5 * config.intermediateSize + 3 * config.heads * time;
  const logits = task === "causal-lm" ? 6 * config.vocabularySize : 0;
  const memory = runtime + bytes * (parameters + 8 * trainable + atATime * (config.layers * layer + logits));
  return { parameters, trainable, memory };
};
