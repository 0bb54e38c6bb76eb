// Operations of neural networks that are worth a record of their own, because a fused kernel or a cheaper gradient
// exists: softmax, RMSNorm (Zhang & Sennrich 2019), rotary embedding (Su et al. 2021), attention, and the
// log-probability of target tokens.

import type { Operation, ReferenceValue } from "../operation.ts";
import { type Shape, sameShape, shapeError, sizeOf } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { apply, applyNode } from "./apply.ts";
import { exponential, multiply, negate, subtract } from "./elementwise.ts";
import { addAlongRows } from "./indexing.ts";
import { matmul } from "./linear.ts";
import { mean } from "./moments.ts";
import { reshape, sum } from "./reduction.ts";

const softmaxReference = (value: ReferenceValue): ReferenceValue => {
  const width = value.shape[value.shape.length - 1]!;
  const data = new Float64Array(value.data.length);
  for (let start = 0; start < data.length; start += width) {
    const row = value.data.subarray(start, start + width);
    const peak = row.reduce((high, x) => Math.max(high, x), Number.NEGATIVE_INFINITY);
    const total = row.reduce((all, x) => all + Math.exp(x - peak), 0);
    for (let at = 0; at < width; at++) data[start + at] = Math.exp(row[at]! - peak) / total;
  }
  return { shape: value.shape, data };
};

const softmaxRule: Operation = {
  name: "softmax",
  outputs: ([x]) => [{ shape: x!.shape, type: x!.type }],
  gradient: (node, [gradient]) => {
    const y = outputOf(node);
    return [multiply(y, subtract(gradient!, sum(multiply(gradient!, y), [-1], true)))];
  },
  onnx: (_node, inputs, emitter) => emitter.emit("Softmax", inputs, { attributes: { axis: -1 } }),
  evaluate: (_node, [x]) => [softmaxReference(x!)],
  examples: [{ inputs: [{ shape: [2, 3, 4] }] }],
};

