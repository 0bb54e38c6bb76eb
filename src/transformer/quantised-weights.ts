// Frozen projections in fewer bits: NF4 (4 bits, for training adapters on top and for reading) and int8 (for reading
// alone, and of the language-model head as well). Embeddings, norms and biases stay float32. Quantised weights live beside a model's other weights.

import {
  constant,
  dequantiseNf4,
  emptyInt8,
  emptyNf4,
  fillInt8,
  type Int8Values,
  input,
  int8Step,
  matmulInt8,
  matmulNf4,
  type Nf4Values,
  nf4Block,
  quantiseInt8,
  quantiseNf4,
  type Tensor,
  type TensorData,
} from "../engine/index.ts";
import { designOf, type ModelConfig, type ModelTask } from "./config.ts";
import type { Projection } from "./families/family.ts";
import { projectionsOf, type Weight } from "./parameters.ts";
import type { TensorPart } from "./safetensors.ts";

/** How many bits projections are held in. */
export type LoadFormat = "4bit" | "8bit";

/**
 * A projection's weight, quantised. However the float32 weight lies, NF4 lies [outputs, inputs], so that blocks are of one
 * output's inputs, as where transformers loads Conv1D in 4 bits; int8 lies [inputs, outputs].
 */
export type QuantisedWeight =
  | { readonly type: "nf4"; readonly inputs: number; readonly outputs: number; readonly values: Nf4Values }
  | { readonly type: "int8"; readonly inputs: number; readonly outputs: number; readonly values: Int8Values };

/** Quantised weights by Hugging Face name. */
export type QuantisedWeights = Readonly<Record<string, QuantisedWeight>>;

/** The language-model head as a projection; its weight is the embedding's where both are one. */
export const headProjection = (config: ModelConfig): Projection => ({
  name: designOf(config).head.replace(/\.weight$/, ""),
  inputs: config.hiddenSize,
  outputs: config.vocabularySize,
});

/**
 * The weights that are quantised, by name: projections, which in NF4 must fill its blocks, and in int8 the head of a
 * language model.
 */
export const quantisable = (
  config: ModelConfig,
  format: LoadFormat,
  task: ModelTask = "causal-lm",
): ReadonlyMap<string, Projection> =>
  new Map(
    [
      ...designOf(config).layers.flatMap(projectionsOf),
      ...(format === "8bit" && task === "causal-lm" ? [headProjection(config)] : []),
    ]
      .filter(({ inputs, outputs }) => format === "8bit" || (inputs * outputs) % nf4Block === 0)
      .map((projection) => [`${projection.name}.weight`, projection]),
  );

/** Whether a weight that is quantised is there in float32 as well: the head where tokens are looked up in it. */
export const isLookedUp = (config: ModelConfig, name: string): boolean => designOf(config).embedding === name;

const transposeOf = ({ data }: Weight, rows: number, columns: number): Float32Array => {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turned[column * rows + row] = data[row * columns + column]!;
  return turned;
};

/** A projection's weight in fewer bits. */
export const quantiseWeight = (
  weight: Weight,
  { inputs, outputs, transposed }: Projection,
  format: LoadFormat,
): QuantisedWeight => {
  const rowsOut = transposed === true ? transposeOf(weight, inputs, outputs) : weight.data;
  if (format === "8bit")
    return { type: "int8", inputs, outputs, values: quantiseInt8(rowsOut, outputs, inputs) };
  const values = emptyNf4(rowsOut.length);
  quantiseNf4(rowsOut, values);
  return { type: "nf4", inputs, outputs, values };
};

/** Rows of a weight that are quantised at a time, some hundred thousand numbers; so many always fill blocks of NF4. */
export const rowsAtATime = (columns: number): number =>
  nf4Block * Math.max(1, Math.floor(2 ** 18 / columns / nf4Block));

/** A weight that lies [inputs, outputs], read twice: first for the outputs' steps, then for the levels. */
const quantiseTransposed = async (
  parts: () => AsyncIterable<TensorPart>,
  { inputs, outputs }: Projection,
): Promise<Int8Values> => {
  const values = emptyInt8(outputs, inputs);
  const largest = new Float64Array(outputs);
  for await (const { start, data } of parts())
    for (let at = 0; at < data.length; at++) {
      const output = (start + at) % outputs;
      largest[output] = Math.max(largest[output]!, Math.abs(data[at]!));
    }
  const steps = largest.map(int8Step);
  values.steps.set(steps);
  for await (const { start, data } of parts())
    for (let at = 0; at < data.length; at++) {
      const step = steps[(start + at) % outputs]!;
      values.levels[start + at] = step === 0 ? 0 : Math.round(data[at]! / step);
    }
  return values;
};

