// Reliability diagram of the labels: the probability the judge states against how often it was right. A perfect judge
// lies on the diagonal; below it the judge is overconfident. Points grow with the number of labels behind them.

import { type Interval, intervalSentence, known, percentText } from "./interval.ts";
import { armColor, armShape, type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

export type CalibrationPoint = { readonly arm: string; readonly stated: number; readonly observed: Interval };

export type CalibrationInput = ChartSize & {
  readonly arms: readonly string[];
  readonly points: readonly CalibrationPoint[];
};

/** Stated against observed probability with the diagonal of perfect calibration. */
export const calibrationChart = (input: CalibrationInput): ChartSpecification => {
  const rows = input.points.flatMap((point) => {
    const estimate = known(point.observed);
    if (estimate === null) return [];
    const tip = `${point.arm}: stated ${percentText(point.stated)}, observed ${intervalSentence(estimate, percentText)}`;
    return [{ series: point.arm, stated: point.stated, ...estimate, tip }];
  });
  const low = rows.every(({ stated, low: bound }) => stated >= 0.5 && bound >= 0.3) ? 0.3 : 0;
  const scale = { domain: [low, 1], nice: false, zero: false };
  const axis = { format: "%", tickCount: 5 };
  const x = {
    field: "stated",
    type: "quantitative" as const,
    scale,
    axis: { ...axis, title: "Stated by the judge", grid: true },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale,
    axis: { ...axis, title: "Observed" },
  };
  const color = armColor(input.arms);
  return {
    ...frame(input, "Stated against observed probability of the labels"),
    data: { values: rows },
    layer: [
      {
        data: { values: [{ stated: low, value: low, x2: 1, y2: 1 }] },
        mark: { type: "rule", aria: false, color: palette.axis.light, strokeDash: [4, 4] },
        encoding: { x, x2: { field: "x2" }, y, y2: { field: "y2" } },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 1.5, opacity: 0.6 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "point", filled: true, opacity: 0.9 },
        encoding: {
          x,
          y,
          color,
          shape: armShape(input.arms),
          size: {
            field: "n",
            type: "quantitative",
            legend: null,
            scale: { type: "sqrt", range: [25, 260] },
          },
          description: { field: "tip" },
        },
      },
    ],
  };
};
