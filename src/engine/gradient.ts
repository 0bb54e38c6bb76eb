// Reverse-mode differentiation: walks the graph from a scalar back to its leaves and adds up each operation's
// gradient rule (Griewank & Walther 2008). The result is graph again, so it compiles with the forward pass.

import { CovenantError } from "../core/index.ts";
import { recompute } from "./operations/checkpoint.ts";
import { add } from "./operations/elementwise.ts";
import { broadcastTo, reshape } from "./operations/reduction.ts";
import { operationNamed } from "./operations/table.ts";
import { sizeOf } from "./shape.ts";
import { constant, type GraphNode, orderedNodes, type Tensor } from "./tensor.ts";

/** Nodes on a path from one of the leaves: only they carry gradients. */
const reachable = (order: readonly GraphNode[], leaves: readonly Tensor[]): Set<GraphNode> => {
  const marked = new Set(leaves.map((leaf) => leaf.node));
  for (const node of order) if (node.inputs.some((tensor) => marked.has(tensor.node))) marked.add(node);
  return marked;
};

const zerosLike = (tensor: Tensor): Tensor => {
  const single = constant(
    Float32Array.of(0),
    tensor.shape.map(() => 1),
  );
  return tensor.shape.length === 0 ? reshape(single, []) : broadcastTo(single, tensor.shape);
};

type Flows = Map<GraphNode, (Tensor | undefined)[]>;

const addFlow = (flowing: Flows, to: Tensor, flow: Tensor): void => {
  const held = flowing.get(to.node) ?? [];
  const before = held[to.index];
  held[to.index] = before === undefined ? flow : add(before, flow);
  flowing.set(to.node, held);
};

const gradientRule = (node: GraphNode, arrived: readonly (Tensor | undefined)[]) => {
  const operation = operationNamed(node.operation);
  if (operation.gradient === undefined) {
    throw new CovenantError("engine-gradient", `gradients: "${node.operation}" has no gradient rule`, {
      operation: node.operation,
    });
  }
  if (arrived.some((flow, index) => index > 0 && flow !== undefined)) {
    throw new CovenantError(
      "engine-gradient",
      `gradients: only the first output of "${node.operation}" carries gradients; the others are by-products`,
      { operation: node.operation },
    );
  }
  return operation.gradient(node, arrived);
};

/** An input on the way to what a gradient is asked by, where the operation has none: zeros would be a silent lie. */
const refuseZeros = ({ operation, inputs }: GraphNode, index: number): void => {
  if (inputs[index]!.type !== "float32") return;
  throw new CovenantError(
    "engine-gradient",
    `gradients: "${operation}" has no gradient by its input ${index}, on which a gradient is asked to depend`,
    { operation, input: index },
  );
};

/**
 * What flows from `flow`, the gradient of `output`, to tensors that it depends on; undefined where nothing does. Nothing
 * flows on from `last`.
 */
const pullBack = (
  output: Tensor,
  flow: Tensor,
  by: readonly Tensor[],
  last?: GraphNode,
): (Tensor | undefined)[] => {
  const order = orderedNodes([output], last);
  const carries = reachable(order, by);
  const flowing: Flows = new Map();
  addFlow(flowing, output, flow);
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at]!;
    const arrived = flowing.get(node);
    if (arrived === undefined || node.inputs.length === 0 || node === last || !carries.has(node)) continue;
    const again = recompute(node, arrived[0]!);
    if (again === undefined) {
      gradientRule(node, arrived).forEach((part, index) => {
        const source = node.inputs[index]!;
        if (!carries.has(source.node)) return;
        if (part !== undefined) addFlow(flowing, source, part);
        else refuseZeros(node, index);
      });
      continue;
    }
    // through the part that is computed again: to its input, and to what is asked for inside of it
    const wanted = [again.input, ...by];
    const [input, ...inside] = pullBack(again.output, arrived[0]!, wanted, again.input.node);
    if (input !== undefined && carries.has(again.from.node)) addFlow(flowing, again.from, input);
    inside.forEach((part, index) => {
      if (part !== undefined) addFlow(flowing, by[index]!, part);
    });
  }
  return by.map((tensor) => flowing.get(tensor.node)?.[tensor.index]);
};

/**
 * Gradients of a scalar by tensors it depends on, in their order; zeros for one it does not depend on. Throws
 * CovenantError when the loss is no scalar, an operation on the way has no gradient rule, or the way leads through a
 * by-product (any output but the first) or an input that an operation has no gradient by. What lies inside a checkpoint
 * may be asked for only where it is a leaf.
 */
export const gradients = (loss: Tensor, by: readonly Tensor[]): Tensor[] => {
  if (sizeOf(loss.shape) !== 1) {
    throw new CovenantError(
      "engine-gradient",
      `gradients: the loss must be a scalar, got [${loss.shape.join(", ")}]`,
    );
  }
  const flows = pullBack(loss, constant(Float32Array.of(1), loss.shape), by);
  return by.map((tensor, at) => flows[at] ?? zerosLike(tensor));
};