/**
 * NF4 of a weight that lies [inputs, outputs]: of each part, which has inputs in whole blocks, every output's own. Where
 * inputs do not fill blocks, these go over from one output to the next, and the weight is held whole.
 */
const quantiseTurned = async (
  parts: () => AsyncIterable<TensorPart>,
  { inputs, outputs }: Projection,
): Promise<Nf4Values> => {
  const values = emptyNf4(inputs * outputs);
  if (inputs % nf4Block !== 0) {
    const data = new Float32Array(inputs * outputs);
    for await (const part of parts()) data.set(part.data, part.start);
    quantiseNf4(transposeOf({ shape: [inputs, outputs], data }, inputs, outputs), values);
    return values;
  }
  for await (const { start, data } of parts()) {
    const rows = data.length / outputs;
    const turned = transposeOf({ shape: [rows, outputs], data }, rows, outputs);
    for (let output = 0; output < outputs; output++)
      quantiseNf4(
        turned.subarray(output * rows, (output + 1) * rows),
        values,
        output * inputs + start / outputs,
      );
  }
  return values;
};

/**
 * quantiseWeight of a weight that is read in parts of whole rows (rowsAtATime), so that it is never held in float32.
 * parts: reads it from its beginning each time.
 */
export const quantiseParts = async (
  parts: () => AsyncIterable<TensorPart>,
  projection: Projection,
  format: LoadFormat,
): Promise<QuantisedWeight> => {
  const { inputs, outputs, transposed } = projection;
  if (format === "4bit") {
    if (transposed === true)
      return { type: "nf4", inputs, outputs, values: await quantiseTurned(parts, projection) };
    const values = emptyNf4(outputs * inputs);
    for await (const { start, data } of parts()) quantiseNf4(data, values, start);
    return { type: "nf4", inputs, outputs, values };
  }
  if (transposed === true)
    return { type: "int8", inputs, outputs, values: await quantiseTransposed(parts, projection) };
  const values = emptyInt8(outputs, inputs);
  for await (const { start, data } of parts()) fillInt8(data, values, start / inputs);
  return { type: "int8", inputs, outputs, values };
};

/** What a quantised weight stands for, in float32 and in the shape that it was quantised from. */
export const dequantiseWeight = (weight: QuantisedWeight, { transposed }: Projection): Weight => {
  if (weight.type === "nf4") {
    const { inputs, outputs, values } = weight;
    const lying = { shape: [outputs, inputs], data: dequantiseNf4(values, outputs * inputs) };
    return transposed === true
      ? { shape: [inputs, outputs], data: transposeOf(lying, outputs, inputs) }
      : lying;
  }
  const { inputs, outputs, values } = weight;
  const data = Float32Array.from(values.levels, (level, at) => level * values.steps[at % outputs]!);
  const lying = { shape: [inputs, outputs], data };
  return transposed === true
    ? lying
    : { shape: [outputs, inputs], data: transposeOf(lying, inputs, outputs) };
};

const feedNames = (name: string): readonly [string, string] => [`${name}:levels`, `${name}:scales`];

/** Quantised weights as feeds of graphs that read them with quantisedProduct. */
export const quantisedFeeds = (weights: QuantisedWeights): Record<string, TensorData> => {
  const feeds: Record<string, TensorData> = {};
  for (const [name, weight] of Object.entries(weights)) {
    const [levels, scales] = feedNames(name);
    feeds[levels] = weight.type === "nf4" ? weight.values.packed : weight.values.levels;
    feeds[scales] = weight.type === "nf4" ? weight.values.scales : weight.values.steps;
  }
  return feeds;
};

/**
 * x [n, inputs] through the quantised weight of a projection → [n, outputs], without bias. kept: int8 weights are
 * constants of the graph, which packs them once, instead of being fed.
 */
export const quantisedProduct = (
  x: Tensor,
  weight: QuantisedWeight,
  projection: Projection,
  kept: boolean,
): Tensor => {
  const [levels, scales] = feedNames(`${projection.name}.weight`);
  if (weight.type === "int8") {
    const { inputs, outputs, values } = weight;
    return kept
      ? matmulInt8(x, constant(values.levels, [inputs, outputs]), constant(values.steps, [outputs]))
      : matmulInt8(x, input(levels, [inputs, outputs], "int8"), input(scales, [outputs]));
  }
  const { inputs, outputs, values } = weight;
  const tensors = {
    packed: input(levels, [values.packed.length], "uint8"),
    scales: input(scales, [values.scales.length]),
  };
  return matmulNf4(x, { ...tensors, rows: outputs, columns: inputs }, true);
};
