// The parts of a decoder block as graph: projections with their biases and adapters (LoRA, Hu et al. 2021), norms, the
// feed-forward layer. Where parameters come from (inputs of a training step, constants of a frozen model) is the
// caller's choice. Knows nothing of attention and of batches.

import {
  add,
  constant,
  gelu,
  layerNorm,
  matmul,
  multiply,
  reshape,
  rmsNorm,
  silu,
  type Tensor,
} from "../engine/index.ts";
import { designOf, type ModelConfig } from "./config.ts";
import { type Dropout, dropped } from "./dropout.ts";
import type { LayerDesign, Projection } from "./families/family.ts";

/** A parameter of the graph by its Hugging Face name; undefined for one that the model has not (an adapter). */
export type ParameterLookup = (name: string) => Tensor | undefined;

/** Low-rank adapters beside projections: y += scale · (x Aᵀ) Bᵀ (see adapterScaleOf). */
export type AdapterScale = number;

/** A model as graph: its shape and its parameters. */
export type DecoderGraph = {
  readonly config: ModelConfig;
  readonly parameter: ParameterLookup;
  readonly adapterScale?: AdapterScale;
  /** Of the adapters' inputs; in training alone. */
  readonly adapterDropout?: Dropout;
};

/** A parameter that must be there. */
export const required = (graph: DecoderGraph, name: string): Tensor => {
  const tensor = graph.parameter(name);
  if (tensor === undefined) throw new RangeError(`the graph lacks the parameter ${name}`);
  return tensor;
};

/** x [n, inputs] → [n, outputs], with bias and adapter where there are any. */
export const project = (graph: DecoderGraph, x: Tensor, { name, bias, transposed }: Projection): Tensor => {
  const product = matmul(x, required(graph, `${name}.weight`), { transposeB: transposed !== true });
  const dense = bias === true ? add(product, required(graph, `${name}.bias`)) : product;
  const down = graph.parameter(`${name}.lora_A.weight`);
  const up = graph.parameter(`${name}.lora_B.weight`);
  if (down === undefined || up === undefined) return dense;
  const { adapterDropout: dropout } = graph;
  const read = dropout === undefined ? x : dropped(x, dropout, name);
  const low = matmul(read, down, { transposeB: true });
  return add(dense, matmul(low, up, { transposeB: true, alpha: graph.adapterScale ?? 1 }));
};

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
  const inner =
    gate === undefined
      ? activation(project(graph, x, up))
      : multiply(activation(project(graph, x, gate)), project(graph, x, up));
  return project(graph, inner, down);
};
