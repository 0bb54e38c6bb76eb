// A model's parameters by name: their shapes, how they begin before training, and the check that a set of weights
// fits a configuration. Names are Hugging Face's. The initial values follow GPT-2 (Radford et al. 2019, 2.3):
// normal with deviation 0.02, projections into the residual stream scaled by 1/sqrt(2 x layers), norms one.

import { CovenantError, createRandom, deriveSeed } from "../core/index.ts";
import { designOf } from "./config.ts";
import type {
  DecoderDesign,
  LayerDesign,
  ModelConfig,
  ModelTask,
  Projection,
  Shape,
} from "./families/family.ts";

/** One tensor in memory: row-major float32. */
export type Weight = { readonly shape: Shape; readonly data: Float32Array };

/** A model's tensors by Hugging Face name. */
export type Weights = Record<string, Weight>;

/** How many elements a shape holds; a scalar (empty shape) holds one. */
export const elementCount = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

/** How a parameter begins before any training. residual: a projection that writes into the residual stream. */
type InitialRule = "normal" | "residual" | "one" | "zero";

type ParameterSpecification = { readonly shape: Shape; readonly initial: InitialRule };

type Specifications = Record<string, ParameterSpecification>;

const attentionProjections = ({ queryKeyValue }: LayerDesign): Projection[] =>
  "query" in queryKeyValue ? [queryKeyValue.query, queryKeyValue.key, queryKeyValue.value] : [queryKeyValue];

const feedForwardProjections = ({ gate, up, down }: LayerDesign): Projection[] =>
  gate === undefined ? [up, down] : [gate, up, down];

/** Every projection of a layer, in the order of computation. */
export const projectionsOf = (layer: LayerDesign): Projection[] => [
  ...attentionProjections(layer),
  layer.output,
  ...feedForwardProjections(layer),
];

const addProjection = (all: Specifications, { name, ...one }: Projection): void => {
  const shape = one.transposed === true ? [one.inputs, one.outputs] : [one.outputs, one.inputs];
  all[`${name}.weight`] = { shape, initial: one.residual === true ? "residual" : "normal" };
  if (one.bias === true) all[`${name}.bias`] = { shape: [one.outputs], initial: "zero" };
};

const addNorm = (
  all: Specifications,
  { norm }: DecoderDesign,
  name: string | undefined,
  width: number,
): void => {
  if (name === undefined) return;
  all[`${name}.weight`] = { shape: [width], initial: norm === "rms-from-zero" ? "zero" : "one" };
  if (norm === "layer") all[`${name}.bias`] = { shape: [width], initial: "zero" };
};

const addLayer = (
  all: Specifications,
  design: DecoderDesign,
  layer: LayerDesign,
  { hiddenSize: hidden, headSize }: ModelConfig,
): void => {
  addNorm(all, design, layer.attentionNorm, hidden);
  for (const projection of attentionProjections(layer)) addProjection(all, projection);
  addNorm(all, design, layer.headNorms?.query, headSize);
  addNorm(all, design, layer.headNorms?.key, headSize);
  addProjection(all, layer.output);
  addNorm(all, design, layer.outputNorm, hidden);
  addNorm(all, design, layer.feedForwardNorm, hidden);
  for (const projection of feedForwardProjections(layer)) addProjection(all, projection);
  addNorm(all, design, layer.downNorm, hidden);
};

const specificationsOf = (config: ModelConfig, task: ModelTask): Specifications => {
  const design = designOf(config);
  const { hiddenSize: hidden, vocabularySize: vocabulary } = config;
  const all: Specifications = { [design.embedding]: { shape: [vocabulary, hidden], initial: "normal" } };
  if (design.positionEmbedding !== undefined)
    all[design.positionEmbedding] = { shape: [config.maxPositions, hidden], initial: "normal" };
  for (const layer of design.layers) addLayer(all, design, layer, config);
  addNorm(all, design, design.finalNorm, hidden);
  if (task === "sequence-classification") all["score.weight"] = { shape: [1, hidden], initial: "normal" };
  else all[design.head] ??= { shape: [vocabulary, hidden], initial: "normal" };
  return all;
};

/** Every parameter's shape by its Hugging Face name, in the order of computation. */
export const parameterShapes = (config: ModelConfig, task: ModelTask = "causal-lm"): Record<string, Shape> =>
  Object.fromEntries(
    Object.entries(specificationsOf(config, task)).map(([name, { shape }]) => [name, shape]),
  );

/** Names of the matrices inside the layers: every projection's weight, and not the embedding nor the head. */
export const hiddenMatrices = (config: ModelConfig): string[] =>
  designOf(config)
    .layers.flatMap(projectionsOf)
    .map(({ name }) => `${name}.weight`);

/** How many numbers a model learns. */
export const parameterCount = (config: ModelConfig, task: ModelTask = "causal-lm"): number =>
  Object.values(parameterShapes(config, task)).reduce((sum, shape) => sum + elementCount(shape), 0);

const deviation = 0.02;

/** Untrained weights. Each tensor draws from its own stream (seed, name), so one tensor never shifts another. */
export const initialParameters = (
  config: ModelConfig,
  seed: number,
  task: ModelTask = "causal-lm",
): Weights => {
  const weights: Weights = {};
  const residual = deviation / Math.sqrt(2 * config.layers);
  for (const [name, { shape, initial }] of Object.entries(specificationsOf(config, task))) {
    const data = new Float32Array(elementCount(shape));
    if (initial === "one") data.fill(1);
    else if (initial !== "zero") {
      const random = createRandom(deriveSeed(seed, "initial-parameters", name));
      const scale = initial === "residual" ? residual : deviation;
      for (let index = 0; index < data.length; index++) data[index] = random.normal() * scale;
    }
    weights[name] = { shape, data };
  }
  return weights;
};

/** Whether two shapes are the same. */
export const sameShape = (first: Shape, second: Shape): boolean =>
  first.length === second.length && first.every((size, axis) => size === second[axis]);

/** Throws CovenantError when weights lack a parameter, hold one too many, or hold one of another shape. */
export const checkWeights = (weights: Weights, config: ModelConfig, task: ModelTask = "causal-lm"): void => {
  const shapes = parameterShapes(config, task);
  for (const [name, shape] of Object.entries(shapes)) {
    const weight = weights[name];
    if (!weight) throw new CovenantError("missing-parameter", `The weights lack ${name}.`, { name });
    if (!sameShape(weight.shape, shape) || weight.data.length !== elementCount(shape))
      throw new CovenantError(
        "parameter-shape",
        `${name} has shape [${weight.shape}] with ${weight.data.length} values; the configuration needs [${shape}].`,
        { name, got: weight.shape, expected: shape },
      );
  }
  const extra = Object.keys(weights).find((name) => !(name in shapes));
  if (extra !== undefined)
    throw new CovenantError("unexpected-parameter", `The weights hold ${extra}, which the model has not.`, {
      name: extra,
    });
};
