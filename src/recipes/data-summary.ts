// What commands that ask models say at their end: how replies ended, what was cut from them, and what it took.

import { type Finish, finishes } from "../records/index.ts";
import { readRun } from "../runs/index.ts";
import { type Spent, spentOn } from "./stages/stage-model.ts";

/** How often each end occurred. */
export type FinishCounts = Readonly<Record<Finish, number>>;

/** Counts of how replies ended. */
export const countFinishes = (replies: readonly { readonly finish: Finish }[]): FinishCounts => {
  const counts = Object.fromEntries(finishes.map((finish) => [finish, 0])) as Record<Finish, number>;
  for (const { finish } of replies) counts[finish]++;
  return counts;
};

const endings = (maxTokens: number) =>
  ({
    stop: "whole",
    length: `cut at ${maxTokens} tokens`,
    refusal: "refused by the provider",
    overflow: "too long for the model's context",
    empty: "empty",
  }) satisfies Record<Finish, string>;

/** "20 answers: 17 whole, 3 cut at 80 tokens". */
export const describeFinishes = (what: string, counts: FinishCounts, maxTokens: number): string => {
  const total = finishes.reduce((sum, finish) => sum + counts[finish], 0);
  const words = endings(maxTokens);
  const parts = finishes
    .filter((finish) => counts[finish] > 0)
    .map((finish) => `${counts[finish]} ${words[finish]}`);
  return parts.length === 0 ? `${total} ${what}.` : `${total} ${what}: ${parts.join(", ")}.`;
};

/** What a run's stages asked of models, over all attempts. */
export const spentInRun = async (folder: string, stages: readonly string[]): Promise<Spent> =>
  spentOn((await readRun(folder)).events, stages);

const grouped = (count: number): string => count.toLocaleString("en-US");

/** What was asked of models in one line, and what was cut from replies in another where there was something. */
export const describeSpent = (spent: Spent): string[] => {
  const { calls, promptTokens, completionTokens, repeats, counts } = spent;
  const tokens =
    promptTokens + completionTokens > 0
      ? `${grouped(promptTokens)} tokens read and ${grouped(completionTokens)} written`
      : "tokens not told";
  const again = repeats === 0 ? "" : `, ${grouped(repeats)} of them again after a failure`;
  const { bounded = 0, ...cuts } = counts;
  const cut = Object.entries(cuts).map(([rule, count]) => `${rule} ${count}`);
  return [
    `Asked of models: ${grouped(calls + repeats)} calls${again}; ${tokens}.`,
    ...(cut.length === 0 ? [] : [`Cut from replies: ${cut.join(", ")} times.`]),
    ...(bounded === 0
      ? []
      : [
          `In ${bounded} ${bounded === 1 ? "comparison" : "comparisons"} the judge named the log-probability of one letter only; the other's is an upper bound.`,
        ]),
  ];
};
