// The parts of a decoder block as graph: projections with their biases and adapters (LoRA, Hu et al. 2021), norms, the
// feed-forward layer. Where parameters come from (inputs of a training step, constants of a frozen model) is the
// caller's choice. Knows nothing of attention and of batches.

import {
  add,
  concatenate,
  constant,
  gelu,
  layerNorm,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  silu,
  slice,
  type Tensor,
} from "../engine/index.ts";
import { designOf, type ModelConfig } from "./config.ts";
import { type Dropout, dropped } from "./dropout.ts";
import type { LayerDesign, Projection } from "./families/family.ts";
import { type QuantisedWeights, quantisedProduct } from "./quantised-weights.ts";

/** A parameter of the graph by its Hugging Face name; undefined for one that the model has not (an adapter). */
export type ParameterLookup = (name: string) => Tensor | undefined;

/** Low-rank adapters beside projections: y += scale · (x Aᵀ) Bᵀ (see adapterScaleOf). */
export type AdapterScale = number;

/** A model as graph: its shape and its parameters. */
export type DecoderGraph = {
  readonly config: ModelConfig;
  readonly parameter: ParameterLookup;
  /** The embedding [vocabulary, hidden] where tokens are looked up, if it is not to be the parameter. */
  readonly embedding?: Tensor;
  readonly adapterScale?: AdapterScale;
  /** Whether the language-model head does not learn: then logits need never be held whole. */
  readonly frozenHead?: boolean;
  /** Whether blocks are computed again in the backward pass instead of kept: less memory for a third more time. */
  readonly checkpointing?: boolean;
  /** Whether weights are constants of the graph. */
  readonly keepsWeights?: boolean;
  /** Projections that are there in fewer bits. */
  readonly quantised?: QuantisedWeights;
  /** Of the adapters' inputs; in training alone. */
  readonly adapterDropout?: Dropout;
};

/** A parameter that must be there. */
export const required = (graph: DecoderGraph, name: string): Tensor => {
  const tensor = graph.parameter(name);
  if (tensor === undefined) throw new RangeError(`the graph lacks the parameter ${name}`);
  return tensor;
};

type Adapter = { readonly down: Tensor; readonly up: Tensor };

const adapterOf = (graph: DecoderGraph, { name }: Projection): Adapter | undefined => {
  const down = graph.parameter(`${name}.lora_A.weight`);
  const up = graph.parameter(`${name}.lora_B.weight`);
  return down === undefined || up === undefined ? undefined : { down, up };
};

const dense = (graph: DecoderGraph, x: Tensor, projection: Projection): Tensor => {
  const { name, bias, transposed } = projection;
  const quantised = graph.quantised?.[`${name}.weight`];
  const product =
    quantised === undefined
      ? matmul(x, required(graph, `${name}.weight`), { transposeB: transposed !== true })
      : quantisedProduct(x, quantised, projection, graph.keepsWeights === true);
  return bias === true ? add(product, required(graph, `${name}.bias`)) : product;
};

/** x Aᵀ of every adapter, through one product for all where they read the same: narrow ones are slow. */
const lowRank = (
  { adapterDropout: dropout }: DecoderGraph,
  x: Tensor,
  projections: readonly Projection[],
  adapters: readonly (Adapter | undefined)[],
): (Tensor | undefined)[] => {
  if (dropout !== undefined)
    return adapters.map((adapter, at) =>
      adapter === undefined
        ? undefined
        : matmul(dropped(x, dropout, projections[at]!.name), adapter.down, { transposeB: true }),
    );
  const downs = adapters.flatMap((adapter) => (adapter === undefined ? [] : [adapter.down]));
  if (downs.length === 0) return adapters.map(() => undefined);
  const all = matmul(x, downs.length === 1 ? downs[0]! : concatenate(downs, 0), { transposeB: true });
  let start = 0;
  return adapters.map((adapter) => {
    if (adapter === undefined) return undefined;
    const end = start + adapter.down.shape[0]!;
    const part = slice(all, 1, start, end);
    start = end;
    return part;
  });
};

/** x [n, inputs] through projections of the same inputs, each → [n, outputs], with biases and adapters. */
export const projectAll = (
  graph: DecoderGraph,
  x: Tensor,
  projections: readonly Projection[],
): readonly Tensor[] => {
  const adapters = projections.map((projection) => adapterOf(graph, projection));
  const low = lowRank(graph, x, projections, adapters);
  return projections.map((projection, at) => {
    const plain = dense(graph, x, projection);
    const adapter = adapters[at];
    if (adapter === undefined) return plain;
    return add(plain, matmul(low[at]!, adapter.up, { transposeB: true, alpha: graph.adapterScale ?? 1 }));
  });
};

/** x [n, inputs] → [n, outputs], with bias and adapter where there are any. */
export const project = (graph: DecoderGraph, x: Tensor, projection: Projection): Tensor =>
  projectAll(graph, x, [projection])[0]!;

/** The norm `name` over the last axis of x; x itself where there is none. */
export const norm = (graph: DecoderGraph, x: Tensor, name: string | undefined): Tensor => {
  if (name === undefined) return x;
  const { config } = graph;
  const weight = required(graph, `${name}.weight`);
  const kind = designOf(config).norm;
  switch (kind) {
    case "rms":
      return rmsNorm(x, weight, config.normEpsilon);
    case "rms-from-zero":
      return rmsNorm(x, add(weight, constant(Float32Array.of(1), [1])), config.normEpsilon);
    case "layer":
      return layerNorm(x, weight, required(graph, `${name}.bias`), config.normEpsilon);
    default:
      return kind satisfies never;
  }
};

/** Norm over each head of x [n, heads·side]. */
export const headNorm = (graph: DecoderGraph, x: Tensor, name: string | undefined): Tensor => {
  if (name === undefined) return x;
  const side = graph.config.headSize;
  const heads = x.shape.reduce((product, size) => product * size, 1) / side;
  return reshape(norm(graph, reshape(x, [heads, side]), name), x.shape);
};

const activations = { silu, gelu };

/** The feed-forward layer of normed tokens [n, hidden]. */
export const feedForward = (graph: DecoderGraph, x: Tensor, { gate, up, down }: LayerDesign): Tensor => {
  const activation = activations[designOf(graph.config).activation];
  if (gate === undefined) return project(graph, activation(project(graph, x, up)), down);
  const [gated, raised] = projectAll(graph, x, [gate, up]) as [Tensor, Tensor];
  return project(graph, multiply(activation(gated), raised), down);
};
