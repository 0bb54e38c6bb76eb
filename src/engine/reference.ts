// The slow, obvious interpreter: every operation by its plain evaluation in double precision. Gradients are checked
// against finite differences on it, and compiled graphs against its numbers.

import { CovenantError } from "../core/index.ts";
import type { ReferenceValue } from "./operation.ts";
import { operationNamed } from "./operations/table.ts";
import { type GraphNode, orderedNodes, type Tensor, type TensorData } from "./tensor.ts";

/** Values of the tensors, from values of the named inputs. */
export const interpret = (
  tensors: readonly Tensor[],
  feeds: Readonly<Record<string, ArrayLike<number> | BigInt64Array>>,
): ReferenceValue[] => {
  const results = new Map<GraphNode, ReferenceValue[]>();
  for (const node of orderedNodes(tensors)) {
    const { shape } = node.outputs[0]!;
    if (node.operation === "input") {
      const name = node.attributes["name"] as string;
      const fed = feeds[name];
      if (fed === undefined)
        throw new CovenantError("engine-feed", `interpret: input "${name}" was not fed`, { name });
      results.set(node, [{ shape, data: Float64Array.from(fed as ArrayLike<number>, Number) }]);
    } else if (node.operation === "constant") {
      const data = node.attributes["data"] as TensorData;
      results.set(node, [{ shape, data: Float64Array.from(data as ArrayLike<number>, Number) }]);
    } else {
      const values = node.inputs.map((tensor) => results.get(tensor.node)![tensor.index]!);
      results.set(node, operationNamed(node.operation).evaluate(node, values));
    }
  }
  return tensors.map((tensor) => results.get(tensor.node)![tensor.index]!);
};
