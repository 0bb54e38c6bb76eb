// Sums and changes of shape: reshape, transpose, slice, pad, concatenation, broadcasting.
// No gradient here needs arithmetic beyond sums: each is another operation of this file.

import type { OnnxEmitter, Operation, ReferenceValue } from "../operation.ts";
import { frontAxis, type Shape, shapeError, sizeOf, stridesOf } from "../shape.ts";
import type { GraphNode, Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";

const axesOf = (node: GraphNode): number[] => node.attributes["axes"] as number[];

/** The shape with axes (counted from the front) lost, or with keep as sides of 1. */
export const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  keep
    ? shape.map((side, axis) => (axes.includes(axis) ? 1 : side))
    : shape.filter((_, axis) => !axes.includes(axis));

const reduceReference = (
  value: ReferenceValue,
  axes: readonly number[],
  keep: boolean,
  map: (x: number) => number,
) => {
  const kept = reducedShape(value.shape, axes, true);
  const strides = stridesOf(value.shape);
  const keptStrides = stridesOf(kept);
  const data = new Float64Array(sizeOf(kept));
  for (let flat = 0; flat < value.data.length; flat++) {
    let at = 0;
    for (let axis = 0; axis < kept.length; axis++) {
      if (kept[axis] !== 1)
        at += (Math.floor(flat / strides[axis]!) % value.shape[axis]!) * keptStrides[axis]!;
    }
    data[at]! += map(value.data[flat]!);
  }
  return { shape: reducedShape(value.shape, axes, keep), data };
};

/** An operation that sums map(x) over its attribute axes, by an ONNX operator; its attribute keep leaves sides of 1. */
export const reduction = (
  name: string,
  operator: string,
  map: (x: number) => number,
  gradient: Operation["gradient"],
): Operation => ({
  name,
  outputs: ([x], attributes) => [
    {
      shape: reducedShape(x!.shape, attributes["axes"] as number[], attributes["keep"] as boolean),
      type: x!.type,
    },
  ],
  ...(gradient === undefined ? {} : { gradient }),
  onnx: (node, inputs, emitter) =>
    emitter.emit(operator, [inputs[0]!, emitter.integers(axesOf(node))], {
      attributes: { keepdims: node.attributes["keep"] === true ? 1 : 0 },
    }),
  evaluate: (node, [x]) => [reduceReference(x!, axesOf(node), node.attributes["keep"] as boolean, map)],
  examples: [
    { inputs: [{ shape: [2, 3, 4] }], attributes: { axes: [1], keep: true } },
    { inputs: [{ shape: [2, 3, 4] }], attributes: { axes: [0, 2], keep: false } },
  ],
});

/** The gradient of a reduced tensor with its lost axes put back as sides of 1. */
export const withAxes = (node: GraphNode, gradient: Tensor): Tensor =>
  reshape(gradient, reducedShape(node.inputs[0]!.shape, axesOf(node), true));

const sumRule = reduction(
  "sum",
  "ReduceSum",
  (x) => x,
  (node, [gradient]) => [broadcastTo(withAxes(node, gradient!), node.inputs[0]!.shape)],
);

const reshapeRule: Operation = {
  name: "reshape",
  outputs: ([x], attributes) => {
    const shape = attributes["shape"] as number[];
    if (sizeOf(shape) !== sizeOf(x!.shape)) throw shapeError("reshape", "as many elements", x!.shape, shape);
    return [{ shape, type: x!.type }];
  },
  gradient: (node, [gradient]) => [reshape(gradient!, node.inputs[0]!.shape)],
  onnx: (node, inputs, emitter) =>
    emitter.emit("Reshape", [inputs[0]!, emitter.integers(node.outputs[0]!.shape)]),
  evaluate: (node, [x]) => [{ shape: node.outputs[0]!.shape, data: x!.data }],
  examples: [{ inputs: [{ shape: [2, 6] }], attributes: { shape: [3, 4] } }],
};

const transposeReference = (value: ReferenceValue, order: readonly number[]): ReferenceValue => {
  const shape = order.map((axis) => value.shape[axis]!);
  const from = stridesOf(value.shape);
  const to = stridesOf(shape);
  const data = new Float64Array(value.data.length);
  for (let flat = 0; flat < data.length; flat++) {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) {
      at += (Math.floor(flat / to[axis]!) % shape[axis]!) * from[order[axis]!]!;
    }
    data[flat] = value.data[at]!;
  }
  return { shape, data };
};

