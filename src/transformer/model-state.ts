// A model in memory: configuration and named weights, with what a graph needs to take them as inputs. Training
// replaces the buffers step by step; generators and scorers read them at every call.

import { constant, input, type Tensor } from "../engine/index.ts";
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
  /** Whether the weights will never change: programs may keep them in a form of their own. */
  readonly frozen: boolean;
  /** The weights as feeds of a graph built over graphOf. */
  feeds(): Record<string, Float32Array>;
};

/** A model's state over weights that are its own from now on; a causal language model without adapters by default. */
export const createModelState = (
  config: ModelConfig,
  weights: Weights,
  options: { readonly task?: ModelTask; readonly adapterScale?: number; readonly frozen?: boolean } = {},
): ModelState => ({
  config,
  task: options.task ?? "causal-lm",
  adapterScale: options.adapterScale ?? 1,
  weights,
  frozen: options.frozen ?? false,
  feeds: () => Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data])),
});

/** The decoder over a frozen state, every weight a constant: a program then keeps them packed for its products. */
export const constantGraphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>();
  const parameter = (name: string): Tensor | undefined => {
    const weight = state.weights[name];
    if (weight === undefined) return undefined;
    const tensor = tensors.get(name) ?? constant(weight.data, weight.shape);
    tensors.set(name, tensor);
    return tensor;
  };
  return { config: state.config, parameter, adapterScale: state.adapterScale };
};

/** The decoder over the state, every weight a graph input of its own name. */
export const graphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>(
    Object.entries(state.weights).map(([name, { shape }]) => [name, input(name, shape)]),
  );
  return { config: state.config, parameter: (name) => tensors.get(name), adapterScale: state.adapterScale };
};
