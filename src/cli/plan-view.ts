// What --dry-run prints: the steps a command would take, with calls, tokens, time and cost.

import type { RecipePlan } from "../recipes/index.ts";
import { formatCount, formatDollars, formatDuration, formatTable } from "./formatting.ts";

/** A plan as lines of text. */
export const formatPlan = (plan: RecipePlan): string[] => {
  const sum = (key: "calls" | "tokens"): number => plan.steps.reduce((total, step) => total + step[key], 0);
  const rows = plan.steps.map((step) => [
    step.stage,
    step.what,
    formatCount(step.calls),
    formatCount(step.tokens),
  ]);
  return [
    "This is what would be done (nothing was):",
    "",
    ...formatTable(
      ["stage", "what", "model calls", "tokens"],
      [...rows, ["in all", "", formatCount(sum("calls")), formatCount(sum("tokens"))]],
      [2, 3],
    ),
    "",
    `Time: ${plan.seconds === null ? "not known" : `about ${formatDuration(plan.seconds)}`}.`,
    `Cost: ${plan.dollars === null ? "not known" : formatDollars(plan.dollars)}.`,
  ];
};
