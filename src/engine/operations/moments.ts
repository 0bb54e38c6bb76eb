// Reductions that need arithmetic: means and sums of squares.
// Apart from reduction.ts because they, or their gradients, multiply.

import type { Operation } from "../operation.ts";
import { scalar, type Tensor } from "../tensor.ts";
import { apply } from "./apply.ts";
import { multiply } from "./elementwise.ts";
import { frontAxes, reduction, sum, withAxes } from "./reduction.ts";

const sumOfSquaresRule = reduction(
  "sum-of-squares",
  "ReduceSumSquare",
  (x) => x * x,
  (node, [gradient]) => [multiply(node.inputs[0]!, multiply(withAxes(node, gradient!), scalar(2)))],
);

/** Sum of squares over axes (all of them by default). */
export const sumOfSquares = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  apply(sumOfSquaresRule, [x], { axes: frontAxes(x, axes), keep });

/** Mean over axes (all of them by default). */
export const mean = (x: Tensor, axes?: readonly number[], keep = false): Tensor => {
  const count = frontAxes(x, axes).reduce((product, axis) => product * x.shape[axis]!, 1);
  return multiply(sum(x, axes, keep), scalar(1 / count));
};

export const momentOperations: readonly Operation[] = [sumOfSquaresRule];
