// Whether reinforcement learning raised what it was to raise: the reward model's scores of the answers to the same held-out
// prompts at its first and its last measurement, prompt by prompt.

import type { Estimate, GoodhartRecord, MetricsDocument } from "../records/index.ts";
import { fixedText } from "./charts/index.ts";
import { capitalised, figureSentence } from "./figures.ts";

/** The mean change of reward with its 95 % interval (normal, over prompts); null with fewer than two prompts. */
export const rewardChange = (records: readonly GoodhartRecord[]): Estimate | null => {
  const sorted = records.toSorted((one, other) => one.step - other.step);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  const before = new Map(first.parents.map((prompt, at) => [prompt, first.rewards[at]]));
  const changes = last.parents.flatMap((prompt, at) => {
    const [start, end] = [before.get(prompt), last.rewards[at]];
    return start === undefined || end === undefined ? [] : [end - start];
  });
  const n = changes.length;
  if (n < 2) return null;
  const value = changes.reduce((sum, change) => sum + change, 0) / n;
  const variance = changes.reduce((sum, change) => sum + (change - value) ** 2, 0) / (n - 1);
  const half = 1.96 * Math.sqrt(variance / n);
  return { value, low: value - half, high: value + half, n };
};

const signed = (value: number): string => `${value >= 0.0005 ? "+" : ""}${fixedText(value, 3)}`;

const verdictOf = (low: number, high: number): string =>
  low > 0 ? "it raised its reward" : high < 0 ? "it lowered its reward" : "no clear change";

/** One sentence on the reward of an arm's policy; empty where it was not measured twice. */
export const rewardSentence = (
  arm: string,
  points: MetricsDocument["arms"][string]["goodhart"],
  records: readonly GoodhartRecord[],
): string => {
  const sorted = points.toSorted((one, other) => one.step - other.step);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const change = rewardChange(records);
  if (first === undefined || last === undefined || change === null) return "";
  const { value, low, high } = change;
  if (value === null || low === null || high === null) return "";
  return `${capitalised(arm)}: ${figureSentence(first.reward, "score")} at step ${first.step}, ${figureSentence(last.reward, "score")} at step ${last.step}; on the same prompts ${signed(value)} (${signed(low)} to ${signed(high)}, n\u00a0=\u00a0${change.n}): ${verdictOf(low, high)}.`;
};