const transposeRule: Operation = {
  name: "transpose",
  outputs: ([x], attributes) => {
    const order = attributes["order"] as number[];
    if (order.length !== x!.shape.length || x!.shape.some((_, axis) => !order.includes(axis)))
      throw shapeError("transpose", "an order that names every axis once", x!.shape, order);
    return [{ shape: order.map((axis) => x!.shape[axis]!), type: x!.type }];
  },
  gradient: (node, [gradient]) => {
    const order = node.attributes["order"] as number[];
    return [
      transpose(
        gradient!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
  onnx: (node, inputs, emitter) =>
    emitter.emit("Transpose", inputs, { attributes: { perm: node.attributes["order"] as number[] } }),
  evaluate: (node, [x]) => [transposeReference(x!, node.attributes["order"] as number[])],
  examples: [{ inputs: [{ shape: [2, 3, 4] }], attributes: { order: [2, 0, 1] } }],
};

const broadcastRule: Operation = {
  name: "broadcast",
  outputs: ([x], attributes) => {
    const shape = attributes["shape"] as number[];
    const fits =
      x!.shape.length === shape.length && x!.shape.every((own, at) => own === 1 || own === shape[at]);
    if (!fits) throw shapeError("broadcast", "equal ranks, and sides that are equal or 1", x!.shape, shape);
    return [{ shape, type: x!.type }];
  },
  gradient: (node, [gradient]) => {
    const own = node.inputs[0]!.shape;
    const axes = gradient!.shape.flatMap((side, axis) => (own[axis] === 1 && side !== 1 ? [axis] : []));
    return [axes.length === 0 ? gradient : sum(gradient!, axes, true)];
  },
  onnx: (node, inputs, emitter) =>
    emitter.emit("Expand", [inputs[0]!, emitter.integers(node.outputs[0]!.shape)]),
  evaluate: (node, [x]) => {
    const { shape } = node.outputs[0]!;
    const strides = stridesOf(shape);
    const own = stridesOf(x!.shape);
    const data = new Float64Array(sizeOf(shape));
    for (let flat = 0; flat < data.length; flat++) {
      let at = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        if (x!.shape[axis] !== 1) at += (Math.floor(flat / strides[axis]!) % shape[axis]!) * own[axis]!;
      }
      data[flat] = x!.data[at]!;
    }
    return [{ shape, data }];
  },
  examples: [{ inputs: [{ shape: [2, 1, 3] }], attributes: { shape: [2, 4, 3] } }],
};

const sliceRule: Operation = {
  name: "slice",
  outputs: ([x], attributes) => {
    const { axis, start, end } = attributes as { axis: number; start: number; end: number };
    if (start < 0 || end > x!.shape[axis]! || start >= end)
      throw shapeError("slice", `${start}..${end} inside axis ${axis}`, x!.shape);
    return [{ shape: x!.shape.map((side, at) => (at === axis ? end - start : side)), type: x!.type }];
  },
  gradient: (node, [gradient]) => {
    const { axis, start, end } = node.attributes as { axis: number; start: number; end: number };
    return [pad(gradient!, axis, start, node.inputs[0]!.shape[axis]! - end)];
  },
  onnx: (node, inputs, emitter) => {
    const { axis, start, end } = node.attributes as { axis: number; start: number; end: number };
    return emitter.emit("Slice", [
      inputs[0]!,
      ...[[start], [end], [axis]].map((values) => emitter.integers(values)),
    ]);
  },
  evaluate: (node, [x]) => {
    const { axis, start } = node.attributes as { axis: number; start: number };
    const { shape } = node.outputs[0]!;
    const inner = sizeOf(shape.slice(axis + 1));
    const side = shape[axis]!;
    const data = new Float64Array(sizeOf(shape));
    for (let flat = 0; flat < data.length; flat++) {
      const outer = Math.floor(flat / (inner * side));
      data[flat] = x!.data[outer * inner * x!.shape[axis]! + start * inner + (flat - outer * inner * side)]!;
    }
    return [{ shape, data }];
  },
  examples: [{ inputs: [{ shape: [2, 5, 3] }], attributes: { axis: 1, start: 1, end: 4 } }],
};

const padRule: Operation = {
  name: "pad",
  outputs: ([x], attributes) => {
    const { axis, before, after } = attributes as { axis: number; before: number; after: number };
    return [
      { shape: x!.shape.map((side, at) => (at === axis ? before + side + after : side)), type: x!.type },
    ];
  },
  gradient: (node, [gradient]) => {
    const { axis, before } = node.attributes as { axis: number; before: number };
    return [slice(gradient!, axis, before, before + node.inputs[0]!.shape[axis]!)];
  },
  onnx: (node, inputs, emitter) => {
    const { axis, before, after } = node.attributes as { axis: number; before: number; after: number };
    const rank = node.inputs[0]!.shape.length;
    const amounts = Array.from({ length: 2 * rank }, (_, at) =>
      at === axis ? before : at === axis + rank ? after : 0,
    );
    return emitter.emit("Pad", [inputs[0]!, emitter.integers(amounts)]);
  },
  evaluate: (node, [x]) => {
    const { axis, before } = node.attributes as { axis: number; before: number };
    const { shape } = node.outputs[0]!;
    const inner = sizeOf(shape.slice(axis + 1));
    const side = x!.shape[axis]!;
    const data = new Float64Array(sizeOf(shape));
    for (let flat = 0; flat < x!.data.length; flat++) {
      const outer = Math.floor(flat / (inner * side));
      data[outer * inner * shape[axis]! + before * inner + (flat - outer * inner * side)] = x!.data[flat]!;
    }
    return [{ shape, data }];
  },
  examples: [{ inputs: [{ shape: [2, 2, 3] }], attributes: { axis: 1, before: 1, after: 2 } }],
};

const concatenateRule: Operation = {
  name: "concatenate",
  outputs: (inputs, attributes) => {
    const axis = attributes["axis"] as number;
    const side = inputs.reduce((total, x) => total + x.shape[axis]!, 0);
    const [head] = inputs;
    const odd = inputs.find(
      ({ shape }) =>
        shape.length !== head!.shape.length ||
        shape.some((own, at) => at !== axis && own !== head!.shape[at]),
    );
    if (odd !== undefined)
      throw shapeError("concatenate", `sides equal but for axis ${axis}`, head!.shape, odd.shape);
    return [{ shape: inputs[0]!.shape.map((own, at) => (at === axis ? side : own)), type: inputs[0]!.type }];
  },
  gradient: (node, [gradient]) => {
    const axis = node.attributes["axis"] as number;
    let start = 0;
    return node.inputs.map((x) => {
      const part = slice(gradient!, axis, start, start + x.shape[axis]!);
      start += x.shape[axis]!;
      return part;
    });
  },
  onnx: (node, inputs, emitter: OnnxEmitter) =>
    emitter.emit("Concat", inputs, { attributes: { axis: node.attributes["axis"] as number } }),
  evaluate: (node, values) => {
    const axis = node.attributes["axis"] as number;
    const { shape } = node.outputs[0]!;
    const outer = sizeOf(shape.slice(0, axis));
    const data: number[] = [];
    for (let block = 0; block < outer; block++) {
      for (const value of values) {
        const length = sizeOf(value.shape.slice(axis));
        data.push(...value.data.subarray(block * length, (block + 1) * length));
      }
    }
    return [{ shape, data: Float64Array.from(data) }];
  },
  examples: [{ inputs: [{ shape: [2, 2, 3] }, { shape: [2, 1, 3] }], attributes: { axis: 1 } }],
};

/** Axes of x (all of them by default) counted from the front; one that x has not throws "engine-axis". */
export const frontAxes = (x: Tensor, axes: readonly number[] | undefined): number[] =>
  (axes ?? x.shape.map((_, axis) => axis)).map((axis) => frontAxis("reduction", axis, x.shape.length));

/** Sum over axes (all of them by default); keep leaves sides of 1. */
export const sum = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  apply(sumRule, [x], { axes: frontAxes(x, axes), keep });
/** The elements of x, row by row, in another shape of as many elements; any other throws "engine-shape". */
export const reshape = (x: Tensor, shape: Shape): Tensor => apply(reshapeRule, [x], { shape });
/**
 * x with its axes put in order: side i of the result is side order[i] of x. An order that does not name every axis once
 * throws "engine-shape".
 */
export const transpose = (x: Tensor, order: readonly number[]): Tensor =>
  apply(transposeRule, [x], { order });
/** x repeated along its sides of 1 until it has the shape (same rank). */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => apply(broadcastRule, [x], { shape });
/** The part [start, end) of one axis. */
export const slice = (x: Tensor, axis: number, start: number, end: number): Tensor => {
  const front = frontAxis("slice", axis, x.shape.length);
  return start === 0 && end === x.shape[front] ? x : apply(sliceRule, [x], { axis: front, start, end });
};
/** Zeros put before and after along one axis. */
export const pad = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before === 0 && after === 0 ? x : apply(padRule, [x], { axis, before, after });
/** Tensors one after the other along an axis; sides that differ along another one throw "engine-shape". */
export const concatenate = (inputs: readonly Tensor[], axis: number): Tensor =>
  apply(concatenateRule, inputs, { axis: frontAxis("concatenate", axis, inputs[0]!.shape.length) });

/** The operations of this file, for the table. */
export const reductionOperations: readonly Operation[] = [
  sumRule,
  reshapeRule,
  transposeRule,
  broadcastRule,
  sliceRule,
  padRule,
  concatenateRule,
];
