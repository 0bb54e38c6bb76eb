// A model in memory: configuration and named weights, with what a graph needs to take them as inputs. Training
// replaces the buffers step by step; generators and scorers read them at every call.

import { input, type Tensor } from "../engine/index.ts";
import type { ModelConfig, ModelTask } from "./config.ts";
import { dropoutInput, dropoutSeed, dropoutSeedInput } from "./dropout.ts";
import type { DecoderGraph } from "./layers.ts";
import { adapterScaleOf, type LoraOptions } from "./lora.ts";
import type { Weights } from "./parameters.ts";

/** Adapters that are being trained. dropout: the share of their inputs that is dropped, from this seed. */
export type TrainedAdapters = LoraOptions & { readonly dropout: number; readonly seed: number };

/** A model in memory: its shape, its task and its weights, which training replaces one by one. */
export type ModelState = {
  readonly config: ModelConfig;
  readonly task: ModelTask;
  /** What products of the adapters among the weights are multiplied with; 1 when there are none. */
  readonly adapterScale: number;
  /** How the adapters among the weights are trained; null where they are not, or where there are none. */
  readonly lora: TrainedAdapters | null;
  readonly weights: Weights;
  /** The weights as feeds of a graph built over graphOf. */
  feeds(): Record<string, Float32Array>;
};

/**
 * A model's state over weights that are its own from now on; a causal language model without adapters by default. The
 * scale is that of `lora`, where it is given.
 */
export const createModelState = (
  config: ModelConfig,
  weights: Weights,
  options: {
    readonly task?: ModelTask;
    readonly adapterScale?: number;
    readonly lora?: TrainedAdapters;
  } = {},
): ModelState => ({
  config,
  task: options.task ?? "causal-lm",
  adapterScale: options.adapterScale ?? (options.lora === undefined ? 1 : adapterScaleOf(options.lora)),
  lora: options.lora ?? null,
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

/** The decoder as training sees it: graphOf, with the adapters' dropout where they have one. */
export const trainingGraphOf = (state: ModelState): DecoderGraph => {
  const share = state.lora?.dropout ?? 0;
  return share === 0
    ? graphOf(state)
    : { ...graphOf(state), adapterDropout: { share, seed: dropoutSeedInput() } };
};

/** What a graph over trainingGraphOf is fed beside the weights. step: of forward passes, each of which has its masks. */
export const dropoutFeeds = ({ lora }: ModelState, step: number): Record<string, Float32Array> =>
  lora === null || lora.dropout === 0 ? {} : { [dropoutInput]: dropoutSeed(lora.seed, step) };
