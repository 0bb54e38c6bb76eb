// A model in memory: configuration and named weights, with what a graph needs to take them as inputs. Training
// replaces the buffers step by step; generators and scorers read them at every call.

import { deriveSeed } from "../core/index.ts";
import { constant, input, type Tensor, type TensorData } from "../engine/index.ts";
import { designOf, type ModelConfig, type ModelTask } from "./config.ts";
import { dropoutInput, dropoutSeed, dropoutSeedInput } from "./dropout.ts";
import type { DecoderGraph } from "./layers.ts";
import { adapterScaleOf, hasAdapters, type LoraOptions } from "./lora.ts";
import type { Weights } from "./parameters.ts";
import { type QuantisedWeights, quantisedFeeds } from "./quantised-weights.ts";

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
  /** Projections in fewer bits; their weights are not among the others. */
  readonly quantised: QuantisedWeights;
  /** Whether training computes blocks again in the backward pass instead of keeping them. */
  readonly checkpointing: boolean;
  /** Whether the weights will never change: programs may keep them in a form of their own. */
  readonly frozen: boolean;
  /** The weights as feeds of a graph built over graphOf. */
  feeds(): Record<string, TensorData>;
};

/**
 * A model's state over weights that are its own from now on; a causal language model without adapters by default. The
 * scale is that of `lora`, where it is given.
 */
export const createModelState = (
  config: ModelConfig,
  weights: Weights,
  options: Partial<Pick<ModelState, "task" | "adapterScale" | "frozen" | "quantised" | "checkpointing">> & {
    readonly lora?: TrainedAdapters;
  } = {},
): ModelState => ({
  config,
  task: options.task ?? "causal-lm",
  adapterScale: options.adapterScale ?? (options.lora === undefined ? 1 : adapterScaleOf(options.lora)),
  lora: options.lora ?? null,
  weights,
  frozen: options.frozen ?? false,
  quantised: options.quantised ?? {},
  checkpointing: options.checkpointing ?? false,
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

/**
 * The decoder over a frozen state, every weight a constant: a program then keeps them packed for its products. Only where
 * the embedding is looked up it is an input: a constant that something else reads is kept beside its packed form.
 */
export const constantGraphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>();
  const parameter = (name: string): Tensor | undefined => {
    const weight = state.weights[name];
    if (weight === undefined) return undefined;
    const tensor = tensors.get(name) ?? constant(weight.data, weight.shape);
    tensors.set(name, tensor);
    return tensor;
  };
  const { embedding: name } = designOf(state.config);
  const embedding = input(name, state.weights[name]!.shape);
  return { ...describe(state), parameter, embedding, keepsWeights: true };
};

/** The decoder over the state, every weight a graph input of its own name. */
export const graphOf = (state: ModelState): DecoderGraph => {
  const tensors = new Map<string, Tensor>(
    Object.entries(state.weights).map(([name, { shape }]) => [name, input(name, shape)]),
  );
  return { ...describe(state), parameter: (name) => tensors.get(name) };
};

/** The decoder as training sees it: graphOf, with checkpoints and the adapters' dropout where they are asked for. */
export const trainingGraphOf = (state: ModelState): DecoderGraph => {
  const share = state.lora?.dropout ?? 0;
  const graph = { ...graphOf(state), checkpointing: state.checkpointing };
  return share === 0 ? graph : { ...graph, adapterDropout: { share, seed: dropoutSeedInput() } };
};

/**
 * What a graph over trainingGraphOf is fed beside the weights. step and part: of the forward pass, each of which has its
 * masks.
 */
export const dropoutFeeds = (
  { lora }: ModelState,
  step: number,
  part: number,
): Record<string, Float32Array> =>
  lora === null || lora.dropout === 0
    ? {}
    : { [dropoutInput]: dropoutSeed(deriveSeed(lora.seed, "part", part), step) };
