// Products with frozen quantised weights: NF4 with a gradient for what it is multiplied with (QLoRA, Dettmers et al.
// 2023), int8 with every row of activations quantised by itself on the way, for reading only. The weights themselves
// have no gradient.

import type { OnnxEmitter, Operation, ReferenceValue } from "../operation.ts";
import { dequantiseNf4, nf4Block, nf4Levels } from "../quantisation.ts";
import { sameShape, shapeError } from "../shape.ts";
import type { GraphNode, Tensor } from "../tensor.ts";
import { apply, emitReshape } from "./apply.ts";

type Nf4Attributes = {
  /** The weight is a matrix [rows, columns]. */
  readonly rows: number;
  readonly columns: number;
  /** true: x [n, columns] times the weight's transpose; false: x [n, rows] times the weight. */
  readonly transpose: boolean;
};

const nf4AttributesOf = (node: Pick<GraphNode, "attributes">): Nf4Attributes =>
  node.attributes as Nf4Attributes;

/** The two levels of every byte, the first from the high half. */
const levelPairs = Float32Array.from({ length: 512 }, (_, at) => {
  const byte = at >> 1;
  return nf4Levels[at % 2 === 0 ? byte >> 4 : byte & 15]!;
});

// MatMulBnb4 with transB = 0 multiplies with the transpose all the same (onnxruntime 1.30), so the other product takes
// the weight apart first: for as long as one product lasts it is there in float32.
const emitDequantised = (
  emitter: OnnxEmitter,
  packed: string,
  scales: string,
  rows: number,
  columns: number,
): string => {
  const blocks = (rows * columns) / nf4Block;
  const [indices] = emitter.emit("Cast", [packed], { attributes: { to: 6 } });
  const [pairs] = emitter.emit("Gather", [emitter.floats(levelPairs, [256, 2]), indices!], {
    attributes: { axis: 0 },
  });
  const [levels] = emitter.emit("Reshape", [pairs!, emitter.integers([blocks, nf4Block])]);
  const [column] = emitter.emit("Reshape", [scales, emitter.integers([blocks, 1])]);
  const [values] = emitter.emit("Mul", [levels!, column!]);
  return emitter.emit("Reshape", [values!, emitter.integers([rows, columns])])[0]!;
};

const matmulNf4Rule: Operation = {
  name: "matmul-nf4",
  outputs: ([x, packed, scales], attributes) => {
    const { rows, columns, transpose } = nf4AttributesOf({ attributes });
    const fits =
      x!.shape.length === 2 &&
      x!.shape[1] === (transpose ? columns : rows) &&
      (rows * columns) % nf4Block === 0 &&
      sameShape(packed!.shape, [(rows * columns) / 2]) &&
      sameShape(scales!.shape, [(rows * columns) / nf4Block]);
    if (!fits)
      throw shapeError(
        "matmul-nf4",
        `a matrix and a weight of ${rows} x ${columns}`,
        x!.shape,
        packed!.shape,
        scales!.shape,
      );
    return [{ shape: [x!.shape[0]!, transpose ? rows : columns], type: x!.type }];
  },
  gradient: (node, [gradient]) => {
    const { transpose, ...sizes } = nf4AttributesOf(node);
    const [, packed, scales] = node.inputs as [Tensor, Tensor, Tensor];
    return [apply(matmulNf4Rule, [gradient!, packed, scales], { ...sizes, transpose: !transpose })];
  },
  onnx: (node, [x, packed, scales], emitter) => {
    const { rows, columns, transpose } = nf4AttributesOf(node);
    if (!transpose) {
      const weight = emitDequantised(emitter, packed!, scales!, rows, columns);
      return emitter.emit("MatMul", [x!, weight]);
    }
    return emitter.emit("MatMulBnb4", [x!, packed!, scales!], {
      domain: "com.microsoft",
      attributes: { K: columns, N: rows, block_size: nf4Block, quant_type: 1, transB: 1 },
    });
  },
  evaluate: (node, [x, packed, scales]): ReferenceValue[] => {
    const { rows, columns, transpose } = nf4AttributesOf(node);
    const values = { packed: Uint8Array.from(packed!.data), scales: Float32Array.from(scales!.data) };
    const weight = dequantiseNf4(values, rows * columns);
    const [inputs, outputs] = transpose ? [columns, rows] : [rows, columns];
    const count = x!.data.length / inputs;
    const data = new Float64Array(count * outputs);
    for (let row = 0; row < count; row++)
      for (let to = 0; to < outputs; to++)
        for (let from = 0; from < inputs; from++)
          data[row * outputs + to]! +=
            x!.data[row * inputs + from]! * weight[transpose ? to * columns + from : from * columns + to]!;
    return [{ shape: [count, outputs], data }];
  },
  examples: [true, false].map((transpose) => ({
    inputs: [
      { shape: [3, transpose ? 64 : 4] },
      {
        shape: [128],
        type: "uint8" as const,
        values: (random) => Array.from({ length: 128 }, () => random.integer(256)),
      },
      { shape: [4], low: 0.5, high: 2, differentiable: false },
    ],
    attributes: { rows: 4, columns: 64, transpose },
  })),
};

/** Activations lie this many steps around zero, which a byte holds as 128: the fast products are of uint8 with int8. */
const activationMost = 127;
const activationZero = 128;
/** The least step, of rows of zeros. */
const leastStep = Math.fround(1e-30);

