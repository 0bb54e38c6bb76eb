// Attention over grouped queries as one record: its gradient needs no square matrix beside the weights (Dao et al.
// 2022), scores leave a fused product, and what no query of a block may see is not computed.

import type { OnnxEmitter, Operation, ReferenceValue } from "../operation.ts";
import { type Shape, sameShape, shapeError, sizeOf } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { apply, emitSlice } from "./apply.ts";
import { add, multiply, subtract } from "./elementwise.ts";
import { matmul } from "./linear.ts";
import { softmaxReference } from "./network.ts";
import { emitProduct } from "./provider-kernels.ts";
import { concatenate, reshape, slice, sum } from "./reduction.ts";

type AttentionAttributes = {
  readonly scale: number;
  /** Ends of the blocks of queries; those of one block see the keys before its end, those of the only one all keys. */
  readonly ends: readonly number[];
};

type Sizes = {
  readonly batch: number;
  readonly heads: number;
  readonly time: number;
  readonly groups: number;
  readonly side: number;
  readonly length: number;
};

const sizesOf = ({ inputs: [q, k] }: Pick<GraphNode, "inputs">): Sizes => {
  const [batch, heads, time, groups, side] = q!.shape as [number, number, number, number, number];
  return { batch, heads, time, groups, side, length: k!.shape[2]! };
};

/** Queries [from, to) of a block, and how many keys they see. */
type Block = { readonly from: number; readonly to: number; readonly seen: number };

const blocksOf = (attributes: GraphNode["attributes"], length: number): Block[] => {
  const { ends } = attributes as AttentionAttributes;
  return ends.map((to, at) => ({ from: ends[at - 1] ?? 0, to, seen: ends.length === 1 ? length : to }));
};

const weightShape = ({ batch, heads, groups }: Sizes, { from, to, seen }: Block): Shape => [
  batch,
  heads,
  (to - from) * groups,
  seen,
];

const attentionReference = (node: GraphNode, values: readonly ReferenceValue[]): ReferenceValue[] => {
  const [q, k, v, bias] = values as [ReferenceValue, ReferenceValue, ReferenceValue, ReferenceValue];
  const sizes = sizesOf(node);
  const { batch, heads, time, groups, side, length } = sizes;
  const { scale } = node.attributes as AttentionAttributes;
  const data = new Float64Array(sizeOf(q.shape));
  const weights = blocksOf(node.attributes, length).map((block): ReferenceValue => {
    const shape = weightShape(sizes, block);
    const [, , rows, seen] = shape as [number, number, number, number];
    const scores = new Float64Array(sizeOf(shape));
    const queryOf = (lane: number, row: number): number => lane * time * groups + block.from * groups + row;
    for (let lane = 0; lane < batch * heads; lane++) {
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < seen; column++) {
          let total = 0;
          for (let at = 0; at < side; at++)
            total += q.data[queryOf(lane, row) * side + at]! * k.data[(lane * length + column) * side + at]!;
          const place = block.from + Math.floor(row / groups);
          const masked = bias.data[(Math.floor(lane / heads) * time + place) * length + column]!;
          scores[(lane * rows + row) * seen + column] = scale * total + masked;
        }
      }
    }
    const found = softmaxReference({ shape, data: scores });
    for (let lane = 0; lane < batch * heads; lane++)
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < seen; column++)
          for (let at = 0; at < side; at++)
            data[queryOf(lane, row) * side + at]! +=
              found.data[(lane * rows + row) * seen + column]! *
              v.data[(lane * length + column) * side + at]!;
    return found;
  });
  return [{ shape: q.shape, data }, ...weights];
};

/** Gradients of one block: of its queries, and of the keys and values that it sees. */
const blockGradient = (node: GraphNode, gradient: Tensor, block: Block, index: number) => {
  const [q, k, v] = node.inputs as [Tensor, Tensor, Tensor];
  const { batch, heads, groups, side } = sizesOf(node);
  const { scale } = node.attributes as AttentionAttributes;
  const { from, to, seen } = block;
  const rows = (x: Tensor): Tensor =>
    reshape(slice(x, 2, from, to), [batch, heads, (to - from) * groups, side]);
  const weights = outputOf(node, index + 1);
  const flow = rows(gradient);
  // D = rowsum(dO * O) replaces rowsum(dP * P): one pass over [time, side] instead of [time, length] (Dao et al. 2022)
  const drawn = sum(multiply(flow, rows(outputOf(node))), [-1], true);
  const values = slice(v, 2, 0, seen);
  const scores = multiply(weights, subtract(matmul(flow, values, { transposeB: true }), drawn));
  return {
    queries: matmul(scores, slice(k, 2, 0, seen), { alpha: scale }),
    keys: matmul(scores, rows(q), { transposeA: true, alpha: scale }),
    values: matmul(weights, flow, { transposeA: true }),
  };
};

/** Sums of tensors [batch, heads, seen, side] that begin together and end where their block does. */
const sumPrefixes = (parts: readonly Tensor[], blocks: readonly Block[]): Tensor => {
  if (parts.length === 1) return parts[0]!;
  const segments = blocks.map((block, at) => {
    const start = at === 0 ? 0 : blocks[at - 1]!.seen;
    return parts
      .slice(at)
      .map((part) => slice(part, 2, start, block.seen))
      .reduce((total, part) => add(total, part));
  });
  return concatenate(segments, 2);
};

