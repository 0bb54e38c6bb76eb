// A model in memory: configuration and named weights, with what a graph needs to take them as inputs. Training
// replaces the buffers step by step; generators and scorers read them at every call.

import { input, type Tensor } from "../engine/index.ts";
import type { ModelConfig, ModelTask } from "./config.ts";
import type { DecoderGraph } from "./layers.ts";
import type { Weights } from "./parameters.ts";

/** A model in memory: its shape, its task and its weights, which training replaces one by one. */
export type ModelState = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  /** alpha / rank of the adapters among the weights; 1 when there are none. */
  readonly adapterScale: number;
  readonly weights: Weights;
  /** The weights as feeds of a graph built over graphOf. */
  feeds(): Record<string, Float32Array>;
};

/** A model's state over weights that are its own from now on; a causal language model without adapters by default. */
export const createModelState = (
  config: ModelConfig,
  weights: Weights,
  options: { readonly task?: ModelTask; readonly adapterScale?: number } = {},
): ModelState => ({
  config,
  task: options.task ?? "causal-lm",
  adapterScale: options.adapterScale ?? 1,
  weights,
  feeds: () => Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data])),
});

/** The decoder over the state, every weight a graph input of its own name. */
export const graphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>(
    Object.entries(state.weights).map(([name, { shape }]) => [name, input(name, shape)]),
  );
  return { config: state.config, parameter: (name) => tensors.get(name), adapterScale: state.adapterScale };
};
