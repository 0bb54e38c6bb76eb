// A tournament of models: who wins when a judge compares their replies to the same prompts. Ratings are a Bradley-Terry
// fit with intervals over prompts (bradley-terry.ts). Who judged, and by what, is not known here.

import { deriveSeed } from "../core/index.ts";
import type { Estimate, LabelRecord, PromptKind } from "../records/index.ts";
import { type PlayerComparison, rate } from "./bradley-terry.ts";
import { emptyEstimate, mean, proportion } from "./statistics.ts";

/** Two models' replies to one prompt. outcome: 1 the first won, 0 the second, 0.5 a tie; null: there is no verdict. */
export type Battle = Omit<PlayerComparison, "outcome" | "cluster"> & {
  readonly prompt: string;
  readonly kind?: PromptKind | undefined;
  readonly outcome: PlayerComparison["outcome"] | null;
};

/**
 * What a label says of the two that it compares: who won in both orders of the replies, else a tie (MT-Bench's rule, Zheng et
 * al. 2023, section 3.4); the same text twice is one, too. null: the judge came to no verdict.
 */
export const outcomeOfLabel = ({
  state,
  probability,
  orders,
}: Pick<LabelRecord, "state" | "probability" | "orders">): Battle["outcome"] => {
  if (state === "identical") return 0.5;
  if (state !== "judged" || probability === null) return null;
  const verdicts = orders ?? [probability];
  if (verdicts.every((one) => one > 0.5)) return 1;
  return verdicts.every((one) => one < 0.5) ? 0 : 0.5;
};

/**
 * What a model did. rating: scale 400, the anchor at 0; no value where the model, or the anchor, has no battle with a verdict,
 * and no interval where every prompt came out alike, so that drawing prompts again says nothing of it. winRate: against the
 * anchor alone, a tie being half a win. unjudged: battles without a verdict, which count in nothing else.
 */
export type Contestant = {
  readonly rating: Estimate;
  readonly winRate: Estimate;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly unjudged: number;
};

/**
 * models: in the order given. prompts: how many there are. kinds: ratings on the prompts of each kind alone, where there are
 * several, and how many of that kind came to a verdict.
 */
export type Tournament = {
  readonly anchor: string;
  readonly prompts: number;
  readonly kindCounts: Readonly<Partial<Record<PromptKind, number>>>;
  readonly models: Readonly<Record<string, Contestant>>;
  readonly kinds: Readonly<Partial<Record<PromptKind, Readonly<Record<string, Estimate>>>>>;
};

type Decided = Battle & { readonly outcome: PlayerComparison["outcome"] };

const isDecided = (battle: Battle): battle is Decided => battle.outcome !== null;

/** Of the battles that a model is in, each as that model sees it. */
const sidesOf = (battles: readonly Battle[], model: string) =>
  battles.flatMap(({ first, second, outcome }) => {
    if (first !== model && second !== model) return [];
    const won = outcome === null ? null : first === model ? outcome : 1 - outcome;
    return [{ other: first === model ? second : first, won }];
  });

/** A rating whose resamples all agree has an interval of no width, which says too much. */
const bounded = (rating: Estimate): Estimate =>
  rating.low === rating.high ? { ...rating, low: null, high: null } : rating;

const ratingsOf = (
  battles: readonly Decided[],
  models: readonly string[],
  seed: number,
): Record<string, Estimate> => {
  const anchor = models[0]!;
  const comparisons = battles.map(({ prompt, ...battle }) => ({ ...battle, cluster: prompt }));
  // who met the anchor alone has nothing to do with the others: a virtual tie with them would be none of its battles
  const isStar = comparisons.every(({ first, second }) => first === anchor || second === anchor);
  const all = isStar ? null : rate(comparisons, { anchor, seed });
  const ratingOf = (model: string): Estimate | undefined => {
    if (all !== null) return all.get(model);
    const own = comparisons.filter(
      ({ first, second }) => [anchor, model].includes(first) && [anchor, model].includes(second),
    );
    return rate(model === anchor ? comparisons : own, { anchor, seed }).get(model);
  };
  return Object.fromEntries(
    models.map((model, at) => {
      const rating = ratingOf(model) ?? emptyEstimate();
      return [model, at === 0 ? rating : bounded(rating)];
    }),
  );
};

/** A share of wins with its interval: a bootstrap over prompts, and Wilson's where every prompt came out alike. */
const winRateOf = (won: readonly number[], seed: number): Estimate =>
  new Set(won).size > 1
    ? mean(won, seed)
    : proportion(
        won.reduce((sum, one) => sum + one, 0),
        won.length,
      );

const contestantOf = (
  battles: readonly Battle[],
  [anchor]: readonly string[],
  model: string,
  seed: number,
): Omit<Contestant, "rating"> => {
  const sides = sidesOf(battles, model);
  const times = (outcome: number | null): number => sides.filter(({ won }) => won === outcome).length;
  const met = sides.flatMap(({ other, won }) => (other === anchor && won !== null ? [won] : []));
  return {
    winRate: winRateOf(met, deriveSeed(seed, "win-rate", model)),
    ...{ wins: times(1), losses: times(0), ties: times(0.5), unjudged: times(null) },
  };
};

/** The standings of a tournament. models: the first is the anchor. */
export const tournament = (
  battles: readonly Battle[],
  models: readonly string[],
  seed: number,
): Tournament => {
  const decided = battles.filter(isDecided);
  const ratings = ratingsOf(decided, models, deriveSeed(seed, "tournament"));
  const found = [...new Set(decided.flatMap(({ kind }) => (kind === undefined ? [] : [kind])))].sort();
  const ofKind = (kind: PromptKind) =>
    ratingsOf(
      decided.filter((battle) => battle.kind === kind),
      models,
      deriveSeed(seed, "tournament", kind),
    );
  const countOf = (some: readonly Battle[]): number => new Set(some.map(({ prompt }) => prompt)).size;
  return {
    anchor: models[0]!,
    prompts: countOf(battles),
    kindCounts: Object.fromEntries(
      found.map((kind) => [kind, countOf(decided.filter((battle) => battle.kind === kind))]),
    ),
    models: Object.fromEntries(
      models.map((model) => [
        model,
        { rating: ratings[model]!, ...contestantOf(battles, models, model, seed) },
      ]),
    ),
    kinds: found.length < 2 ? {} : Object.fromEntries(found.map((kind) => [kind, ofKind(kind)])),
  };
};
