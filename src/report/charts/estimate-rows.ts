// Estimates under each other with their 95 % intervals, several series in a row: what groups came to in the end. As
// rate-rows.ts, but for any scale. Knows nothing of what is measured.

import { type Interval, intervalSentence, known } from "./interval.ts";
import { intervalMarks, rowAxis } from "./interval-rows.ts";
import type { PanelScale } from "./panels.ts";
import { shortName } from "./short-name.ts";
import { armMark, type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

export type EstimateRow = {
  readonly name: string;
  readonly series: string;
  readonly estimate: Interval;
};

export type EstimateRowsInput = ChartSize & {
  readonly measure: string;
  readonly series: readonly string[];
  readonly rows: readonly EstimateRow[];
  readonly scale: PanelScale;
  readonly write: (value: number) => string;
};

/** One line a name, one mark a series. */
export const estimateRowsChart = (input: EstimateRowsInput): ChartSpecification => {
  const { series, scale, write, measure } = input;
  const names = [...new Set(input.rows.map(({ name }) => name))];
  const rows = input.rows.flatMap(({ name, series: one, estimate }) => {
    const found = known(estimate);
    if (found === null) return [];
    const shift = (series.indexOf(one) - (series.length - 1) / 2) * (0.5 / Math.max(1, series.length));
    const said = found.n > 1 ? intervalSentence(found, write) : write(found.value);
    const tip = `${name}, ${one}: ${measure.toLowerCase()} ${said}`;
    return [{ series: one, at: names.indexOf(name) + shift, ...found, tip }];
  });
  const x = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [scale.low, scale.high], clamp: true, nice: false, zero: false },
    axis: { title: null, tickCount: 5, grid: true, ...(scale.share ? { format: "%" } : {}) },
  };
  const shown = names.map((name) => shortName(name, input.width > 500 ? 36 : 18));
  const y = rowAxis(shown, { limit: 0 });
  const field = { field: "series", type: "nominal" as const };
  const legend =
    series.length > 1
      ? {
          ...{ orient: "top" as const, title: null, symbolSize: 60, labelLimit: 0 },
          // beside each other they would reach past the edge of a narrow page
          ...(input.width > 500 ? {} : { columns: 1 }),
        }
      : null;
  const marks = series.map((_, index) => armMark(index));
  const color = {
    ...{ ...field, legend },
    scale: { domain: [...series], range: marks.map(({ role }) => palette[role].light as string) },
  };
  const shape = {
    ...{ ...field, legend },
    scale: { domain: [...series], range: marks.map((mark) => mark.shape as string) },
  };
  return {
    ...frame(input, `${measure}: ${names.join(", ")}, with 95% intervals`),
    data: { values: rows },
    layer: intervalMarks(x, y, { color, shape }),
  };
};