/**
 * Every row by its own largest magnitude: uint8 levels [n, k] and steps [n], which no other row has a part in. Where
 * several products read the same x, ONNX Runtime does these nodes once.
 */
const emitQuantisedRows = (
  emitter: OnnxEmitter,
  x: string,
  rows: number,
): [levels: string, steps: string] => {
  const [sizes] = emitter.emit("Abs", [x]);
  const [largest] = emitter.emit("ReduceMax", [sizes!, emitter.integers([-1])], {
    attributes: { keepdims: 0 },
  });
  const [found] = emitter.emit("Div", [largest!, emitter.float(activationMost)]);
  const [steps] = emitter.emit("Max", [found!, emitter.float(leastStep)]);
  const zeros = emitter.bytes(new Uint8Array(rows).fill(activationZero), [rows]);
  const [levels] = emitter.emit("QuantizeLinear", [x, steps!, zeros], { attributes: { axis: 0 } });
  return [levels!, steps!];
};

/** What quantised rows stand for. */
const roundedRows = (x: ReferenceValue): Float64Array => {
  const width = x.shape[1]!;
  const steps = Float32Array.from({ length: x.shape[0]! }, (_, row) => {
    const values = x.data.subarray(row * width, (row + 1) * width);
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return Math.max(Math.fround(largest) / activationMost, leastStep);
  });
  return x.data.map((value, at) => {
    const step = steps[Math.floor(at / width)]!;
    return Math.round(value / step) * step;
  });
};

const matmulInt8Rule: Operation = {
  name: "matmul-int8",
  outputs: ([x, levels, steps]) => {
    const [inputs, outputs] = levels!.shape as [number, number];
    const fits = x!.shape.length === 2 && x!.shape[1] === inputs && sameShape(steps!.shape, [outputs]);
    if (!fits)
      throw shapeError(
        "matmul-int8",
        "x [n, k], levels [k, m], steps [m]",
        x!.shape,
        levels!.shape,
        steps!.shape,
      );
    return [{ shape: [x!.shape[0]!, outputs], type: x!.type }];
  },
  // DynamicQuantizeMatMul would be one node, but has one step for all rows: a reply would depend on its neighbours
  onnx: (node, [x, levels, steps], emitter) => {
    const rows = node.outputs[0]!.shape[0]!;
    const [rowLevels, rowSteps] = emitQuantisedRows(emitter, x!, rows);
    const zero = emitter.bytes(Uint8Array.of(activationZero), []);
    const [product] = emitter.emit(
      "MatMulIntegerToFloat",
      [rowLevels, levels!, emitter.float(1), steps!, zero],
      { domain: "com.microsoft" },
    );
    return emitter.emit("Mul", [product!, emitReshape(emitter, rowSteps, [rows, 1])]);
  },
  evaluate: (node, [x, levels, steps]): ReferenceValue[] => {
    const [count, outputs] = node.outputs[0]!.shape as [number, number];
    const inputs = x!.shape[1]!;
    const activations = roundedRows(x!);
    const data = new Float64Array(count * outputs);
    for (let row = 0; row < count; row++)
      for (let to = 0; to < outputs; to++) {
        for (let from = 0; from < inputs; from++)
          data[row * outputs + to]! += activations[row * inputs + from]! * levels!.data[from * outputs + to]!;
        data[row * outputs + to]! *= steps!.data[to]!;
      }
    return [{ shape: node.outputs[0]!.shape, data }];
  },
  examples: [
    {
      inputs: [
        { shape: [3, 8] },
        {
          shape: [8, 5],
          type: "int8",
          values: (random) => Array.from({ length: 40 }, () => random.integer(127) - 63),
        },
        { shape: [5], low: 0.001, high: 0.02 },
      ],
    },
    {
      // rows of very different sizes, one of them of zeros
      inputs: [
        {
          shape: [4, 6],
          values: (random) =>
            Array.from(
              { length: 24 },
              (_, at) => (random.next() - 0.5) * [1, 1000, 0, 1e-4][Math.floor(at / 6)]!,
            ),
        },
        {
          shape: [6, 3],
          type: "int8",
          values: (random) => Array.from({ length: 18 }, () => random.integer(127) - 63),
        },
        { shape: [3], low: 0.001, high: 0.02 },
      ],
    },
  ],
};

/** A weight in NF4 as tensors: packed uint8 [rows·columns/2], scales [rows·columns/64]. */
export type Nf4Weight = {
  readonly packed: Tensor;
  readonly scales: Tensor;
  readonly rows: number;
  readonly columns: number;
};

/** x times an NF4 weight [rows, columns], or, with transpose, its transpose: x [n, columns] → [n, rows]. */
export const matmulNf4 = (x: Tensor, weight: Nf4Weight, transpose: boolean): Tensor => {
  const { packed, scales, rows, columns } = weight;
  return apply(matmulNf4Rule, [x, packed, scales], { rows, columns, transpose });
};

/**
 * x [n, k] times an int8 weight, levels [k, m] times steps [m] → [n, m]. Every row of x is rounded to 8 bits by its own
 * largest magnitude, so that a row's product does not depend on the others, bit for bit. No gradient.
 */
export const matmulInt8 = (x: Tensor, levels: Tensor, steps: Tensor): Tensor =>
  apply(matmulInt8Rule, [x, levels, steps]);

export const quantisedOperations: readonly Operation[] = [matmulNf4Rule, matmulInt8Rule];
