// A metric of an optimiser over its steps, one line an arm: loss, accuracy, margin, reward, KL. Points arrive thinned; a
// dashed line may mark what guessing or standing still would give.

import { armColor, armDash, type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

export type StepPoint = { readonly arm: string; readonly step: number; readonly value: number };

export type TrainingCurveInput = ChartSize & {
  readonly measure: string;
  readonly arms: readonly string[];
  readonly points: readonly StepPoint[];
  /** "share" draws 0 % to 100 %; "number" fits the axis to the data. */
  readonly scale: "share" | "number";
  /** A value worth a line across, e.g. the accuracy of guessing. */
  readonly reference?: number;
};

/** The metric by optimiser step. */
export const trainingCurveChart = (input: TrainingCurveInput): ChartSpecification => {
  const rows = input.points.map(({ arm, step, value }) => ({ series: arm, step, value }));
  const share = input.scale === "share";
  const x = {
    field: "step",
    type: "quantitative" as const,
    scale: rows.length === 0 ? { domain: [0, 1] } : { nice: false },
    axis: { title: "Step", tickCount: 5, format: "d" },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: share || rows.length === 0 ? { domain: [0, 1] } : { zero: false, nice: true },
    axis: { title: null, tickCount: 5, ...(share ? { format: "%" } : {}) },
  };
  const reference =
    input.reference === undefined
      ? []
      : [
          {
            data: { values: [{ value: input.reference }] },
            mark: { type: "rule" as const, aria: false, color: palette.axis.light, strokeDash: [3, 3] },
            encoding: { y },
          },
        ];
  return {
    ...frame(input, `${input.measure} by optimiser step`),
    data: { values: rows },
    layer: [
      ...reference,
      {
        mark: { type: "line", aria: false, strokeWidth: 1.75, strokeJoin: "round" },
        encoding: { x, y, color: armColor(input.arms), strokeDash: armDash(input.arms) },
      },
    ],
  };
};
