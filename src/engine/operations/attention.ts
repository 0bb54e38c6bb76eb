// Attention over grouped queries as one record: its gradient needs no square matrix beside the weights (Dao et al.
// 2022), and scores leave a fused product.

import type { Operation, ReferenceValue } from "../operation.ts";
import { type Shape, sameShape, shapeError, sizeOf } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";
import { multiply, subtract } from "./elementwise.ts";
import { matmul } from "./linear.ts";
import { softmaxReference } from "./network.ts";
import { reshape, sum } from "./reduction.ts";

type AttentionAttributes = { readonly scale: number };

const attentionReference = (node: GraphNode, values: readonly ReferenceValue[]): ReferenceValue[] => {
  const [q, k, v, bias] = values as [ReferenceValue, ReferenceValue, ReferenceValue, ReferenceValue];
  const { scale } = node.attributes as AttentionAttributes;
  const [batch, heads, groups, time, side] = q.shape as [number, number, number, number, number];
  const length = k.shape[2]!;
  const scores = new Float64Array(batch * heads * groups * time * length);
  for (let flat = 0; flat < scores.length; flat++) {
    const column = flat % length;
    const row = Math.floor(flat / length);
    const pair = Math.floor(row / (groups * time));
    let total = 0;
    for (let at = 0; at < side; at++)
      total += q.data[row * side + at]! * k.data[(pair * length + column) * side + at]!;
    const lane = Math.floor(pair / heads);
    scores[flat] = scale * total + bias.data[(lane * time + (row % time)) * length + column]!;
  }
  const weights = softmaxReference({ shape: node.outputs[1]!.shape, data: scores });
  const data = new Float64Array(sizeOf(q.shape));
  for (let flat = 0; flat < data.length; flat++) {
    const row = Math.floor(flat / side);
    const pair = Math.floor(row / (groups * time));
    for (let column = 0; column < length; column++) {
      data[flat]! +=
        weights.data[row * length + column]! * v.data[(pair * length + column) * side + (flat % side)]!;
    }
  }
  return [{ shape: q.shape, data }, weights];
};

// D = rowsum(dO * O) replaces rowsum(dP * P): one pass over [time, side] instead of [time, length] (Dao et al. 2022)
const attentionGradient: NonNullable<Operation["gradient"]> = (node, [gradient]) => {
  const [q, k, v] = node.inputs as [Tensor, Tensor, Tensor];
  const [batch, heads, groups, time, side] = q.shape as [number, number, number, number, number];
  const length = k.shape[2]!;
  const rows: Shape = [batch, heads, groups * time, side];
  const square: Shape = [batch, heads, groups * time, length];
  const weights = reshape(outputOf(node, 1), square);
  const flow = reshape(gradient!, rows);
  const { scale } = node.attributes as AttentionAttributes;
  const drawn = sum(multiply(flow, reshape(outputOf(node), rows)), [-1], true);
  const scores = multiply(weights, subtract(matmul(flow, v, { transposeB: true }), drawn));
  return [
    reshape(matmul(scores, k, { alpha: scale }), q.shape),
    matmul(scores, reshape(q, rows), { transposeA: true, alpha: scale }),
    matmul(weights, flow, { transposeA: true }),
    undefined,
  ];
};

const emitAttention: Operation["onnx"] = (node, [q, k, v, bias], emitter) => {
  const [batch, heads, groups, time, side] = node.inputs[0]!.shape as [
    number,
    number,
    number,
    number,
    number,
  ];
  const length = node.inputs[1]!.shape[2]!;
  const { scale } = node.attributes as AttentionAttributes;
  const [rows] = emitter.emit("Reshape", [q!, emitter.integers([batch, heads, groups * time, side])]);
  const [scores] = emitter.emit("FusedMatMul", [rows!, k!], {
    domain: "com.microsoft",
    attributes: { transA: 0, transB: 1, alpha: { float: scale } },
  });
  const [grouped] = emitter.emit("Reshape", [
    scores!,
    emitter.integers([batch, heads, groups, time, length]),
  ]);
  const [masked] = emitter.emit("Add", [grouped!, bias!]);
  const [weights] = emitter.emit("Softmax", [masked!], { attributes: { axis: -1 } });
  const [flat] = emitter.emit("Reshape", [weights!, emitter.integers([batch, heads, groups * time, length])]);
  const [context] = emitter.emit("MatMul", [flat!, v!]);
  const [output] = emitter.emit("Reshape", [context!, emitter.integers(node.outputs[0]!.shape)]);
  return [output!, weights!];
};

const attentionRule: Operation = {
  name: "attention",
  // context [batch, key heads, groups, time, side] and the weights [batch, key heads, groups, time, length]
  outputs: ([q, k, v, bias]) => {
    const [batch, heads, groups, time, side] = q!.shape as [number, number, number, number, number];
    const length = k!.shape[2]!;
    const fits =
      q!.shape.length === 5 &&
      sameShape(k!.shape, [batch, heads, length, side]) &&
      sameShape(v!.shape, k!.shape) &&
      sameShape(bias!.shape, [batch, 1, 1, time, length]);
    if (!fits)
      throw shapeError(
        "attention",
        "q [b,h,g,t,d], k and v [b,h,s,d], bias [b,1,1,t,s]",
        q!.shape,
        k!.shape,
        bias!.shape,
      );
    return [
      { shape: q!.shape, type: q!.type },
      { shape: [batch, heads, groups, time, length], type: q!.type },
    ];
  },
  gradient: attentionGradient,
  onnx: emitAttention,
  evaluate: attentionReference,
  examples: [
    {
      inputs: [
        { shape: [2, 2, 2, 3, 4] },
        { shape: [2, 2, 3, 4] },
        { shape: [2, 2, 3, 4] },
        { shape: [2, 1, 1, 3, 3], differentiable: false },
      ],
      attributes: { scale: 0.5 },
    },
  ],
};

/**
 * softmax(scale · q kᵀ + bias) v with grouped queries: q [batch, key heads, groups, time, side], k and v
 * [batch, key heads, length, side], bias [batch, 1, 1, time, length] (0 where seen, very negative where not).
 */
export const attention = (q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: number): Tensor =>
  apply(attentionRule, [q, k, v, bias], { scale });

export const attentionOperations: readonly Operation[] = [attentionRule];
