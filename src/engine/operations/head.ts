// Log-probabilities of target tokens straight from hidden states, through a head that does not learn: logits are made
// for some rows at a time and never held whole. The gradient by the hidden states is made with them, as in Liger (Hsu
// et al. 2024): d log p(t) / d h = W[t] - Σ_v p(v) W[v], which what comes from above only scales.

import type { OnnxEmitter, Operation, ReferenceValue } from "../operation.ts";
import { sameShape, shapeError } from "../shape.ts";
import { outputOf, type Tensor } from "../tensor.ts";
import { apply, emitSlice } from "./apply.ts";
import { multiply } from "./elementwise.ts";
import { softmaxReference } from "./network.ts";
import { emitLogSoftmax, emitProduct } from "./provider-kernels.ts";
import { reshape } from "./reduction.ts";

type HeadAttributes = { readonly rows: number };

/** Log-probabilities of rows [start, end), and their slopes by the hidden states. */
const emitRows = (
  emitter: OnnxEmitter,
  [hidden, weight, targets]: readonly string[],
  [start, end]: readonly [number, number],
): { values: string; slopes: string } => {
  const count = end - start;
  const wanted = emitSlice(emitter, targets!, 0, start, end);
  const product = { transposeA: false, transposeB: true, alpha: 1, rank: 2 };
  const logits = emitProduct(emitter, emitSlice(emitter, hidden!, 0, start, end), weight!, product);
  const full = emitLogSoftmax(emitter, logits);
  const [column] = emitter.emit("Reshape", [wanted, emitter.integers([count, 1])]);
  const [taken] = emitter.emit("GatherElements", [full, column!], { attributes: { axis: 1 } });
  const [values] = emitter.emit("Reshape", [taken!, emitter.integers([count])]);
  const [probabilities] = emitter.emit("Exp", [full]);
  const [expected] = emitter.emit("MatMul", [probabilities!, weight!]);
  const [own] = emitter.emit("Gather", [weight!, wanted], { attributes: { axis: 0 } });
  const [slopes] = emitter.emit("Sub", [own!, expected!]);
  return { values: values!, slopes: slopes! };
};

const headRule: Operation = {
  name: "frozen-head-log-probability",
  // log P(target) [n], and its slopes by the hidden states [n, width]
  outputs: ([hidden, weight, targets]) => {
    const [count, width] = hidden!.shape as [number, number];
    const fits =
      hidden!.shape.length === 2 &&
      weight!.shape.length === 2 &&
      weight!.shape[1] === width &&
      sameShape(targets!.shape, [count]);
    if (!fits)
      throw shapeError(
        "frozen-head-log-probability",
        "hidden [n, width], weight [vocabulary, width], targets [n]",
        hidden!.shape,
        weight!.shape,
        targets!.shape,
      );
    return [
      { shape: [count], type: hidden!.type },
      { shape: hidden!.shape, type: hidden!.type },
    ];
  },
  gradient: (node, [gradient]) => [
    multiply(outputOf(node, 1), reshape(gradient!, [gradient!.shape[0]!, 1])),
    undefined,
    undefined,
  ],
  onnx: (node, inputs, emitter) => {
    const { rows } = node.attributes as HeadAttributes;
    const [count] = node.outputs[0]!.shape as [number];
    const parts = Array.from({ length: Math.ceil(count / rows) }, (_, at) =>
      emitRows(emitter, inputs, [at * rows, Math.min(count, (at + 1) * rows)]),
    );
    const joined = (names: string[]): string =>
      names.length === 1 ? names[0]! : emitter.emit("Concat", names, { attributes: { axis: 0 } })[0]!;
    return [joined(parts.map(({ values }) => values)), joined(parts.map(({ slopes }) => slopes))];
  },
  evaluate: (_node, [hidden, weight, targets]): ReferenceValue[] => {
    const [count, width] = hidden!.shape as [number, number];
    const [vocabulary] = weight!.shape as [number];
    const logits = new Float64Array(count * vocabulary);
    for (let row = 0; row < count; row++)
      for (let token = 0; token < vocabulary; token++)
        for (let at = 0; at < width; at++)
          logits[row * vocabulary + token]! +=
            hidden!.data[row * width + at]! * weight!.data[token * width + at]!;
    const { data } = softmaxReference({ shape: [count, vocabulary], data: logits });
    const values = targets!.data.map((token, row) => Math.log(data[row * vocabulary + token]!));
    const slopes = new Float64Array(count * width).map((_, flat) => {
      const row = Math.floor(flat / width);
      const at = flat % width;
      let slope = weight!.data[targets!.data[row]! * width + at]!;
      for (let token = 0; token < vocabulary; token++)
        slope -= data[row * vocabulary + token]! * weight!.data[token * width + at]!;
      return slope;
    });
    return [
      { shape: [count], data: values },
      { shape: hidden!.shape, data: slopes },
    ];
  },
  examples: [
    {
      inputs: [
        { shape: [5, 3] },
        { shape: [7, 3], differentiable: false },
        { shape: [5], type: "int64", values: () => [4, 0, 6, 6, 2] },
      ],
      attributes: { rows: 2 },
    },
  ],
};

/** Logits made at a time are of at most so many bytes. */
const bytesAtATime = 64e6;

/**
 * log softmax(hidden weightᵀ)[target] of every row: hidden [n, width], weight [vocabulary, width], which gets no
 * gradient, targets int64 [n] → [n].
 */
export const frozenHeadLogProbability = (hidden: Tensor, weight: Tensor, targets: Tensor): Tensor => {
  const rows = Math.max(64, Math.floor(bytesAtATime / (4 * weight.shape[0]!)));
  return apply(headRule, [hidden, weight, targets], { rows });
};

export const headOperations: readonly Operation[] = [headRule];
