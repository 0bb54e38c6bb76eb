// What charts of values under each other share: a line a name, and on it a mark with its interval.
// Knows neither the scale nor who is told apart.

import { palette } from "./theme.ts";

/** Names from the top down, at the places 0, 1, ... of field "at". room: pixels for the names, where they are fixed. */
export const rowAxis = (
  names: readonly string[],
  { limit, room }: { readonly limit: number; readonly room?: number },
) => ({
  field: "at",
  type: "quantitative" as const,
  scale: { domain: [names.length - 0.5, -0.5], nice: false, zero: false },
  axis: {
    values: names.map((_, index) => index),
    labelExpr: `${JSON.stringify(names)}[datum.value]`,
    title: null,
    grid: false,
    labelLimit: limit,
    ...(room === undefined ? {} : { minExtent: room, maxExtent: room }),
    labelColor: palette.ink.light,
  },
});

/** A rule from "low" to "high" and a point at the value, told by "tip". */
export const intervalMarks = <X extends object, Y extends object, Color extends object, Shape extends object>(
  x: X,
  y: Y,
  { color, shape }: { readonly color: Color; readonly shape: Shape },
) => [
  {
    mark: { type: "rule" as const, aria: false, strokeWidth: 2 },
    encoding: { x: { ...x, field: "low" }, x2: { field: "high" }, y, color },
  },
  {
    mark: { type: "point" as const, filled: true, opacity: 1, size: 70 },
    encoding: { x, y, color, shape, description: { field: "tip" } },
  },
];
