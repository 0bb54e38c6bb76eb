// A running stage as one line: how far it is, how fast, how long still, what it asked of models. Where a terminal is too
// narrow for all of it, what matters least goes first (the bar, the time so far, the unit, exact figures, the note), so
// that rate, estimate, tokens, money, retries and refusals stay in sight. Knows neither terminal nor clock.

import { estimateProgress, type ProgressPoint } from "../runs/index.ts";
import {
  formatCount,
  formatDollars,
  formatDuration,
  formatRate,
  shortCount,
  shortDollars,
  shortDuration,
} from "./formatting.ts";
import { showControls } from "./terminal.ts";

/** What a stage has asked of models so far. again: calls that were made again; money: dollars. */
export type Asked = { tokens: number; money: number; again: number; refused: number };

/** A stage as far as it is. points: oldest first. */
export type LineStage = {
  readonly name: string;
  readonly points: readonly ProgressPoint[];
  readonly unit: string;
  readonly note: string | undefined;
  readonly asked: Asked;
};

/** What a line shows. bar: characters; short: figures of few characters; counts: in place of a percentage. */
type Layout = {
  readonly bar: number;
  readonly elapsed: boolean;
  readonly unit: boolean;
  readonly short: boolean;
  readonly note: boolean;
  readonly counts: boolean;
  readonly gap: string;
};

const whole: Layout = {
  bar: 20,
  elapsed: true,
  unit: true,
  short: false,
  note: true,
  counts: true,
  gap: "  ",
};

/** What is given up, one after the other. */
const savings: readonly Partial<Layout>[] = [
  { bar: 10 },
  { bar: 0 },
  { elapsed: false },
  { unit: false },
  { short: true },
  { note: false },
  { counts: false },
  { gap: " " },
];

/** From all of it to the least. */
const layouts: readonly Layout[] = [
  whole,
  ...savings.map((_, at) => Object.assign({}, whole, ...savings.slice(0, at + 1)) as Layout),
];

const describeAsked = ({ tokens, money, again, refused }: Asked, short: boolean): string[] => {
  const count = short ? shortCount : formatCount;
  return [
    ...(tokens > 0 ? [`${count(tokens)} tokens`] : []),
    ...(money > 0 ? [(short ? shortDollars : formatDollars)(money)] : []),
    ...(again > 0 ? [`${count(again)} again`] : []),
    ...(refused > 0 ? [`${count(refused)} refused`] : []),
  ];
};

const describeCounts = (stage: LineStage, { unit, counts }: Pick<Layout, "unit" | "counts">): string => {
  const last = stage.points.at(-1);
  if (last === undefined) return "";
  if (!counts) return `${Math.floor(estimateProgress(stage.points).fraction * 100)} %`;
  return `${formatCount(last.done)}/${formatCount(last.total)}${unit ? ` ${stage.unit}` : ""}`;
};

const describeSpeed = (stage: LineStage, { short, note }: Pick<Layout, "short" | "note">): string[] => {
  const { rate, remainingSeconds } = estimateProgress(stage.points);
  const left = short ? shortDuration : formatDuration;
  return [
    ...(rate === null ? [] : [formatRate(rate)]),
    ...(remainingSeconds === null || remainingSeconds <= 0 ? [] : [`${left(remainingSeconds)} left`]),
    ...describeAsked(stage.asked, short),
    ...(note && stage.note !== undefined ? [stage.note] : []),
  ];
};

/** A line of a file or pipe, without bar and columns. */
export const plainLine = (stage: LineStage): string =>
  `${stage.name}: ${[describeCounts(stage, whole), ...describeSpeed(stage, whole)].join(", ")}`;

const bar = (fraction: number, width: number): string => {
  const filled = Math.round(fraction * width);
  return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
};

/** elapsed: seconds. */
const liveLine = (
  stage: LineStage & { readonly elapsed: number },
  layout: Layout,
  nameWidth: number,
): string => {
  const parts = [
    stage.name.padEnd(nameWidth),
    bar(estimateProgress(stage.points).fraction, layout.bar),
    describeCounts(stage, layout),
    layout.elapsed ? formatDuration(stage.elapsed) : "",
    ...describeSpeed(stage, layout),
  ];
  return showControls(parts.filter((part) => part !== "").join(layout.gap));
};

/** The lines of stages that run at once, alike in what they show, none as wide as the terminal. */
export const liveLines = (
  stages: readonly (LineStage & { readonly elapsed: number })[],
  columns: number,
): string[] => {
  const nameWidth = Math.max(...stages.map(({ name }) => name.length));
  let lines: string[] = [];
  for (const layout of layouts) {
    lines = stages.map((stage) => liveLine(stage, layout, nameWidth));
    if (lines.every(({ length }) => length < columns)) return lines;
  }
  return lines.map((line) => (line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`));
};
