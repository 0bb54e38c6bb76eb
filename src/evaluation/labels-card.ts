// The labels card: how far the labels of a judge can be trusted. Accuracy against a measure of the truth, dependence
// on position and length with the trivial baseline beside it, and calibration (reliability diagram and expected
// calibration error of Guo et al. 2017). What the truth is, a function says; comparisons without one are left out.

import type { Random } from "../core/index.ts";
import type { ArmMetrics, CalibrationBin, Estimate, LabelRecord } from "../records/index.ts";
import { bootstrapInterval, emptyEstimate, proportion } from "./statistics.ts";

/** Which reply of a comparison is truly better: 0, 1, or null for a tie or when nobody knows. */
export type TruePreference = (label: LabelRecord) => 0 | 1 | null;

type JudgedLabel = LabelRecord & { readonly probability: number };

const isJudged = (label: LabelRecord): label is JudgedLabel =>
  label.state === "judged" && label.probability !== null;

/** How much of a win for "yes" a probability is: 1, 0, or ½ when it is exactly between. */
const verdictOf = (probability: number): number => (probability > 0.5 ? 1 : probability < 0.5 ? 0 : 0.5);

const shareOf = (scores: readonly number[]): Estimate =>
  proportion(
    scores.reduce((total, score) => total + score, 0),
    scores.length,
  );

/** 1 when the reply that the label prefers is the truly better one; an undecided label scores ½. */
const correctness = (label: JudgedLabel, truth: 0 | 1): number => {
  const first = verdictOf(label.probability);
  return truth === 0 ? first : 1 - first;
};

const longer = (label: LabelRecord): 0 | 1 | null => {
  const [first, second] = label.replies;
  return first.length === second.length ? null : first.length > second.length ? 0 : 1;
};

/** Both showings of a comparison: 1 where the reply that was shown first was preferred. */
const firstPosition = (label: LabelRecord): number[] =>
  label.orders === null ? [] : [verdictOf(label.orders[0]), verdictOf(1 - label.orders[1])];

/** What a label states for the reply it prefers, and whether it was right (½ when undecided). */
export type StatedLabel = { readonly confidence: number; readonly correct: number };

const binCount = 10;

/**
 * The reliability diagram: labels by the probability they state for the reply they prefer (0.5 to 1, ten bins, the
 * last with its end), with the mean of what they state and the share that was right.
 */
export const calibrationBins = (labels: readonly StatedLabel[]): CalibrationBin[] => {
  const edges = Array.from({ length: binCount + 1 }, (_, index) => (binCount + index) / (2 * binCount));
  return edges.slice(0, -1).map((from, index) => {
    const to = edges[index + 1]!;
    const inside = labels.filter(
      ({ confidence }) => confidence >= from && (confidence < to || index === binCount - 1),
    );
    const n = inside.length;
    const average = (value: (label: (typeof inside)[number]) => number): number | null =>
      n === 0 ? null : inside.reduce((total, label) => total + value(label), 0) / n;
    return {
      from,
      to,
      stated: average((label) => label.confidence),
      observed: average((label) => label.correct),
      n,
    };
  });
};

const errorOf = (bins: readonly CalibrationBin[], n: number): number =>
  bins.reduce((total, bin) => total + (bin.n / n) * Math.abs((bin.stated ?? 0) - (bin.observed ?? 0)), 0);

/**
 * The expected calibration error: the mean gap between stated and observed, weighted by bin, with a percentile
 * bootstrap over labels. Gaps count whatever their sign, so chance alone makes a few labels look miscalibrated.
 */
export const calibrationError = (labels: readonly StatedLabel[], seed: number): Estimate => {
  const n = labels.length;
  if (n === 0) return emptyEstimate();
  const value = errorOf(calibrationBins(labels), n);
  const draw = (random: Random): number =>
    errorOf(calibrationBins(labels.map(() => labels[random.integer(n)]!)), n);
  const [low, high] = bootstrapInterval(value, draw, seed);
  return { value, low, high, n };
};

/**
 * The card of a set of labels. accuracy and calibration: judged comparisons with a true preference. flipRate: judged
 * comparisons whose two orders disagree. firstPositionRate: both showings of each, so its interval is too wide
 * rather than too narrow for an unbiased judge. longerRate: how often the longer reply is preferred, where lengths
 * differ; longerBaseline: how often it is truly better. Identical and unscored comparisons are counted, not scored.
 */
export const labelsCard = (
  labels: readonly LabelRecord[],
  truePreference: TruePreference,
  seed: number,
): ArmMetrics["labels"] => {
  const judged = labels.filter(isJudged);
  const known = judged.flatMap((label) => {
    const truth = truePreference(label);
    return truth === null ? [] : [{ label, truth }];
  });
  const stated = known.map(({ label, truth }) => ({
    confidence: Math.max(label.probability, 1 - label.probability),
    correct: correctness(label, truth),
  }));
  const flips = judged.filter((label) => label.flipped !== null);
  return {
    accuracy: shareOf(known.map(({ label, truth }) => correctness(label, truth))),
    flipRate: shareOf(flips.map((label) => (label.flipped ? 1 : 0))),
    firstPositionRate: shareOf(judged.flatMap(firstPosition)),
    longerRate: shareOf(
      judged.flatMap((label) => {
        const long = longer(label);
        return long === null ? [] : [correctness(label, long)];
      }),
    ),
    longerBaseline: shareOf(
      known.flatMap(({ label, truth }) => {
        const long = longer(label);
        return long === null ? [] : [long === truth ? 1 : 0];
      }),
    ),
    calibrationError: calibrationError(stated, seed),
    calibration: calibrationBins(stated),
    identical: labels.filter((label) => label.state === "identical").length,
    unscored: labels.length - judged.length - labels.filter((label) => label.state === "identical").length,
    n: labels.length,
  };
};
