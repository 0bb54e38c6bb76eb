// Attention for generation: new tokens against a fixed key/value cache that is written in place. Not differentiable.
// GroupQueryAttention (com.microsoft) copies nothing when past and present are the same buffer; it rotates queries
// and keys itself and masks by each row's length, so rows of different lengths share a batch.

import type { Operation, ReferenceValue } from "../operation.ts";
import { shapeError, sizeOf } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { applyNode } from "./apply.ts";

type CacheAttributes = { readonly heads: number; readonly keyValueHeads: number; readonly scale: number };

const cachedAttentionReference = (node: GraphNode, values: readonly ReferenceValue[]): ReferenceValue[] => {
  const [q, k, v, pastKey, pastValue, lengths, , cosine, sine] = values as ReferenceValue[];
  const { heads, keyValueHeads, scale } = node.attributes as CacheAttributes;
  const [batch, time] = q!.shape as [number, number, number];
  const [, , capacity, side] = pastKey!.shape as [number, number, number, number];
  const keys = pastKey!.data.slice();
  const presentValues = pastValue!.data.slice();
  const out = new Float64Array(sizeOf(q!.shape));
  const rotate = (
    source: ReferenceValue,
    row: number,
    head: number,
    count: number,
    position: number,
  ): number[] => {
    const half = side / 2;
    const base = row * count * side + head * side;
    return Array.from({ length: side }, (_, at) => {
      const pair = at % half;
      const c = cosine!.data[position * half + pair]!;
      const s = sine!.data[position * half + pair]!;
      const low = source.data[base + pair]!;
      const high = source.data[base + pair + half]!;
      return at < half ? low * c - high * s : high * c + low * s;
    });
  };
  for (let lane = 0; lane < batch; lane++) {
    const total = lengths!.data[lane]! + 1;
    const start = Math.max(0, total - time);
    for (let step = 0; step < time; step++) {
      const position = start === 0 && time > 1 ? step : start + step;
      for (let head = 0; head < keyValueHeads; head++) {
        const at = ((lane * keyValueHeads + head) * capacity + position) * side;
        keys.set(rotate(k!, lane * time + step, head, keyValueHeads, position), at);
        const from = ((lane * time + step) * keyValueHeads + head) * side;
        presentValues.set(v!.data.subarray(from, from + side), at);
      }
    }
    for (let step = 0; step < time; step++) {
      const position = start === 0 && time > 1 ? step : start + step;
      for (let head = 0; head < heads; head++) {
        const lookup = (lane * keyValueHeads + Math.floor(head / (heads / keyValueHeads))) * capacity;
        const query = rotate(q!, lane * time + step, head, heads, position);
        const scores = Array.from({ length: position + 1 }, (_, seen) =>
          Math.exp(scale * query.reduce((sum, x, at) => sum + x * keys[(lookup + seen) * side + at]!, 0)),
        );
        const norm = scores.reduce((sum, x) => sum + x, 0);
        for (let at = 0; at < side; at++) {
          out[((lane * time + step) * heads + head) * side + at] =
            scores.reduce((sum, x, seen) => sum + x * presentValues[(lookup + seen) * side + at]!, 0) / norm;
        }
      }
    }
  }
  return [
    { shape: q!.shape, data: out },
    { shape: pastKey!.shape, data: keys },
    { shape: pastValue!.shape, data: presentValues },
  ];
};

const cachedAttentionRule: Operation = {
  name: "cached-attention",
  outputs: ([q, k, , pastKey, pastValue], attributes) => {
    const { heads, keyValueHeads } = attributes as CacheAttributes;
    const side = q!.shape[2]! / heads;
    if (
      k!.shape[2] !== keyValueHeads * side ||
      pastKey!.shape[1] !== keyValueHeads ||
      pastKey!.shape[3] !== side
    ) {
      throw shapeError(
        "cached-attention",
        "a cache [batch, key heads, capacity, side]",
        q!.shape,
        k!.shape,
        pastKey!.shape,
      );
    }
    return [q!, pastKey!, pastValue!].map(({ shape, type }) => ({ shape, type }));
  },
  onnx: (node, inputs, emitter) => {
    const { heads, keyValueHeads, scale } = node.attributes as CacheAttributes;
    return emitter.emit("GroupQueryAttention", inputs, {
      domain: "com.microsoft",
      outputs: 3,
      attributes: {
        num_heads: heads,
        kv_num_heads: keyValueHeads,
        scale: { float: scale },
        do_rotary: 1,
        rotary_interleaved: 0,
      },
    });
  },
  evaluate: cachedAttentionReference,
  examples: [
    {
      inputs: [
        { shape: [2, 1, 32] },
        { shape: [2, 1, 16] },
        { shape: [2, 1, 16] },
        { shape: [2, 1, 6, 16] },
        { shape: [2, 1, 6, 16] },
        { shape: [2], type: "int32", values: () => [5, 5] },
        { shape: [1], type: "int32", values: () => [6] },
        { shape: [6, 8] },
        { shape: [6, 8] },
      ],
      attributes: { heads: 2, keyValueHeads: 1, scale: 0.25 },
    },
    {
      inputs: [
        { shape: [2, 3, 32] },
        { shape: [2, 3, 16] },
        { shape: [2, 3, 16] },
        { shape: [2, 1, 6, 16], low: 0, high: 1e-9 },
        { shape: [2, 1, 6, 16], low: 0, high: 1e-9 },
        { shape: [2], type: "int32", values: () => [2, 2] },
        { shape: [1], type: "int32", values: () => [3] },
        { shape: [6, 8] },
        { shape: [6, 8] },
      ],
      attributes: { heads: 2, keyValueHeads: 1, scale: 0.25 },
    },
  ],
};

/**
 * Attention of new tokens over a fixed cache, causal, with rotary embedding inside. q [batch, time, heads·side], k
 * and v [batch, time, key heads·side], cache [batch, key heads, capacity, side], lengths int32 [batch]: tokens of
 * each row after this step, less one; total int32 [1]: the greatest such count. Feed and fetch the same cache buffer.
 */
export const cachedAttention = (
  inputs: {
    readonly q: Tensor;
    readonly k: Tensor;
    readonly v: Tensor;
    readonly pastKey: Tensor;
    readonly pastValue: Tensor;
    readonly lengths: Tensor;
    readonly total: Tensor;
    readonly cosine: Tensor;
    readonly sine: Tensor;
  },
  attributes: CacheAttributes,
): { readonly context: Tensor; readonly key: Tensor; readonly value: Tensor } => {
  const { q, k, v, pastKey, pastValue, lengths, total, cosine, sine } = inputs;
  const node = applyNode(
    cachedAttentionRule,
    [q, k, v, pastKey, pastValue, lengths, total, cosine, sine],
    attributes,
  );
  return { context: outputOf(node, 0), key: outputOf(node, 1), value: outputOf(node, 2) };
};

export const cacheOperations: readonly Operation[] = [cachedAttentionRule];
