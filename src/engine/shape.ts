// Shapes: sizes, strides, broadcasting. All shapes are known when a graph is built; nothing here is symbolic.
// Knows nothing of the values that fill them.

import { CovenantError } from "../core/index.ts";

/** Sides of a tensor, outermost first; [] is a single number. */
export type Shape = readonly number[];

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);

/** Row-major strides in elements. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
};

/** Whether both have the same sides in the same order; nothing broadcasts here. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((side, axis) => side === b[axis]);

/** A shape that does not fit an operation: names the operation and the shapes it got. */
export const shapeError = (operation: string, expected: string, ...got: readonly Shape[]): CovenantError =>
  new CovenantError(
    "engine-shape",
    `${operation}: expected ${expected}, got ${got.map((shape) => `[${shape.join(", ")}]`).join(" and ")}`,
    { operation, got },
  );

/** The shape both sides broadcast to (NumPy's rule). */
export const broadcastShapes = (operation: string, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw shapeError(operation, "shapes that broadcast", a, b);
    return left === 1 ? right : left;
  });
};

/** Axis counted from the front; negative axes count from the back. */
export const frontAxis = (operation: string, axis: number, rank: number): number => {
  const front = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || front < 0 || front >= rank) {
    throw new CovenantError("engine-axis", `${operation}: axis ${axis} does not exist in rank ${rank}`, {
      axis,
      rank,
    });
  }
  return front;
};

/** For every element of `target`, the index of the element of `source` that broadcasts to it. */
export const broadcastIndex = (source: Shape, target: Shape): Int32Array => {
  const index = new Int32Array(sizeOf(target));
  const targetStrides = stridesOf(target);
  const sourceStrides = stridesOf(source);
  const shift = target.length - source.length;
  for (let flat = 0; flat < index.length; flat++) {
    let rest = flat;
    let at = 0;
    for (let axis = 0; axis < target.length; axis++) {
      const coordinate = Math.floor(rest / targetStrides[axis]!);
      rest -= coordinate * targetStrides[axis]!;
      const own = axis - shift;
      if (own >= 0 && source[own] !== 1) at += coordinate * sourceStrides[own]!;
    }
    index[flat] = at;
  }
  return index;
};