type RmsNormAttributes = { readonly epsilon: number };

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
    const leading = x.shape.slice(0, -1).map((_, axis) => axis);
    return [
      multiply(inverse, subtract(scaled, multiply(normed, projection))),
      sum(multiply(gradient!, normed), leading),
    ];
  },
  onnx: (node, inputs, emitter) =>
    emitter.emit("SimplifiedLayerNormalization", inputs, {
      attributes: { axis: -1, epsilon: { float: (node.attributes as RmsNormAttributes).epsilon } },
      outputs: 2,
    }),
  evaluate: (node, [x, weight]) => {
    const width = weight!.data.length;
    const { epsilon } = node.attributes as RmsNormAttributes;
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

type RotaryAttributes = { readonly heads: number; readonly inverse: boolean };

const rotaryReference = (node: GraphNode, values: readonly ReferenceValue[]): ReferenceValue[] => {
  const [x, positions, cosine, sine] = values as [
    ReferenceValue,
    ReferenceValue,
    ReferenceValue,
    ReferenceValue,
  ];
  const { heads, inverse } = node.attributes as RotaryAttributes;
  const width = x.shape[2]!;
  const side = width / heads;
  const half = cosine.shape[1]!;
  const data = x.data.slice();
  for (let row = 0; row < positions.data.length; row++) {
    for (let head = 0; head < heads; head++) {
      for (let at = 0; at < half; at++) {
        const angle = positions.data[row]! * half + at;
        const base = row * width + head * side + at;
        const c = cosine.data[angle]!;
        const s = sine.data[angle]! * (inverse ? -1 : 1);
        data[base] = x.data[base]! * c - x.data[base + half]! * s;
        data[base + half] = x.data[base + half]! * c + x.data[base]! * s;
      }
    }
  }
  return [{ shape: x.shape, data }];
};

const rotaryRule: Operation = {
  name: "rotary-embedding",
  outputs: ([x, positions, cosine], attributes) => {
    const { heads } = attributes as RotaryAttributes;
    if (
      x!.shape.length !== 3 ||
      positions!.shape.length !== 2 ||
      x!.shape[2]! / heads !== 2 * cosine!.shape[1]!
    ) {
      throw shapeError(
        "rotary-embedding",
        "x [batch, time, heads*side] and tables [positions, side/2]",
        x!.shape,
        cosine!.shape,
      );
    }
    return [{ shape: x!.shape, type: x!.type }];
  },
  // a rotation: its transpose is the rotation back
  gradient: (node, [gradient]) => {
    const attributes = node.attributes as RotaryAttributes;
    return [
      apply(rotaryRule, [gradient!, ...node.inputs.slice(1)], {
        ...attributes,
        inverse: !attributes.inverse,
      }),
      undefined,
      undefined,
      undefined,
    ];
  },
  onnx: (node, [x, positions, cosine, sine], emitter) => {
    const { heads, inverse } = node.attributes as RotaryAttributes;
    const [signed] = inverse ? emitter.emit("Neg", [sine!]) : [sine!];
    return emitter.emit("RotaryEmbedding", [x!, positions!, cosine!, signed!], {
      domain: "com.microsoft",
      attributes: { interleaved: 0, num_heads: heads, rotary_embedding_dim: 0 },
    });
  },
  evaluate: rotaryReference,
  examples: [
    {
      inputs: [
        { shape: [2, 3, 8] },
        { shape: [2, 3], type: "int64", values: () => [0, 1, 2, 0, 0, 3] },
        { shape: [4, 2], differentiable: false },
        { shape: [4, 2], differentiable: false },
      ],
      attributes: { heads: 2, inverse: false },
    },
  ],
};

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
  // D = rowsum(dO * O) replaces rowsum(dP * P): one pass over [time, side] instead of [time, length] (Dao et al. 2022)
  gradient: (node, [gradient]) => {
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
  },
  onnx: (node, [q, k, v, bias], emitter) => {
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
    const [flat] = emitter.emit("Reshape", [
      weights!,
      emitter.integers([batch, heads, groups * time, length]),
    ]);
    const [context] = emitter.emit("MatMul", [flat!, v!]);
    const [output] = emitter.emit("Reshape", [context!, emitter.integers(node.outputs[0]!.shape)]);
    return [output!, weights!];
  },
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

const tokenRule: Operation = {
  name: "token-log-probability",
  // log P(target) of every row, and the whole log-softmax, which the gradient needs
  outputs: ([logits, targets]) => {
    if (logits!.shape.length !== 2 || targets!.shape[0] !== logits!.shape[0]) {
      throw shapeError(
        "token-log-probability",
        "logits [n, vocabulary] and targets [n]",
        logits!.shape,
        targets!.shape,
      );
    }
    return [
      { shape: [logits!.shape[0]!], type: logits!.type },
      { shape: logits!.shape, type: logits!.type },
    ];
  },
  // onehot(target) g - softmax g
  gradient: (node, [gradient, full]) => {
    if (full !== undefined)
      throw shapeError("token-log-probability", "no gradient into the whole log-softmax", full.shape);
    const column = reshape(negate(gradient!), [gradient!.shape[0]!, 1]);
    const spread = multiply(exponential(outputOf(node, 1)), column);
    return [addAlongRows(spread, node.inputs[1]!, gradient!), undefined];
  },
  onnx: (node, [logits, targets], emitter) => {
    const count = node.inputs[1]!.shape[0]!;
    const [full] = emitter.emit("LogSoftmax", [logits!], { attributes: { axis: -1 } });
    const [column] = emitter.emit("Reshape", [targets!, emitter.integers([count, 1])]);
    const [taken] = emitter.emit("GatherElements", [full!, column!], { attributes: { axis: 1 } });
    const [flat] = emitter.emit("Reshape", [taken!, emitter.integers([count])]);
    return [flat!, full!];
  },
  evaluate: (node, [logits, targets]) => {
    const width = logits!.shape[1]!;
    const full = softmaxReference(logits!).data.map(Math.log);
    return [
      {
        shape: node.outputs[0]!.shape,
        data: targets!.data.map((column, row) => full[row * width + column]!),
      },
      { shape: logits!.shape, data: full },
    ];
  },
  examples: [{ inputs: [{ shape: [3, 5] }, { shape: [3], type: "int64", values: () => [4, 0, 2] }] }],
};

/** Softmax over the last axis. */
export const softmax = (x: Tensor): Tensor => apply(softmaxRule, [x]);
/** x / sqrt(mean(x²) + epsilon) · weight over the last axis. */
export const rmsNorm = (x: Tensor, weight: Tensor, epsilon: number): Tensor =>
  apply(rmsNormRule, [x, weight], { epsilon });
/**
 * Rotary position embedding, halves paired as Hugging Face does: x [batch, time, heads·side], positions int64
 * [batch, time], cosine and sine tables [positions, side/2].
 */
export const rotaryEmbedding = (
  x: Tensor,
  positions: Tensor,
  cosine: Tensor,
  sine: Tensor,
  heads: number,
): Tensor => apply(rotaryRule, [x, positions, cosine, sine], { heads, inverse: false });
/**
 * softmax(scale · q kᵀ + bias) v with grouped queries: q [batch, key heads, groups, time, side], k and v
 * [batch, key heads, length, side], bias [batch, 1, 1, time, length] (0 where seen, very negative where not).
 */
export const attention = (q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: number): Tensor =>
  apply(attentionRule, [q, k, v, bias], { scale });
/** log softmax(logits)[target] of every row: logits [n, vocabulary], targets int64 [n] → [n]. */
export const tokenLogProbability = (logits: Tensor, targets: Tensor): Tensor =>
  apply(tokenRule, [logits, targets]);
/** The same, with the whole log-softmax [n, vocabulary] beside it. */
export const tokenLogProbabilities = (logits: Tensor, targets: Tensor): { target: Tensor; all: Tensor } => {
  const node = applyNode(tokenRule, [logits, targets]);
  return { target: outputOf(node, 0), all: outputOf(node, 1) };
};

export const networkOperations: readonly Operation[] = [
  softmaxRule,
  rmsNormRule,
  rotaryRule,
  attentionRule,
  tokenRule,
];
