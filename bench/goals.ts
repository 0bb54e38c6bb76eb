// The goals of a bench: what it measured is held against them, and a bench that misses one says so and ends with status 1.
// Knows no bench.

/** One goal. most: the bound itself is still within it. */
export type Goal = { readonly what: string; readonly unit: string } & (
  | { readonly least: number }
  | { readonly most: number }
);

/** What is said of a measurement that misses its goal; null where it does not. What is no number misses every goal. */
export const missOf = (goal: Goal, measured: number): string | null => {
  const [bound, isMet] =
    "least" in goal
      ? [`at least ${goal.least}`, measured >= goal.least]
      : [`at most ${goal.most}`, measured <= goal.most];
  return isMet
    ? null
    : `Missed: ${goal.what}: ${Math.round(100 * measured) / 100} ${goal.unit}, the goal is ${bound}.`;
};

/** Holds a measurement against its goal. A miss is told, and the process will end with status 1. */
export const hold = (goal: Goal, measured: number): void => {
  const miss = missOf(goal, measured);
  if (miss === null) return;
  process.stderr.write(`${miss}\n`);
  process.exitCode = 1;
};
