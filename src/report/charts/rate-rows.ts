// Several shares under each other, each with its 95 % interval and, where there is one, the value that an unbiased or
// ideal judge would show (a small upright tick).

import { type Interval, intervalSentence, known, percentText } from "./interval.ts";
import { intervalMarks, rowAxis } from "./interval-rows.ts";
import { armColor, armShape, type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

export type RateRow = {
  readonly arm: string;
  readonly name: string;
  readonly estimate: Interval;
  /** What to compare with; null when there is nothing to compare. */
  readonly reference: number | null;
};

export type RateRowsInput = ChartSize & {
  readonly arms: readonly string[];
  readonly rows: readonly RateRow[];
};

/** One line a share, one mark an arm. */
export const rateRowsChart = (input: RateRowsInput): ChartSpecification => {
  const names = [...new Set(input.rows.map(({ name }) => name))];
  const placed = input.rows.map((row) => {
    const shift = (input.arms.indexOf(row.arm) - (input.arms.length - 1) / 2) * 0.26;
    return { ...row, at: names.indexOf(row.name) + shift };
  });
  const rows = placed.flatMap(({ arm, name, estimate, at }) => {
    const interval = known(estimate);
    if (interval === null) return [];
    return [
      { series: arm, at, ...interval, tip: `${name}, ${arm}: ${intervalSentence(interval, percentText)}` },
    ];
  });
  const references = placed.flatMap(({ reference, at }) =>
    reference === null ? [] : [{ value: reference, from: at - 0.13, to: at + 0.13 }],
  );
  const x = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { format: "%", tickCount: 5, title: null, grid: true },
  };
  const y = rowAxis(names, { limit: 220, room: 96 });
  return {
    ...frame(input, `${names.join(", ")}, with 95% intervals`),
    data: { values: rows },
    layer: [
      {
        data: { values: references },
        mark: { type: "rule", aria: false, strokeWidth: 2.5, color: palette.axis.light },
        encoding: { x, y: { ...y, field: "from" }, y2: { field: "to" } },
      },
      ...intervalMarks(x, y, { color: armColor(input.arms), shape: armShape(input.arms) }),
    ],
  };
};
