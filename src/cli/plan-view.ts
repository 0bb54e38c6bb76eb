// What --dry-run prints: the steps a command would take, with calls, tokens, time and cost.
// The figures are made in the recipes; this only sets them in columns.

import { alignColumns } from "../core/index.ts";
import type { RecipePlan } from "../recipes/index.ts";
import { formatCount, formatDollars, formatDuration } from "./formatting.ts";

const describeTime = (seconds: number | null): string =>
  seconds === null ? "?" : seconds === 0 ? "" : formatDuration(seconds);

const describeMemory = (bytes: number): string =>
  bytes < 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`;

/** What a training is made of, a line each. */
const sizeLines = ({ steps }: RecipePlan): string[] =>
  steps.flatMap(({ stage, size }) =>
    size === undefined
      ? []
      : [
          `Size of ${stage}: ${formatCount(size.parameters)} parameters, ${formatCount(size.trainable)} of them trained; about ${describeMemory(size.memory)} of memory at its peak.`,
        ],
  );

/** What all of it takes at its peak, where that is told. */
const memoryLines = ({ memory, processes = 1 }: RecipePlan): string[] => {
  if (memory === undefined) return [];
  const together = processes === 1 ? "" : `, ${processes} processes at once`;
  return [`Memory: about ${describeMemory(memory)} at its peak${together}.`];
};

const timeLine = ({ seconds, steps, processes = 1, scripted = false }: RecipePlan): string => {
  if (seconds === null && scripted) return "Time: not estimated: scripts answer, which takes seconds.";
  if (seconds === null) return "Time: not known: a model runs elsewhere, or is not here yet.";
  const sum = steps.reduce((total, step) => total + (step.seconds ?? 0), 0);
  const together =
    processes === 1
      ? ""
      : `: ${processes} processes work at once, whose steps take ${formatDuration(sum)} added up`;
  return `Time: about ${formatDuration(seconds)} on this machine as busy as it is now${together}.`;
};

const costLine = ({ dollars, steps, settingsUnder = "" }: RecipePlan): string => {
  if (dollars !== null) return `Cost: ${formatDollars(dollars)}.`;
  const unpriced = steps.filter(
    (step) => step.calls > 0 && step.seconds === null && step.dollars === undefined,
  );
  if (unpriced.length === 0) return "Cost: not known.";
  const known = steps.reduce((total, step) => total + (step.dollars ?? 0), 0);
  const others = known === 0 ? "" : `; the other steps: ${formatDollars(known)} at most`;
  return `Cost: not known: no price is given for ${unpriced.map(({ stage }) => stage).join(", ")} (${settingsUnder}prices)${others}.`;
};

/** A plan as lines of text. */
export const formatPlan = (plan: RecipePlan): string[] => {
  const sum = (key: "calls" | "tokens"): number => plan.steps.reduce((total, step) => total + step[key], 0);
  const rows = plan.steps.map((step) => [
    step.stage,
    step.what,
    formatCount(step.calls),
    formatCount(step.tokens),
    describeTime(step.seconds),
  ]);
  return [
    "This is what would be done (nothing was):",
    "",
    ...alignColumns(
      [
        ["stage", "what", "model calls", "tokens at most", "time"],
        ...rows,
        ["in all", "", formatCount(sum("calls")), formatCount(sum("tokens")), describeTime(plan.seconds)],
      ],
      [2, 3, 4],
    ),
    "",
    ...sizeLines(plan),
    ...memoryLines(plan),
    ...(plan.notices ?? []).map(({ text }) => `Warning: ${text}`),
    timeLine(plan),
    costLine(plan),
  ];
};
