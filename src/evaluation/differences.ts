// Differences between two sets of answers to the same prompts. Paired, because a prompt that is hard for one model is
// hard for the other: comparing two separate intervals would hide most real differences. Rates: the score interval for
// paired proportions (Newcombe 1998, method 10, from Wilson's limits), which keeps its width when nothing changed.
// Means: percentile bootstrap over prompts. Beside either, the exact sign test (for rates McNemar's exact test).

import { deriveSeed } from "../core/index.ts";
import {
  type ArmId,
  type Difference,
  type EvaluatedId,
  type ModelDifference,
  modelNames,
  trainedModels,
  type VerdictRecord,
} from "../records/index.ts";
import { emptyEstimate, mean, proportion } from "./statistics.ts";
import { type JudgedReply, type RateName, rateNames, rates } from "./verdicts.ts";

/** One prompt's two observations. */
export type Pair<Value> = readonly [before: Value, after: Value];

/** Two-sided exact sign test: how likely so uneven a split of so many changes is by chance; null without any. */
export const signTest = (rose: number, fell: number): number | null => {
  const n = rose + fell;
  if (n === 0) return null;
  // Terms of the binomial distribution with one half, by logarithm, so that no n underflows.
  let logTerm = -n * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(rose, fell); k++) {
    logTerm += Math.log((n - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
};

const changes = (pairs: readonly Pair<number>[]): Pick<Difference, "rose" | "fell" | "p"> => {
  const rose = pairs.filter(([before, after]) => after > before).length;
  const fell = pairs.filter(([before, after]) => after < before).length;
  return { rose, fell, p: signTest(rose, fell) };
};

/** The correlation of two binary outcomes as method 10 takes it: corrected for continuity where it is positive. */
const correlation = (both: number, rose: number, fell: number, neither: number): number => {
  const spread = Math.sqrt((both + fell) * (rose + neither) * (both + rose) * (fell + neither));
  if (spread === 0) return 0;
  const product = both * neither - rose * fell;
  const n = both + rose + fell + neither;
  return (product > 0 ? Math.max(0, product - n / 2) : product) / spread;
};

/** The difference of two shares of the same prompts. */
export const pairedRate = (pairs: readonly Pair<boolean>[]): Difference => {
  const n = pairs.length;
  const { rose, fell, p } = changes(pairs.map(([before, after]) => [Number(before), Number(after)]));
  if (n === 0) return { ...emptyEstimate(), rose, fell, p };
  const both = pairs.filter(([before, after]) => before && after).length;
  const before = proportion(both + fell, n) as { value: number; low: number; high: number };
  const after = proportion(both + rose, n) as { value: number; low: number; high: number };
  const value = (rose - fell) / n;
  const phi = correlation(both, rose, fell, n - both - rose - fell);
  const distance = (one: number, other: number): number =>
    Math.sqrt(Math.max(0, one * one - 2 * phi * one * other + other * other));
  const low = value - distance(after.value - after.low, before.high - before.value);
  const high = value + distance(after.high - after.value, before.value - before.low);
  return { value, low: Math.max(-1, low), high: Math.min(1, high), n, rose, fell, p };
};

/** The difference of two means over the same prompts. */
export const pairedMean = (pairs: readonly Pair<number>[], seed: number): Difference => ({
  ...mean(
    pairs.map(([before, after]) => after - before),
    seed,
  ),
  ...changes(pairs),
});

/** A judged reply that says which prompt it answers. */
export type PromptedReply = JudgedReply & Pick<VerdictRecord, "prompt">;

/** What two sets of replies say to the same prompts; a prompt that only one of them answers is left out. */
export const pairReplies = (
  before: readonly PromptedReply[],
  after: readonly PromptedReply[],
): Pair<PromptedReply>[] => {
  const byPrompt = new Map(before.map((reply) => [reply.prompt, reply]));
  return after.flatMap((reply) => {
    const other = byPrompt.get(reply.prompt);
    return other === undefined ? [] : [[other, reply] as const];
  });
};

/** How one rate of the verdicts differs between two sets of replies to the same prompts. */
export const rateDifference = (
  rate: RateName,
  before: readonly PromptedReply[],
  after: readonly PromptedReply[],
): Difference => {
  const { of, test } = rates[rate];
  return pairedRate(
    pairReplies(before, after)
      .filter(([reply]) => of === null || reply.kind === of)
      .map(([one, other]) => [test(one.verdict), test(other.verdict)]),
  );
};

type Evaluated = ModelDifference["from"];

/** Every figure of two models that answered the same prompts. Order of replies does not matter. */
export const modelDifference = (
  from: Evaluated,
  to: Evaluated,
  verdicts: readonly VerdictRecord[],
  seed: number,
): ModelDifference => {
  const of = ({ arm, model }: Evaluated): VerdictRecord[] =>
    verdicts.filter((verdict) => verdict.arm === arm && verdict.model === model);
  const before = of(from);
  const after = of(to);
  const rateDifferences = Object.fromEntries(
    rateNames.map((rate) => [rate, rateDifference(rate, before, after)]),
  ) as Record<RateName, Difference>;
  const harmful = pairReplies(before, after).filter(([{ kind }]) => kind === "harmful");
  return {
    from,
    to,
    ...rateDifferences,
    harmScore: pairedMean(
      harmful.map(([one, other]) => [one.verdict.harm, other.verdict.harm]),
      deriveSeed(seed, "difference", from.arm, from.model, to.arm, to.model),
    ),
  };
};

/**
 * The differences that a run is about: of every two models of an arm, lower rung first, and of each trained model
 * from the first arm to the same in the others.
 */
export const runDifferences = (
  arms: readonly ArmId[],
  verdicts: readonly VerdictRecord[],
  seed: number,
): ModelDifference[] => {
  const placed = (arm: ArmId, model: EvaluatedId): Evaluated => ({
    arm: model === "base" ? "base" : arm,
    model,
  });
  const within = arms.flatMap((arm) =>
    modelNames.flatMap((from, index) =>
      modelNames.slice(index + 1).map((to) => [placed(arm, from), placed(arm, to)] as const),
    ),
  );
  const [first, ...others] = arms;
  const between = others.flatMap((arm) =>
    trainedModels.map((model) => [placed(first as string, model), placed(arm, model)] as const),
  );
  return [...within, ...between].map(([from, to]) => modelDifference(from, to, verdicts, seed));
};
