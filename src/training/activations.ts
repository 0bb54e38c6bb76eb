// What a training step keeps until its backward pass has used it. Estimated from shapes alone; the factors were measured
// with adapters and in full on models of 3 to 135 million parameters.

import type { ModelConfig } from "../transformer/index.ts";

/**
 * Numbers (of 4 bytes) that a token of a packed row of `time` tokens keeps: L layers of 11 h + 5 m + 0.8 a t, h wide, m
 * in the feed-forward part, a heads that each look at t tokens; with checkpointing L h for the layers' inputs, and two
 * and a half layers.
 */
export const keptByToken = (config: ModelConfig, time: number, checkpointing: boolean): number => {
  const { hiddenSize, intermediateSize, heads, layers } = config;
  const layer = 11 * hiddenSize + 5 * intermediateSize + 0.8 * heads * time;
  return checkpointing ? layers * hiddenSize + Math.min(layers, 2.5) * layer : layers * layer;
};

/** Bytes of compiled steps that a trainer may hold beside the two it used last. */
export const programBudget = 2 ** 30;
