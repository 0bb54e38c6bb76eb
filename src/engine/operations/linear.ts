// Matrix products. One node takes transposes and a factor, so the backward pass copies nothing.
// Knows nothing of layers or adapters.

import type { Operation, ReferenceValue } from "../operation.ts";
import { broadcastIndex, broadcastShapes, type Shape, shapeError, sizeOf } from "../shape.ts";
import type { GraphNode, Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";
import { unbroadcast } from "./elementwise.ts";
import { emitProduct } from "./provider-kernels.ts";

type MatmulAttributes = {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
};

const attributesOf = (node: GraphNode): MatmulAttributes => node.attributes as MatmulAttributes;

const matrix = (shape: Shape, transposed: boolean): readonly [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

const matmulShape = (a: Shape, b: Shape, { transposeA, transposeB }: MatmulAttributes): Shape => {
  if (a.length < 2 || a.length !== b.length)
    throw shapeError("matmul", "two matrices, or batches of as many axes", a, b);
  const [rows, inner] = matrix(a, transposeA);
  const [other, columns] = matrix(b, transposeB);
  if (inner !== other) throw shapeError("matmul", "equal inner sides", a, b);
  return [...broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2)), rows, columns];
};

const matmulReference = (node: GraphNode, a: ReferenceValue, b: ReferenceValue): ReferenceValue => {
  const { transposeA, transposeB, alpha } = attributesOf(node);
  const [rows, inner] = matrix(a.shape, transposeA);
  const [, columns] = matrix(b.shape, transposeB);
  const { shape } = node.outputs[0]!;
  const batchSides = shape.slice(0, -2);
  const batches = sizeOf(batchSides);
  const batchOfA = broadcastIndex(a.shape.slice(0, -2), batchSides);
  const batchOfB = broadcastIndex(b.shape.slice(0, -2), batchSides);
  const data = new Float64Array(sizeOf(shape));
  for (let batch = 0; batch < batches; batch++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let total = 0;
        for (let at = 0; at < inner; at++) {
          const left = transposeA ? at * rows + row : row * inner + at;
          const right = transposeB ? column * inner + at : at * columns + column;
          total +=
            a.data[batchOfA[batch]! * rows * inner + left]! *
            b.data[batchOfB[batch]! * inner * columns + right]!;
        }
        data[(batch * rows + row) * columns + column] = alpha * total;
      }
    }
  }
  return { shape, data };
};

const matmulRule: Operation = {
  name: "matmul",
  outputs: ([a, b], attributes) => [
    { shape: matmulShape(a!.shape, b!.shape, attributes as MatmulAttributes), type: a!.type },
  ],
  gradient: (node, [gradient]) => {
    const [a, b] = node.inputs as [Tensor, Tensor];
    const { transposeA, transposeB, alpha } = attributesOf(node);
    const g = gradient!;
    const left = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true, alpha })
      : matmul(g, b, { transposeB: !transposeB, alpha });
    const right = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA, alpha })
      : matmul(a, g, { transposeA: !transposeA, alpha });
    return [unbroadcast(left, a.shape), unbroadcast(right, b.shape)];
  },
  onnx: (node, [a, b], emitter) => [
    emitProduct(emitter, a!, b!, { ...attributesOf(node), rank: node.outputs[0]!.shape.length }),
  ],
  evaluate: (node, [a, b]) => [matmulReference(node, a!, b!)],
  examples: [
    {
      inputs: [{ shape: [2, 3] }, { shape: [3, 4] }],
      attributes: { transposeA: false, transposeB: false, alpha: 1 },
    },
    {
      inputs: [{ shape: [3, 2] }, { shape: [3, 4] }],
      attributes: { transposeA: true, transposeB: false, alpha: 0.5 },
    },
    {
      inputs: [{ shape: [2, 2, 3] }, { shape: [2, 4, 3] }],
      attributes: { transposeA: false, transposeB: true, alpha: 2 },
    },
    {
      inputs: [{ shape: [2, 3, 2] }, { shape: [2, 4, 3] }],
      attributes: { transposeA: true, transposeB: true, alpha: 1 },
    },
    {
      inputs: [{ shape: [2, 3, 1, 2] }, { shape: [2, 1, 4, 2] }],
      attributes: { transposeA: false, transposeB: true, alpha: 1 },
    },
    {
      inputs: [{ shape: [1, 2, 3] }, { shape: [2, 3, 2] }],
      attributes: { transposeA: false, transposeB: false, alpha: 0.5 },
    },
  ],
};

/**
 * alpha · op(a) op(b): a [..., m, k], b [..., k, n] → [..., m, n], where op swaps the last two axes when its flag is
 * set. Both have as many axes; those before the last two broadcast.
 */
export const matmul = (
  a: Tensor,
  b: Tensor,
  options: { readonly transposeA?: boolean; readonly transposeB?: boolean; readonly alpha?: number } = {},
): Tensor => apply(matmulRule, [a, b], { transposeA: false, transposeB: false, alpha: 1, ...options });

export const linearOperations: readonly Operation[] = [matmulRule];
