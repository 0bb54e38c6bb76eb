// A model in memory: configuration and named weights, with what a graph needs to take them as inputs. Training
// replaces the buffers step by step; generators and scorers read them at every call.

import { constant, input, type Tensor, type TensorData } from "../engine/index.ts";
import type { ModelConfig, ModelTask } from "./config.ts";
import type { DecoderGraph } from "./layers.ts";
import { hasAdapters } from "./lora.ts";
import type { Weights } from "./parameters.ts";
import { type QuantisedWeights, quantisedFeeds } from "./quantised-weights.ts";

/** A model in memory: its shape, its task and its weights, which training replaces one by one. */
export type ModelState = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  /** alpha / rank of the adapters among the weights; 1 when there are none. */
  readonly adapterScale: number;
  readonly weights: Weights;
  /** Projections in fewer bits; their weights are not among the others. */
  readonly quantised: QuantisedWeights;
  /** Whether the weights will never change: programs may keep them in a form of their own. */
  readonly frozen: boolean;
  /** The weights as feeds of a graph built over graphOf. */
  feeds(): Record<string, TensorData>;
};

/** A model's state over weights that are its own from now on; a causal language model without adapters by default. */
export const createModelState = (
  config: ModelConfig,
  weights: Weights,
  options: Partial<Pick<ModelState, "task" | "adapterScale" | "frozen" | "quantised">> = {},
): ModelState => ({
  config,
  task: options.task ?? "causal-lm",
  adapterScale: options.adapterScale ?? 1,
  weights,
  frozen: options.frozen ?? false,
  quantised: options.quantised ?? {},
  feeds: () => ({
    ...Object.fromEntries(Object.entries(weights).map(([name, { data }]) => [name, data])),
    ...quantisedFeeds(options.quantised ?? {}),
  }),
});

const describe = ({ config, adapterScale, quantised, frozen, weights }: ModelState) => ({
  config,
  adapterScale,
  quantised,
  frozenHead: frozen || hasAdapters(weights),
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
  return { ...describe(state), parameter, keepsWeights: true };
};

/** The decoder over the state, every weight a graph input of its own name. */
export const graphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>(
    Object.entries(state.weights).map(([name, { shape }]) => [name, input(name, shape)]),
  );
  return { ...describe(state), parameter: (name) => tensors.get(name) };
};
