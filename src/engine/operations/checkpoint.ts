// Gradient checkpointing (Chen et al. 2016): of a part of the graph only its input is kept for the backward pass, which
// computes the part again. How gradients go through it, gradient.ts knows.

import type { Operation } from "../operation.ts";
import { sizeOf } from "../shape.ts";
import { type GraphNode, outputOf, type Tensor } from "../tensor.ts";
import { apply, applyNode } from "./apply.ts";

type Compute = (x: Tensor) => Tensor;

const computations = new WeakMap<GraphNode, Compute>();

// the value of the part, by its second input; the first is what it is computed from
const checkpointRule: Operation = {
  name: "checkpoint",
  outputs: ([, y]) => [{ shape: y!.shape, type: y!.type }],
  onnx: (_node, [, y]) => [y!],
  evaluate: (_node, [, y]) => [y!],
  examples: [{ inputs: [{ shape: [2, 3] }, { shape: [2, 3] }] }],
};

// x, but not before `after` is there. Without it the part would be computed again at once, or not at all, because
// ONNX Runtime merges what is computed twice. Nothing simplifies a product with zero: `after` might not be finite.
const delayRule: Operation = {
  name: "delay",
  outputs: ([x]) => [{ shape: x!.shape, type: x!.type }],
  onnx: (node, [x, after], emitter) => {
    const [flat] = emitter.emit("Reshape", [after!, emitter.integers([sizeOf(node.inputs[1]!.shape)])]);
    const [first] = emitter.emit("Slice", [flat!, emitter.integers([0]), emitter.integers([1])]);
    const [zero] = emitter.emit("Mul", [first!, emitter.float(0)]);
    return emitter.emit("Add", [x!, zero!]);
  },
  evaluate: (_node, [x]) => [x!],
  examples: [{ inputs: [{ shape: [2, 3] }, { shape: [4] }] }],
};

/** compute(x), computed again in the backward pass instead of kept. compute must give the same graph every time. */
export const checkpoint = (compute: Compute, x: Tensor): Tensor => {
  const node = applyNode(checkpointRule, [x, compute(x)]);
  computations.set(node, compute);
  return outputOf(node);
};

/** Of a checkpoint's node: its input, and its value computed again from `input` once `after` is there. */
export const recompute = (
  node: GraphNode,
  after: Tensor,
): { readonly from: Tensor; readonly input: Tensor; readonly output: Tensor } | undefined => {
  const compute = computations.get(node);
  if (compute === undefined) return undefined;
  const from = node.inputs[0]!;
  const input = apply(delayRule, [from, after]);
  return { from, input, output: compute(input) };
};

export const checkpointOperations: readonly Operation[] = [checkpointRule, delayRule];
