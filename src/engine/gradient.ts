// Reverse-mode differentiation: walks the graph from a scalar back to its leaves and adds up each operation's
// gradient rule (Griewank & Walther 2008). The result is graph again, so it compiles with the forward pass.

import { CovenantError } from "../core/index.ts";
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

/**
 * Gradients of a scalar by tensors it depends on, in their order; zeros for one it does not depend on. Throws
 * CovenantError when the loss is no scalar, an operation on the way has no gradient rule, or the way leads through a
 * by-product (any output but the first).
 */
export const gradients = (loss: Tensor, by: readonly Tensor[]): Tensor[] => {
  if (sizeOf(loss.shape) !== 1) {
    throw new CovenantError(
      "engine-gradient",
      `gradients: the loss must be a scalar, got [${loss.shape.join(", ")}]`,
    );
  }
  const order = orderedNodes([loss]);
  const carries = reachable(order, by);
  const flowing = new Map<GraphNode, (Tensor | undefined)[]>();
  flowing.set(loss.node, []);
  flowing.get(loss.node)![loss.index] = constant(Float32Array.of(1), loss.shape);
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at]!;
    const arrived = flowing.get(node);
    if (arrived === undefined || node.inputs.length === 0 || !carries.has(node)) continue;
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
    operation.gradient(node, arrived).forEach((flow, index) => {
      const source = node.inputs[index]!;
      if (flow === undefined || !carries.has(source.node)) return;
      const held = flowing.get(source.node) ?? [];
      const before = held[source.index];
      held[source.index] = before === undefined ? flow : add(before, flow);
      flowing.set(source.node, held);
    });
  }
  return by.map((tensor) => flowing.get(tensor.node)?.[tensor.index] ?? zerosLike(tensor));
};
