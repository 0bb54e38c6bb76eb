// A rate over something ordered (revision rounds, optimiser steps), one line an arm, with its 95 % band. Knows nothing of
// what the order is; the axis is named by the caller.

import { type Interval, intervalSentence, known, percentText } from "./interval.ts";
import { armColor, armDash, armShape, type ChartSize, type ChartSpecification, frame } from "./theme.ts";

export type EstimatePoint = { readonly arm: string; readonly at: number; readonly estimate: Interval };

export type EstimateCurveInput = ChartSize & {
  readonly measure: string;
  /** What the horizontal axis counts: "Revision round". */
  readonly along: string;
  readonly arms: readonly string[];
  readonly points: readonly EstimatePoint[];
};

/** Rates from 0 % to 100 % along a count, with bands; one tick for each whole number when there are at most 12. */
export const estimateCurveChart = (input: EstimateCurveInput): ChartSpecification => {
  const rows = input.points.flatMap((point) => {
    const estimate = known(point.estimate);
    if (estimate === null) return [];
    const tip = `${input.measure}, ${point.arm}, ${input.along.toLowerCase()} ${point.at}: ${intervalSentence(estimate, percentText)}`;
    return [{ series: point.arm, at: point.at, ...estimate, tip }];
  });
  const places = [...new Set(rows.map(({ at }) => at))].sort((a, b) => a - b);
  const x = {
    field: "at",
    type: "quantitative" as const,
    scale: rows.length === 0 ? { domain: [0, 1] } : { nice: false, zero: false, padding: 14 },
    axis: {
      title: input.along,
      format: "d",
      ...(places.length <= 7 ? { values: places } : { tickCount: 5 }),
    },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { format: "%", tickCount: 5, title: null },
  };
  const color = armColor(input.arms);
  return {
    ...frame(input, `${input.measure} by ${input.along.toLowerCase()}, with 95% intervals`),
    data: { values: rows },
    layer: [
      {
        mark: { type: "area", aria: false, opacity: 0.16 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "line", aria: false, strokeWidth: 2 },
        encoding: { x, y, color, strokeDash: armDash(input.arms) },
      },
      {
        mark: { type: "point", filled: true, opacity: 1, size: places.length > 20 ? 24 : 60 },
        encoding: { x, y, color, shape: armShape(input.arms), description: { field: "tip" } },
      },
    ],
  };
};
