// The lazy graph. A tensor is one output of an application of an operation to other tensors; nothing is computed
// until a graph is compiled (session.ts) or interpreted (reference.ts). Knows no operation by name but the leaves.

import { CovenantError } from "../core/index.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Types of a tensor's elements; a bool is fed as a byte, 0 or 1. */
export type ElementType = "float32" | "int64" | "int32" | "int8" | "uint8" | "bool";

/** What a graph is fed with and what it gives back. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array;

/** What an operation is told besides its inputs: fixed when the graph is built. */
export type AttributeValue = number | string | boolean | readonly number[] | TensorData;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What is known of an output before it is computed. */
export type OutputSpecification = { readonly shape: Shape; readonly type: ElementType };

/** One application of an operation. Its identity is the object's. */
export type GraphNode = {
  readonly operation: string;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly OutputSpecification[];
};

/** One output of a node: a value that will exist when the graph runs. */
export type Tensor = {
  readonly node: GraphNode;
  readonly index: number;
  readonly shape: Shape;
  readonly type: ElementType;
};

/** The tensor that is output `index` of a node. */
export const outputOf = (node: GraphNode, index = 0): Tensor => {
  const specification = node.outputs[index];
  if (specification === undefined) {
    throw new CovenantError("engine-output", `${node.operation} has no output ${index}`, { index });
  }
  return { node, index, ...specification };
};

const leaf = (operation: string, attributes: Attributes, shape: Shape, type: ElementType): Tensor =>
  outputOf({ operation, inputs: [], attributes, outputs: [{ shape, type }] });

/** A named value that every run is fed with. */
export const input = (name: string, shape: Shape, type: ElementType = "float32"): Tensor =>
  leaf("input", { name }, shape, type);

/** A value fixed in the graph. Length of data and size of shape must agree. */
export const constant = (data: TensorData, shape: Shape): Tensor => {
  if (data.length !== sizeOf(shape)) {
    throw new CovenantError(
      "engine-constant",
      `constant: ${data.length} values do not fill [${shape.join(", ")}]`,
    );
  }
  return leaf("constant", { data }, shape, elementTypeOf(data));
};

/** A float32 number that broadcasts against anything. */
export const scalar = (value: number): Tensor => constant(Float32Array.of(value), []);

/** The element type that data of this kind of array has. */
export const elementTypeOf = (data: TensorData): ElementType => {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  return data instanceof Int8Array ? "int8" : "uint8";
};

/**
 * Gives the memory behind data back at once, where the garbage collector would wait for more of it; nothing may read that
 * buffer again. Node 20 leaves it to the collector.
 */
export const freeData = (data: TensorData): void => {
  (data.buffer as { transfer?(length: number): unknown }).transfer?.(0);
};

/**
 * Every node the tensors depend on, inputs before users; what `last` depends on is left out. Iterative: graphs are deep.
 */
export const orderedNodes = (tensors: readonly Tensor[], last?: GraphNode): GraphNode[] => {
  const order: GraphNode[] = [];
  const state = new Map<GraphNode, "open" | "done">();
  const stack: GraphNode[] = [];
  for (const tensor of tensors) {
    stack.push(tensor.node);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (state.get(node) === undefined) {
        state.set(node, "open");
        for (let index = node === last ? -1 : node.inputs.length - 1; index >= 0; index--) {
          const before = node.inputs[index]!.node;
          if (state.get(before) === undefined) stack.push(before);
        }
      } else {
        stack.pop();
        if (state.get(node) === "open") {
          state.set(node, "done");
          order.push(node);
        }
      }
    }
  }
  return order;
};