const attentionGradient: NonNullable<Operation["gradient"]> = (node, [gradient]) => {
  const { batch, heads, length, groups, side } = sizesOf(node);
  const blocks = blocksOf(node.attributes, length);
  const found = blocks.map((block, index) => blockGradient(node, gradient!, block, index));
  const queries = found.map(({ queries: rows }, at) =>
    reshape(rows, [batch, heads, blocks[at]!.to - blocks[at]!.from, groups, side]),
  );
  return [
    queries.length === 1 ? queries[0] : concatenate(queries, 2),
    sumPrefixes(
      found.map(({ keys }) => keys),
      blocks,
    ),
    sumPrefixes(
      found.map(({ values }) => values),
      blocks,
    ),
    undefined,
  ];
};

const emitBlock = (
  emitter: OnnxEmitter,
  node: GraphNode,
  inputs: readonly string[],
  { from, to, seen }: Block,
): { context: string; weights: string } => {
  const { batch, heads, time, groups, side, length } = sizesOf(node);
  const { scale } = node.attributes as AttentionAttributes;
  const whole = from === 0 && to === time;
  const part = (name: string, axis: number, start: number, end: number, size: number): string =>
    start === 0 && end === size ? name : emitSlice(emitter, name, axis, start, end);
  const [q, k, v, bias] = inputs as [string, string, string, string];
  const rows = (to - from) * groups;
  const queries = whole ? q : part(q, 2, from, to, time);
  const [flatQueries] = emitter.emit("Reshape", [queries, emitter.integers([batch, heads, rows, side])]);
  const keys = part(k, 2, 0, seen, length);
  const product = { transposeA: false, transposeB: true, alpha: scale, rank: 4 };
  const [grouped] = emitter.emit("Reshape", [
    emitProduct(emitter, flatQueries!, keys, product),
    emitter.integers([batch, heads, to - from, groups, seen]),
  ]);
  const shown = part(part(bias, 2, from, to, time), 4, 0, seen, length);
  const [masked] = emitter.emit("Add", [grouped!, shown]);
  const [softened] = emitter.emit("Softmax", [masked!], { attributes: { axis: -1 } });
  const [weights] = emitter.emit("Reshape", [softened!, emitter.integers([batch, heads, rows, seen])]);
  const [context] = emitter.emit("MatMul", [weights!, part(v, 2, 0, seen, length)]);
  const [shaped] = emitter.emit("Reshape", [
    context!,
    emitter.integers([batch, heads, to - from, groups, side]),
  ]);
  return { context: shaped!, weights: weights! };
};

const attentionRule: Operation = {
  name: "attention",
  // context [batch, key heads, time, groups, side], and of each block the weights [batch, key heads, rows, seen]
  outputs: (inputs, attributes) => {
    const [q, k, v, bias] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const sizes = sizesOf({ inputs });
    const { batch, heads, time, side, length } = sizes;
    const { ends } = attributes as AttentionAttributes;
    const fits =
      q.shape.length === 5 &&
      sameShape(k.shape, [batch, heads, length, side]) &&
      sameShape(v.shape, k.shape) &&
      sameShape(bias.shape, [batch, 1, time, 1, length]) &&
      ends.at(-1) === time &&
      (ends.length === 1 || time === length);
    if (!fits)
      throw shapeError(
        "attention",
        "q [b,h,t,g,d], k and v [b,h,s,d], bias [b,1,t,1,s]",
        q.shape,
        k.shape,
        bias.shape,
      );
    return [
      { shape: q.shape, type: q.type },
      ...blocksOf(attributes, length).map((block) => ({ shape: weightShape(sizes, block), type: q.type })),
    ];
  },
  gradient: attentionGradient,
  onnx: (node, inputs, emitter) => {
    const blocks = blocksOf(node.attributes, sizesOf(node).length);
    const parts = blocks.map((block) => emitBlock(emitter, node, inputs, block));
    const contexts = parts.map(({ context }) => context);
    const [context] =
      contexts.length === 1 ? contexts : emitter.emit("Concat", contexts, { attributes: { axis: 2 } });
    return [context!, ...parts.map(({ weights }) => weights)];
  },
  evaluate: attentionReference,
  examples: [
    {
      inputs: [
        { shape: [2, 2, 3, 2, 4] },
        { shape: [2, 2, 5, 4] },
        { shape: [2, 2, 5, 4] },
        { shape: [2, 1, 3, 1, 5], differentiable: false },
      ],
      attributes: { scale: 0.5, ends: [3] },
    },
    {
      inputs: [
        { shape: [1, 2, 5, 2, 2] },
        { shape: [1, 2, 5, 2] },
        { shape: [1, 2, 5, 2] },
        { shape: [1, 1, 5, 1, 5], differentiable: false },
      ],
      attributes: { scale: 0.5, ends: [2, 4, 5] },
    },
  ],
};

const blockSize = 64;

/**
 * softmax(scale · q kᵀ + bias) v with grouped queries, causal: q [batch, key heads, time, groups, side], k and v
 * [batch, key heads, time, side], bias [batch, 1, time, 1, time], 0 where seen and very negative where not; it must
 * hide every later token, because most of what is later is not computed.
 */
export const causalAttention = (q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: number): Tensor => {
  const time = q.shape[2]!;
  const ends = Array.from({ length: Math.ceil(time / blockSize) }, (_, at) =>
    Math.min(time, (at + 1) * blockSize),
  );
  return apply(attentionRule, [q, k, v, bias], { scale, ends });
};

export const attentionOperations: readonly Operation[] = [attentionRule];
