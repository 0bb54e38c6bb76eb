// Estimates along something ordered (turns, runs, iterations) as small panels side by side: one panel for each person, cell or
// group, with the same axes in all, one line a series with its 95 % band. Knows nothing of what panels and series are.

import { type Interval, intervalSentence, known } from "./interval.ts";
import { shortName } from "./short-name.ts";
import { armMark, type ChartSize, type ChartSpecification, frame, palette } from "./theme.ts";

export type PanelPoint = {
  readonly panel: string;
  readonly series: string;
  readonly at: number;
  readonly estimate: Interval;
};

/** What the vertical axis shows: from low to high, each number as write gives it. share: 0 % to 100 %. */
export type PanelScale = { readonly low: number; readonly high: number; readonly share: boolean };

/**
 * width: of the whole drawing; height: of a row of panels. context: the series that the others are compared with, drawn
 * in grey. after: places behind which something new begins, each with a hairline.
 */
export type PanelsInput = ChartSize & {
  readonly measure: string;
  readonly along: string;
  readonly panels: readonly string[];
  readonly series: readonly string[];
  readonly context?: string | undefined;
  readonly points: readonly PanelPoint[];
  readonly scale: PanelScale;
  /** At most. */
  readonly columns: number;
  readonly after?: readonly number[];
  readonly write: (value: number) => string;
};

const axisWidth = 44;
/** Mean width of a character of the panels' names, in pixels. */
const boldCharacter = 7;
const spacing = { row: 44, column: 20 };

/** Columns, at most so many, that leave the fewest places empty. */
const evenColumns = (panels: number, most: number): number => {
  const emptyIn = (columns: number): number => (columns - (panels % columns)) % columns;
  const ways = Array.from({ length: Math.max(1, Math.min(most, panels)) }, (_, at) => at + 1);
  const good = ways.filter((columns) => columns > most / 2 || columns === panels);
  return good.reduce((best, columns) => (emptyIn(columns) <= emptyIn(best) ? columns : best));
};

/** Colour, shape and dash of every series, the context's in grey. */
const looksOf = ({ series, context }: PanelsInput) => {
  const all = [...series, ...(context === undefined ? [] : [context])];
  const own = series.map((_, index) => armMark(index));
  const field = { field: "series", type: "nominal" as const };
  const legend =
    all.length > 1
      ? { orient: "top" as const, title: null, symbolSize: 60, symbolOpacity: 1, labelLimit: 0 }
      : null;
  const range = <Value>(values: readonly Value[], grey: Value): Value[] =>
    context === undefined ? [...values] : [...values, grey];
  return {
    color: {
      ...{ ...field, legend },
      scale: {
        domain: all,
        range: range<string>(
          own.map(({ role }) => palette[role].light),
          palette.neutral.light,
        ),
      },
    },
    shape: {
      ...{ ...field, legend },
      scale: {
        domain: all,
        range: range<string>(
          own.map(({ shape }) => shape),
          "cross",
        ),
      },
    },
    strokeDash: {
      ...{ ...field, legend },
      scale: {
        domain: all,
        range: range<number[]>(
          own.map(({ dash }) => [...dash]),
          [2, 3],
        ),
      },
    },
  };
};

const axesOf = ({ points, along, scale }: PanelsInput) => {
  const places = [...new Set(points.map(({ at }) => at))].sort((one, other) => one - other);
  const x = {
    field: "at",
    type: "quantitative" as const,
    scale: places.length === 0 ? { domain: [0, 1] } : { nice: false, zero: false, padding: 8 },
    axis: {
      title: along,
      format: "d",
      // A step of 1 between ticks, which Vega-Lite takes for whole numbers, would drop every second one of those named.
      ...(places.length <= 6
        ? { values: places, labelOverlap: false, tickMinStep: 0.1 }
        : { tickCount: 4, tickMinStep: 1 }),
    },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [scale.low, scale.high], clamp: true, nice: false, zero: false },
    axis: { title: null, tickCount: 4, ...(scale.share ? { format: "%" } : {}) },
  };
  return { x, y, many: places.length > 12 };
};

const rowsOf = ({ points, measure, along, write }: PanelsInput) =>
  points.flatMap(({ panel, series, at, estimate }) => {
    const found = known(estimate);
    if (found === null) return [];
    const said = found.n > 1 ? intervalSentence(found, write) : write(found.value);
    const tip = `${panel}, ${series}, ${along.toLowerCase()} ${at}: ${measure.toLowerCase()} ${said}`;
    return [{ panel, series, at, ...found, tip }];
  });

/** The panels, in rows of so many columns. */
export const panelsChart = (input: PanelsInput): ChartSpecification => {
  const { panels, columns, width, height, measure, along, after = [] } = input;
  const { x, y, many } = axesOf(input);
  const { color, shape, strokeDash } = looksOf(input);
  const across = evenColumns(panels.length, columns);
  const rows = rowsOf(input);
  const panelWidth = Math.floor((width - axisWidth - (across - 1) * spacing.column) / across);
  const names = Object.fromEntries(
    panels.map((name) => [name, shortName(name, Math.floor(panelWidth / boldCharacter))]),
  );
  const hairlines =
    after.length === 0
      ? []
      : [
          {
            data: { values: after.map((at) => ({ at: at + 0.5 })) },
            mark: { type: "rule" as const, aria: false, color: palette.grid.light },
            encoding: { x },
          },
        ];
  const {
    autosize: _,
    width: __,
    height: ___,
    ...rest
  } = frame(input, `${measure} by ${along.toLowerCase()}, in panels: ${panels.join(", ")}`);
  return {
    ...rest,
    data: { values: rows },
    facet: {
      field: "panel",
      type: "nominal",
      sort: [...panels],
      title: null,
      header: {
        labelColor: palette.ink.light,
        labelFontSize: 12,
        labelFontWeight: "bold",
        labelAnchor: "start",
        labelExpr: `(${JSON.stringify(names)})[datum.value]`,
        labelLimit: 0,
        labelPadding: 4,
      },
    },
    columns: across,
    bounds: "flush",
    spacing,
    spec: {
      width: panelWidth,
      height,
      layer: [
        ...hairlines,
        {
          mark: { type: "area", aria: false, opacity: 0.16 },
          encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
        },
        {
          mark: { type: "line", aria: false, strokeWidth: 1.75 },
          encoding: { x, y, color, strokeDash },
        },
        {
          mark: { type: "point", filled: true, opacity: 1, size: many ? 18 : 42 },
          encoding: { x, y, color, shape, description: { field: "tip" } },
        },
      ],
    },
  };
};
