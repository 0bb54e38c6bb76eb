// Goodhart's law in one picture: what the reward model believes (across) against what is true (up), followed from the
// first optimiser step to the last. If reward keeps growing while true harm stops falling or rises, the reward model is
// being exploited rather than obeyed.

import { type Interval, intervalSentence, known, numberText, percentText } from "./interval.ts";
import {
  armColor,
  armDash,
  armMark,
  armShape,
  type ChartSize,
  type ChartSpecification,
  frame,
  palette,
} from "./theme.ts";

export type GoodhartInputPoint = {
  readonly arm: string;
  readonly step: number;
  readonly reward: Interval;
  readonly harmRate: Interval;
};

export type GoodhartInput = ChartSize & {
  readonly arms: readonly string[];
  readonly points: readonly GoodhartInputPoint[];
};

const rowsOf = ({ points }: GoodhartInput) =>
  points.flatMap((point) => {
    const estimate = known(point.harmRate);
    const reward = known(point.reward);
    if (estimate === null || reward === null) return [];
    const tip = `${point.arm}, step ${point.step}: reward ${intervalSentence(reward, numberText)}, harm ${intervalSentence(estimate, percentText)}`;
    const across = { reward: reward.value, rewardLow: reward.low, rewardHigh: reward.high };
    return [{ series: point.arm, step: point.step, ...across, ...estimate, tip, label: "" }];
  });

type Row = ReturnType<typeof rowsOf>[number];

/** The first and the last point of each arm, named by their steps on the sides that look away from each other. */
const endsOf = (rows: readonly Row[], arms: readonly string[]) =>
  arms.flatMap((arm, index) => {
    const own = rows.filter(({ series }) => series === arm).sort((a, b) => a.step - b.step);
    const [first, last] = [own[0], own.at(-1)];
    const color = palette[armMark(index).role].light;
    if (own.length < 2 || first === undefined || last === undefined) return [];
    const outwards = last.reward < first.reward ? -1 : 1;
    return [
      { row: { ...first, label: `step ${first.step}` }, color, side: -outwards },
      { row: { ...last, label: `step ${last.step}` }, color, side: outwards },
    ];
  });

/** Mean reward against true harm rate over the steps of reinforcement learning; first and last step are named. */
export const goodhartChart = (input: GoodhartInput): ChartSpecification => {
  const rows = rowsOf(input);
  const x = {
    field: "reward",
    type: "quantitative" as const,
    scale: rows.length === 0 ? { domain: [0, 1] } : { zero: false, nice: true, padding: 56 },
    axis: { title: "Mean reward (what is optimised)", tickCount: 5, grid: true },
  };
  const y = {
    field: "value",
    type: "quantitative" as const,
    scale: { domain: [0, 1] },
    axis: { format: "%", tickCount: 5, title: null },
  };
  const color = armColor(input.arms);
  return {
    ...frame(input, "True harm rate against mean reward over reinforcement learning"),
    data: { values: rows },
    layer: [
      {
        mark: { type: "line", aria: false, strokeWidth: 1.5, opacity: 0.6 },
        encoding: {
          x,
          y,
          color,
          order: { field: "step", type: "quantitative" },
          strokeDash: armDash(input.arms),
        },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 1, opacity: 0.45 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color },
      },
      {
        mark: { type: "rule", aria: false, strokeWidth: 1, opacity: 0.45 },
        encoding: { y, x: { ...x, field: "rewardLow" }, x2: { field: "rewardHigh" }, color },
      },
      {
        mark: { type: "point", filled: true, opacity: 1, size: 40 },
        encoding: { x, y, color, shape: armShape(input.arms), description: { field: "tip" } },
      },
      ...endsOf(rows, input.arms).map(({ row, color: own, side }) => ({
        data: { values: [row] },
        mark: {
          type: "text" as const,
          aria: false,
          fontSize: 11,
          align: side < 0 ? ("right" as const) : ("left" as const),
          // beside both lines of the interval, and inside the picture
          dx: side * 6,
          dy: row.value > 0.9 ? 12 : -9,
          color: own,
        },
        encoding: { x, y, text: { field: "label" } },
      })),
    ],
  };
};
