// Helpfulness against harmlessness: ratings of every model, base at (0, 0), with 95 % intervals in both directions.
// Up and to the right is better in both; the path shows what each training step bought and what it cost.

import { type Interval, intervalSentence, known, signedText } from "./interval.ts";
import { rungs } from "./ladder.ts";
import {
  armColor,
  armDash,
  armShape,
  type ChartSize,
  type ChartSpecification,
  frame,
  neutralSeries,
  palette,
} from "./theme.ts";

export type ParetoPoint = {
  readonly arm: string;
  readonly model: string;
  readonly helpful: Interval;
  readonly harmless: Interval;
};

export type ParetoInput = ChartSize & {
  readonly arms: readonly string[];
  readonly points: readonly ParetoPoint[];
};

type Row = {
  series: string;
  model: string;
  name: string;
  x: number;
  y: number;
  xLow: number;
  xHigh: number;
  yLow: number;
  yHigh: number;
  tip: string;
};

const rowsOf = ({ arms, points }: ParetoInput): Row[] => {
  const rows: Row[] = [
    {
      series: neutralSeries,
      model: "base",
      name: "Base",
      x: 0,
      y: 0,
      xLow: 0,
      xHigh: 0,
      yLow: 0,
      yHigh: 0,
      tip: "Base: 0 by definition",
    },
  ];
  for (const point of points) {
    if (point.model === "base" || !arms.includes(point.arm)) continue;
    const helpful = known(point.helpful);
    const harmless = known(point.harmless);
    if (helpful === null || harmless === null) continue;
    const name = rungs.find(({ model }) => model === point.model)?.name ?? point.model;
    const tip = `${name} (${point.arm}): helpful ${intervalSentence(helpful, signedText)}, harmless ${intervalSentence(harmless, signedText)}`;
    rows.push({
      series: point.arm,
      model: point.model,
      name,
      x: helpful.value,
      y: harmless.value,
      xLow: helpful.low,
      xHigh: helpful.high,
      yLow: harmless.low,
      yHigh: harmless.high,
      tip,
    });
  }
  return rows;
};

const domainOf = (values: readonly number[]): [number, number] => {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const margin = Math.max(40, (high - low) * 0.12);
  return [low - margin, high + margin];
};

type Placed = Row & { align: "left" | "right"; dx: number; dy: number };

/** Gives each label the first of four corners where it covers no earlier label and no point. Pixels are approximate. */
const placeLabels = (
  rows: readonly Row[],
  size: ChartSize,
  xs: [number, number],
  ys: [number, number],
): Placed[] => {
  const boxes: { left: number; right: number; top: number; bottom: number }[] = rows.map((row) => {
    const x = ((row.x - xs[0]) / (xs[1] - xs[0])) * (size.width - 60);
    const y = ((ys[1] - row.y) / (ys[1] - ys[0])) * (size.height - 50);
    return { left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 };
  });
  return rows.map((row, index) => {
    const own = boxes[index] as (typeof boxes)[number];
    const x = own.left + 6;
    const y = own.top + 6;
    const width = row.name.length * 7.5;
    const corners = [
      { align: "left" as const, dx: 10, dy: -11 },
      { align: "left" as const, dx: 10, dy: 12 },
      { align: "right" as const, dx: -10, dy: -11 },
      { align: "right" as const, dx: -10, dy: 12 },
    ];
    const boxOf = (corner: (typeof corners)[number]) => {
      const left = corner.align === "left" ? x + corner.dx : x + corner.dx - width;
      return { left, right: left + width, top: y + corner.dy - 7, bottom: y + corner.dy + 7 };
    };
    const free = corners.find((corner) => {
      const box = boxOf(corner);
      if (box.left < 0 || box.right > size.width - 60) return false;
      return boxes.every(
        (other, place) =>
          place === index ||
          other.right < box.left ||
          other.left > box.right ||
          other.bottom < box.top ||
          other.top > box.bottom,
      );
    });
    const chosen = free ?? (corners[0] as (typeof corners)[number]);
    boxes.push(boxOf(chosen));
    return { ...row, ...chosen };
  });
};

const pathsOf = (rows: readonly Row[], arms: readonly string[]) => {
  const base = rows[0] as Row;
  return arms.flatMap((arm) => {
    const of = (model: string) => rows.find((row) => row.series === arm && row.model === model);
    const sl = of("sl");
    const pairs: [Row | undefined, Row | undefined][] = [
      [base, sl],
      [sl, of("dpo")],
      [sl, of("rl")],
    ];
    return pairs.flatMap(([from, to]) =>
      from && to ? [{ series: arm, x: from.x, y: from.y, x2: to.x, y2: to.y }] : [],
    );
  });
};

/** The two axes, wide enough for every interval. */
const axesOf = (rows: readonly Row[]) => {
  const axis = {
    grid: true,
    tickCount: 6,
    labelExpr: "datum.value === 0 ? '0' : format(datum.value, '+d')",
  };
  const along = (field: "x" | "y", values: readonly number[], title: string) => ({
    field,
    type: "quantitative" as const,
    scale: { domain: domainOf(values), nice: false, zero: false },
    axis: { ...axis, title },
  });
  return {
    x: along(
      "x",
      rows.flatMap((row) => [row.xLow, row.xHigh]),
      "Helpful rating against base →",
    ),
    y: along(
      "y",
      rows.flatMap((row) => [row.yLow, row.yHigh]),
      "Harmless rating against base →",
    ),
  };
};

/** Rating plane of all models. Ratings are Bradley-Terry on the Elo scale (400), anchored at the base model. */
export const paretoChart = (input: ParetoInput): ChartSpecification => {
  const rows = rowsOf(input);
  const { x, y } = axesOf(rows);
  const color = armColor(input.arms);
  const placed = placeLabels(rows, input, x.scale.domain, y.scale.domain);
  const corners = placed.map((row) => ({
    data: { values: [row] },
    mark: {
      type: "text" as const,
      aria: false,
      align: row.align,
      dx: row.dx,
      dy: row.dy,
      fontSize: 12.5,
      fontWeight: 600 as const,
    },
    encoding: { x, y, text: { field: "name" }, color },
  }));
  const zeroLine = { type: "rule" as const, aria: false, color: palette.axis.light, strokeWidth: 1 };
  return {
    ...frame(
      input,
      "Helpful rating against harmless rating of every model, with 95% intervals, base at zero",
    ),
    data: { values: rows },
    layer: [
      { data: { values: [{ zero: 0 }] }, mark: zeroLine, encoding: { x: { ...x, field: "zero" } } },
      { data: { values: [{ zero: 0 }] }, mark: zeroLine, encoding: { y: { ...y, field: "zero" } } },
      {
        data: { values: pathsOf(rows, input.arms) },
        mark: { type: "rule", aria: false, strokeWidth: 1.5, opacity: 0.5 },
        encoding: { x, x2: { field: "x2" }, y, y2: { field: "y2" }, color, strokeDash: armDash(input.arms) },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 1.75 },
        encoding: { x: { ...x, field: "xLow" }, x2: { field: "xHigh" }, y, color },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 1.75 },
        encoding: { x, y: { ...y, field: "yLow" }, y2: { field: "yHigh" }, color },
      },
      {
        mark: { type: "point", filled: true, opacity: 1, size: 95 },
        encoding: { x, y, color, shape: armShape(input.arms), description: { field: "tip" } },
      },
      ...corners,
    ],
  };
};
