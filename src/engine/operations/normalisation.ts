// Normalisation over the last axis, by kernels that keep what their gradients need: RMSNorm (Zhang & Sennrich 2019) and
// LayerNorm (Ba et al. 2016).

import type { Operation, ReferenceValue } from "../operation.ts";
import { sameShape, shapeError } from "../shape.ts";
import { outputOf, type Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";
import { multiply, subtract } from "./elementwise.ts";
import { mean } from "./moments.ts";
import { emitRmsNorm } from "./provider-kernels.ts";
import { sum } from "./reduction.ts";

type NormAttributes = { readonly epsilon: number };

const leadingAxes = (x: Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

const rmsNormRule: Operation = {
  name: "rms-norm",
  // y = x / rms(x) * weight, and 1 / rms(x), which the gradient needs
  outputs: ([x, weight]) => {
    const width = x!.shape[x!.shape.length - 1]!;
    if (weight!.shape.length !== 1 || weight!.shape[0] !== width) {
      throw shapeError("rms-norm", "a weight as long as the last axis", x!.shape, weight!.shape);
    }
    return [
      { shape: x!.shape, type: x!.type },
      { shape: [...x!.shape.slice(0, -1), 1], type: x!.type },
    ];
  },
  gradient: (node, [gradient]) => {
    const [x, weight] = node.inputs as [Tensor, Tensor];
    const inverse = outputOf(node, 1);
    const normed = multiply(x, inverse);
    const scaled = multiply(gradient!, weight);
    const projection = mean(multiply(scaled, normed), [-1], true);
    return [
      multiply(inverse, subtract(scaled, multiply(normed, projection))),
      sum(multiply(gradient!, normed), leadingAxes(x)),
    ];
  },
  onnx: (node, inputs, emitter) => emitRmsNorm(emitter, inputs, (node.attributes as NormAttributes).epsilon),
  evaluate: (node, [x, weight]) => {
    const width = weight!.data.length;
    const { epsilon } = node.attributes as NormAttributes;
    const inverse = new Float64Array(x!.data.length / width).map((_, row) => {
      const squares = x!.data.subarray(row * width, (row + 1) * width).reduce((all, v) => all + v * v, 0);
      return 1 / Math.sqrt(squares / width + epsilon);
    });
    const data = x!.data.map((v, at) => v * inverse[Math.floor(at / width)]! * weight!.data[at % width]!);
    return [
      { shape: x!.shape, data },
      { shape: node.outputs[1]!.shape, data: inverse },
    ];
  },
  examples: [
    { inputs: [{ shape: [2, 3, 4] }, { shape: [4], low: 0.5, high: 1.5 }], attributes: { epsilon: 1e-5 } },
  ],
};

type Moments = { readonly centres: Float64Array; readonly inverses: Float64Array };

/** Means and inverse deviations of rows of `width`. */
const momentsOf = (x: ReferenceValue, width: number, epsilon: number): Moments => {
  const centres = new Float64Array(x.data.length / width);
  const inverses = new Float64Array(centres.length);
  for (let row = 0; row < centres.length; row++) {
    const values = x.data.subarray(row * width, (row + 1) * width);
    const centre = values.reduce((total, value) => total + value, 0) / width;
    const squares = values.reduce((total, value) => total + (value - centre) ** 2, 0);
    centres[row] = centre;
    inverses[row] = 1 / Math.sqrt(squares / width + epsilon);
  }
  return { centres, inverses };
};

const layerNormRule: Operation = {
  name: "layer-norm",
  // y = (x - mean) / deviation * weight + bias, the mean, and 1 / deviation, which the gradient needs
  outputs: ([x, weight, bias]) => {
    const width = x!.shape[x!.shape.length - 1]!;
    if (!sameShape(weight!.shape, [width]) || !sameShape(bias!.shape, [width])) {
      throw shapeError(
        "layer-norm",
        "weight and bias as long as the last axis",
        x!.shape,
        weight!.shape,
        bias!.shape,
      );
    }
    const row = { shape: [...x!.shape.slice(0, -1), 1], type: x!.type };
    return [{ shape: x!.shape, type: x!.type }, row, row];
  },
  gradient: (node, [gradient]) => {
    const [x, weight] = node.inputs as [Tensor, Tensor];
    const inverse = outputOf(node, 2);
    const normed = multiply(subtract(x, outputOf(node, 1)), inverse);
    const scaled = multiply(gradient!, weight);
    const projection = multiply(normed, mean(multiply(scaled, normed), [-1], true));
    const centred = subtract(scaled, mean(scaled, [-1], true));
    return [
      multiply(inverse, subtract(centred, projection)),
      sum(multiply(gradient!, normed), leadingAxes(x)),
      sum(gradient!, leadingAxes(x)),
    ];
  },
  onnx: (node, inputs, emitter) =>
    emitter.emit("LayerNormalization", inputs, {
      attributes: { axis: -1, epsilon: { float: (node.attributes as NormAttributes).epsilon } },
      outputs: 3,
    }),
  evaluate: (node, [x, weight, bias]) => {
    const width = weight!.data.length;
    const { centres, inverses } = momentsOf(x!, width, (node.attributes as NormAttributes).epsilon);
    const data = x!.data.map((value, at) => {
      const row = Math.floor(at / width);
      return (value - centres[row]!) * inverses[row]! * weight!.data[at % width]! + bias!.data[at % width]!;
    });
    const { shape } = node.outputs[1]!;
    return [
      { shape: x!.shape, data },
      { shape, data: centres },
      { shape, data: inverses },
    ];
  },
  examples: [
    {
      inputs: [{ shape: [2, 3, 4] }, { shape: [4], low: 0.5, high: 1.5 }, { shape: [4] }],
      attributes: { epsilon: 1e-5 },
    },
  ],
};

/** x / sqrt(mean(x²) + epsilon) · weight over the last axis. */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): Tensor =>
  apply(rmsNormRule, [x, weight], { epsilon });
/** (x - mean(x)) / sqrt(variance(x) + epsilon) · weight + bias over the last axis. */
export const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor =>
  apply(layerNormRule, [x, weight, bias], { epsilon });

export const normalisationOperations: readonly Operation[] = [rmsNormRule, layerNormRule];
