// How large a training is: parameters, those that learn, and the memory it will take at its peak, estimated before
// anything is begun. Knows shapes and settings, and of rows their lengths alone.

import type { LoadFormat } from "../../models/index.ts";
import { keptByToken, packedRowTime, rowLength, rowsAPart } from "../../training/index.ts";
import {
  adapterCount,
  isLookedUp,
  type ModelConfig,
  type ModelTask,
  parameterCount,
  quantisable,
} from "../../transformer/index.ts";
import type { TrainingSize } from "../recipe.ts";
import type { PolicyLoraSettings } from "../settings/settings.ts";

/** What the size depends on beside the model. tokens: of every row, estimated; heldOut: of those that are only looked at. */
export type TrainingLoad = {
  readonly task: ModelTask;
  readonly settings: {
    readonly batch: number;
    readonly accumulation: number;
    readonly lora?: PolicyLoraSettings;
    readonly load?: "4bit" | undefined;
    readonly gradientCheckpointing?: boolean;
  };
  readonly tokens: readonly number[];
  readonly heldOut?: readonly number[];
  /** As the recipe's context has it. */
  readonly stepBudget?: number | undefined;
};

const bytes = 4;
const runtime = 240 * 2 ** 20;

/** Parameters that learn: adapters and the reward model's head where there are adapters, everything otherwise. */
const trainableCount = (config: ModelConfig, task: ModelTask, lora: PolicyLoraSettings): number => {
  if (lora === undefined) return parameterCount(config, task);
  return adapterCount(config, lora) + (task === "causal-lm" ? 0 : config.hiddenSize);
};

/*
 * Memory in float32 numbers of 4 bytes; the factors were measured with adapters and in full on models of 3 to 135
 * million parameters, and with NF4 on one of 1.1 billion, and came within a third of the process's peak, mostly within a
 * tenth; of covenant-tiny's own reward model it is 0.62 of it (docs/experiments.md, "How full packed rows are"):
 *   P            every weight once; in 4 bits a projection's take 4.5 bits each
 *   the larger of
 *     3 T + N K + logits       gradients and AdamW's moments of what learns, and what the backward pass needs; the last
 *                              two twice where rows differ in length, since two programs are held then
 *     9 T                      of what learns: weights, gradient and moments, before and after the update
 *   K            L layers of 11 h + 5 m + 0.8 a t: h wide, m in the feed-forward part, a heads that each look at the t
 *                tokens of a packed row; with checkpointing L h for the layers' inputs, and two and a half layers
 *   logits       8 N v over the vocabulary, at most 128 MB at a time of each; through a frozen head 3 at 64 MB; a reward
 *                model has none
 * and Node with ONNX Runtime. P parameters, T those that learn, N tokens computed at a time: of one part of a step.
 */

const megabyte = 1e6 / bytes;

/** Numbers that logits and what comes of them take. */
const logitNumbers = (config: ModelConfig, tokens: number, frozenHead: boolean): number => {
  const whole = tokens * config.vocabularySize;
  return frozenHead ? 3 * Math.min(whole, 64 * megabyte) : 8 * Math.min(whole, 128 * megabyte);
};

/** Bits that a quantised value takes: in NF4 half a byte and its part of a scale for 64 of them. */
const bitsOf: Readonly<Record<LoadFormat, number>> = { "4bit": 4.5, "8bit": 8 };

/** Numbers that the weights take, where projections may be held in fewer bits. */
export const weightNumbers = (
  config: ModelConfig,
  parameters: number,
  load: LoadFormat | undefined,
): number => {
  if (load === undefined) return parameters;
  const share = bitsOf[load] / 32;
  return [...quantisable(config, load)].reduce(
    (sum, [name, { inputs, outputs }]) =>
      sum + inputs * outputs * (isLookedUp(config, name) ? share : share - 1),
    parameters,
  );
};

/** Length of the packed row that the training will compute at a time; null: it computes whole batches. */
export const plannedRowTime = (
  config: ModelConfig,
  { task, settings, tokens: lengths, heldOut = [], stepBudget: budget }: TrainingLoad,
): number | null => {
  const { lora, gradientCheckpointing: checkpointing = false } = settings;
  const trainable = trainableCount(config, task, lora);
  const part = rowsAPart(settings);
  return packedRowTime(config, { lengths, heldOut, part, trainable, checkpointing, budget });
};

/** Size of a training on a model. */
export const trainingSize = (config: ModelConfig, training: TrainingLoad): TrainingSize => {
  const { task, settings, tokens } = training;
  const { lora, load, gradientCheckpointing: checkpointing = false } = settings;
  const trainable = trainableCount(config, task, lora);
  const parameters =
    parameterCount(config, task) +
    (lora === undefined ? 0 : trainable - (task === "causal-lm" ? 0 : config.hiddenSize));
  const longest = tokens.reduce((most, count) => Math.max(most, count), 0);
  const mean = tokens.reduce((sum, count) => sum + count, 0) / Math.max(1, tokens.length);
  const part = Math.min(tokens.length, rowsAPart(settings));
  const packedTime = plannedRowTime(config, training);
  const time = packedTime ?? rowLength(longest);
  const atATime = packedTime ?? Math.max(1, Math.ceil((part * Math.min(mean, time)) / time)) * time;
  const logits = task === "causal-lm" ? logitNumbers(config, atATime, lora !== undefined) : 0;
  const kept = atATime * keptByToken(config, time, checkpointing) + logits;
  // batches of two lengths are two programs, each with memory of its own, and so are packed rows with many and few targets
  const shapes = rowLength(tokens.reduce((least, count) => Math.min(least, count), longest)) < time ? 2 : 1;
  const backward = 3 * trainable + shapes * kept;
  const weights = weightNumbers(config, parameters, load);
  return { parameters, trainable, memory: runtime + bytes * (weights + Math.max(backward, 9 * trainable)) };
};
