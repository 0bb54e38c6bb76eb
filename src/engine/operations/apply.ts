// Applying an operation record to tensors, and the small shared parts of the records' rules.
// Knows no operation by name.

import type { OnnxEmitter, Operation, ReferenceValue } from "../operation.ts";
import { broadcastIndex, type Shape, sizeOf } from "../shape.ts";
import { type Attributes, type GraphNode, outputOf, type Tensor } from "../tensor.ts";

/** A node of the operation; its shape rule runs now, so a misfit is reported where it is written. */
export const applyNode = (
  operation: Operation,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
): GraphNode => ({
  operation: operation.name,
  inputs,
  attributes,
  outputs: operation.outputs(inputs, attributes),
});

/** The first output of an application. */
export const apply = (operation: Operation, inputs: readonly Tensor[], attributes: Attributes = {}): Tensor =>
  outputOf(applyNode(operation, inputs, attributes));

/** Reference evaluation of a function of one number. */
export const mapValue = (value: ReferenceValue, map: (x: number) => number): ReferenceValue => ({
  shape: value.shape,
  data: value.data.map(map),
});

/** Reference evaluation of a function of two numbers with broadcasting. */
export const zipValues = (
  a: ReferenceValue,
  b: ReferenceValue,
  shape: Shape,
  zip: (x: number, y: number) => number,
): ReferenceValue => {
  const left = broadcastIndex(a.shape, shape);
  const right = broadcastIndex(b.shape, shape);
  const data = new Float64Array(sizeOf(shape));
  for (let index = 0; index < data.length; index++)
    data[index] = zip(a.data[left[index]!]!, b.data[right[index]!]!);
  return { shape, data };
};

export const first = (inputs: readonly Tensor[]): Tensor => inputs[0]!;

/** The name of the part [start, end) of one axis. */
export const emitSlice = (
  emitter: OnnxEmitter,
  x: string,
  axis: number,
  start: number,
  end: number,
): string =>
  emitter.emit("Slice", [x, ...[[start], [end], [axis]].map((values) => emitter.integers(values))])[0]!;

/** The name of a value in another shape. */
export const emitReshape = (emitter: OnnxEmitter, x: string, shape: Shape): string =>
  emitter.emit("Reshape", [x, emitter.integers(shape)])[0]!;
