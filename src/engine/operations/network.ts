// Operations of neural networks that are worth a record of their own, because a fused kernel or a cheaper gradient
// exists: softmax, rotary embedding (Su et al. 2021), and the log-probability of target tokens. Norms and attention
// have files of their own.

import type { Operation, ReferenceValue } from "../operation.ts";
import { shapeError } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";
import { exponential, multiply, negate, subtract } from "./elementwise.ts";
import { addAlongRows } from "./indexing.ts";
import { emitLogSoftmax } from "./provider-kernels.ts";
import { reshape, sum } from "./reduction.ts";

/** Softmax over the last axis, in doubles. */
export const softmaxReference = (value: ReferenceValue): ReferenceValue => {
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
  gradient: (node, [gradient]) => {
    const column = reshape(negate(gradient!), [gradient!.shape[0]!, 1]);
    const spread = multiply(exponential(outputOf(node, 1)), column);
    return [addAlongRows(spread, node.inputs[1]!, gradient!), undefined];
  },
  onnx: (node, [logits, targets], emitter) => {
    const count = node.inputs[1]!.shape[0]!;
    const full = emitLogSoftmax(emitter, logits!);
    const [column] = emitter.emit("Reshape", [targets!, emitter.integers([count, 1])]);
    const [taken] = emitter.emit("GatherElements", [full, column!], { attributes: { axis: 1 } });
    const [flat] = emitter.emit("Reshape", [taken!, emitter.integers([count])]);
    return [flat!, full];
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
/** log softmax(logits)[target] of every row: logits [n, vocabulary], targets int64 [n] → [n]. */
export const tokenLogProbability = (logits: Tensor, targets: Tensor): Tensor =>
  apply(tokenRule, [logits, targets]);

export const networkOperations: readonly Operation[] = [softmaxRule, rotaryRule, tokenRule];
