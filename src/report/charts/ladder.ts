// One rate up the ladder: base → SL-CAI, and from there to DPO-CAI and to RL-CAI, one colour an arm, every point with
// its 95 % interval. The base model stands in grey, because it belongs to no arm.

import { type Interval, intervalSentence, known, percentText } from "./interval.ts";
import {
  armColor,
  armDash,
  armMark,
  armShape,
  type ChartSize,
  type ChartSpecification,
  frame,
  neutralSeries,
  palette,
} from "./theme.ts";

/** model: its key; the ladder knows "base", "sl", "dpo" and "rl". */
export type LadderPoint = { readonly arm: string; readonly model: string; readonly estimate: Interval };

export type LadderInput = ChartSize & {
  /** What is measured, in words: "Harmful answers". */
  readonly measure: string;
  readonly arms: readonly string[];
  readonly points: readonly LadderPoint[];
  /** Whether each point carries its value in writing. */
  readonly labelled: boolean;
  /** Where the vertical axis ends; 1 unless said otherwise. */
  readonly highest?: number;
};

/** The rungs with the name each is shown by. */
export const rungs = [
  { model: "base", name: "Base" },
  { model: "sl", name: "SL-CAI" },
  { model: "dpo", name: "DPO-CAI" },
  { model: "rl", name: "RL-CAI" },
] as const;

const steps = [
  ["base", "sl"],
  ["sl", "dpo"],
  ["sl", "rl"],
] as const;

type Row = {
  series: string;
  model: string;
  x: number;
  value: number;
  low: number;
  high: number;
  label: string;
  tip: string;
};

const rowsOf = ({ arms, points, measure }: LadderInput): Row[] => {
  const spread = 0.09;
  return points.flatMap((point) => {
    const rung = rungs.findIndex(({ model }) => model === point.model);
    const estimate = known(point.estimate);
    if (rung < 0 || estimate === null) return [];
    const isBase = point.model === "base";
    const place = arms.indexOf(point.arm) - (arms.length - 1) / 2;
    const name = rungs[rung]?.name ?? point.model;
    return [
      {
        series: isBase ? neutralSeries : point.arm,
        model: point.model,
        x: isBase ? rung : rung + place * spread,
        ...estimate,
        label: percentText(estimate.value),
        tip: `${measure}, ${isBase ? name : `${name} (${point.arm})`}: ${intervalSentence(estimate, percentText)}`,
      },
    ];
  });
};

const segmentsOf = (rows: readonly Row[], arms: readonly string[]) =>
  arms.flatMap((arm) =>
    steps.flatMap(([from, to]) => {
      const start = rows.find((row) => row.model === from && (row.series === arm || from === "base"));
      const end = rows.find((row) => row.model === to && row.series === arm);
      return start && end ? [{ series: arm, x: start.x, y: start.value, x2: end.x, y2: end.value }] : [];
    }),
  );

/** Where a value's writing stands: to the side that the lines leave free, which come from the left and bend apart. */
const labelMark = (row: Row, arms: readonly string[]) => {
  const atBase = row.series === neutralSeries;
  const role = atBase ? "neutral" : armMark(arms.indexOf(row.series)).role;
  return {
    type: "text" as const,
    aria: false,
    fontSize: 12.5,
    fontWeight: 600 as const,
    align: atBase ? ("right" as const) : ("left" as const),
    dx: atBase ? -10 : 8,
    dy: atBase ? 0 : row.value > 0.5 ? 13 : -10,
    color: palette[role].light,
  };
};

/** The base once where the arms agree on it. */
const withOneBase = (rows: readonly Row[]): Row[] =>
  rows.filter(
    (row, index) =>
      row.model !== "base" ||
      rows.findIndex((other) => other.model === "base" && other.value === row.value) === index,
  );

/** Rates of every model of every arm, from base upward. The base is drawn once when the arms agree on it. */
export const ladderChart = (input: LadderInput): ChartSpecification => {
  const rows = withOneBase(rowsOf(input));
  const x = {
    field: "x",
    type: "quantitative" as const,
    scale: { domain: [-0.35, rungs.length - 0.65], nice: false, zero: false },
    axis: {
      values: rungs.map((_, index) => index),
      labelExpr: `${JSON.stringify(rungs.map(({ name }) => name))}[datum.value]`,
      title: null,
      labelOverlap: false,
    },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [0, input.highest ?? 1] },
    axis: { format: "%", tickCount: 5, title: null },
  };
  const color = armColor(input.arms);
  return {
    ...frame(input, `${input.measure} by model and arm, with 95% intervals`),
    data: { values: rows },
    layer: [
      {
        data: { values: segmentsOf(rows, input.arms) },
        mark: { type: "rule", aria: false, strokeWidth: 1.5, opacity: 0.55 },
        encoding: {
          x,
          x2: { field: "x2" },
          y: { ...y, field: "y" },
          y2: { field: "y2" },
          color,
          strokeDash: armDash(input.arms),
        },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 2 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "point", filled: true, opacity: 1, size: input.labelled ? 90 : 60 },
        encoding: { x, y, color, shape: armShape(input.arms), description: { field: "tip" } },
      },
      ...(input.labelled ? rows : []).map((row) => ({
        data: { values: [row] },
        mark: labelMark(row, input.arms),
        encoding: { x, y, text: { field: "label" } },
      })),
    ],
  };
};
