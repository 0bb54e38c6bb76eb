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
    // Arms stand a little apart, so that one does not hide the other.
    const aside = (input.arms.indexOf(point.arm) - (input.arms.length - 1) / 2) * 0.012;
    return [{ series: point.arm, stated: point.stated, at: point.stated + aside, ...estimate, tip }];
  });
  // Labels state the probability of the answer they prefer, so nothing lies left of one half.
  const start = rows.some(({ stated }) => stated < 0.5) ? 0 : 0.5;
  const floor = Math.min(start, ...rows.map(({ low }) => Math.floor(low * 10) / 10));
  const axis = { format: "%", tickCount: 5 };
  const x = {
    field: "at",
    type: "quantitative" as const,
    scale: { domain: [start, 1], nice: false, zero: false },
    axis: { ...axis, title: "Stated by the judge", grid: true },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [floor, 1], nice: false, zero: false },
    axis: { ...axis, title: "Observed" },
  };
  const color = armColor(input.arms);
  return {
    ...frame(input, "Stated against observed probability of the labels"),
    data: { values: rows },
    layer: [
      {
        data: { values: [{ at: start, value: start, x2: 1, y2: 1 }] },
        mark: { type: "rule", aria: false, color: palette.axis.light, strokeDash: [4, 4] },
        encoding: { x: { ...x, field: "at" }, x2: { field: "x2" }, y, y2: { field: "y2" } },
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
            scale: { type: "sqrt", domain: [0, Math.max(1, ...rows.map(({ n }) => n))], range: [25, 260] },
          },
          description: { field: "tip" },
        },
      },
    ],
  };
};
