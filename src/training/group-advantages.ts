// Advantages of replies that were sampled in groups, one group a prompt, as TRL makes them: against the group's mean and
// in units of a deviation (GRPO; Shao et al. 2024), or against the mean of the others (RLOO; Ahmadian et al. 2024).
// Plain numbers, no graph.

import { mean } from "../core/index.ts";

/** Against what a reply is held: its group's mean, or the mean of the others in it. */
export type GroupEstimator = "grpo" | "rloo";

/** What differences are divided by: the deviation within the group, that of the whole batch, or nothing. */
export type AdvantageScale = "group" | "batch" | "none";

/** keeps a group of nearly equal rewards from being blown up */
const smallest = 1e-4;

/** Mean and deviation (n - 1) of numbers; a single one deviates by 0. */
export const meanAndDeviation = (
  values: readonly number[],
): { readonly mean: number; readonly deviation: number } => {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return { mean: centre, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
};

const groupsOf = (values: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, group) =>
    values.slice(group * size, (group + 1) * size),
  );

/** Share of groups whose rewards are all the same, so that nothing is learned from them. */
export const shareWithoutSpread = (rewards: readonly number[], size: number): number => {
  const groups = groupsOf(rewards, size);
  // as torch.isclose compares with 0
  const flat = groups.filter((group) => meanAndDeviation(group).deviation <= 1e-8);
  return flat.length / Math.max(1, groups.length);
};

/** The advantage of each reply. rewards: group after group, `size` each (at least 2). */
export const groupAdvantages = (
  rewards: readonly number[],
  size: number,
  { estimator, scale }: { readonly estimator: GroupEstimator; readonly scale: AdvantageScale },
): number[] => {
  const groups = groupsOf(rewards, size).map((group) => ({ group, ...meanAndDeviation(group) }));
  const differences = groups.flatMap(({ group, mean }) =>
    // against the others: (n r - Σ) / (n - 1)
    group.map((reward) => (reward - mean) * (estimator === "rloo" ? group.length / (group.length - 1) : 1)),
  );
  switch (scale) {
    case "none":
      return differences;
    case "group":
      return differences.map((value, at) => value / (groups[Math.floor(at / size)]!.deviation + smallest));
    case "batch": {
      const { mean, deviation } = meanAndDeviation(estimator === "rloo" ? differences : rewards);
      const centre = estimator === "rloo" ? mean : 0;
      return differences.map((value) => (value - centre) / (deviation + smallest));
    }
    default:
      return scale satisfies never;
  }
};
