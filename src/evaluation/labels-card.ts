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

/** Lists of labels as they are stated: for the reply that each prefers, and whether it was right (½ when undecided). */
export type StatedLabels = {
  readonly length: number;
  readonly confidence: ArrayLike<number>;
  readonly correct: ArrayLike<number>;
};

const binCount = 10;
const edges = Array.from({ length: binCount + 1 }, (_, index) => (binCount + index) / (2 * binCount));

/** The bin of a confidence from 0.5 to 1; the last holds its end. */
const binOf = (confidence: number): number => {
  let bin = 0;
  while (bin < binCount - 1 && confidence >= edges[bin + 1]!) bin++;
  return bin;
};

/** Sums in each bin: of what is stated, of what was right, and how many. */
const sumBins = (count: number, at: (index: number) => number, labels: StatedLabels, bins: Uint8Array) => {
  const stated = new Float64Array(binCount);
  const observed = new Float64Array(binCount);
  const n = new Uint32Array(binCount);
  for (let index = 0; index < count; index++) {
    const label = at(index);
    const bin = bins[label]!;
    stated[bin]! += labels.confidence[label]!;
    observed[bin]! += labels.correct[label]!;
    n[bin]!++;
  }
  return { stated, observed, n };
};

const binsOf = ({ length, confidence }: StatedLabels): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => binOf(confidence[index]!));

/**
 * The reliability diagram: labels by the probability they state for the reply they prefer (0.5 to 1, ten bins, the
 * last with its end), with the mean of what they state and the share that was right.
 */
export const calibrationBins = (labels: StatedLabels): CalibrationBin[] => {
  const { stated, observed, n } = sumBins(labels.length, (index) => index, labels, binsOf(labels));
  return Array.from({ length: binCount }, (_, bin) => ({
    from: edges[bin]!,
    to: edges[bin + 1]!,
    stated: n[bin] === 0 ? null : stated[bin]! / n[bin]!,
    observed: proportion(observed[bin]!, n[bin]!),
    n: n[bin]!,
  }));
};

const errorOf = ({ stated, observed }: ReturnType<typeof sumBins>, n: number): number =>
  stated.reduce((total, sum, bin) => total + Math.abs(sum - observed[bin]!) / n, 0);

/**
 * The expected calibration error: the mean gap between stated and observed, weighted by bin, with a percentile
 * bootstrap over labels. Gaps count whatever their sign, so chance alone makes a few labels look miscalibrated.
 */
export const calibrationError = (labels: StatedLabels, seed: number): Estimate => {
  const n = labels.length;
  if (n === 0) return emptyEstimate();
  const bins = binsOf(labels);
  const value = errorOf(
    sumBins(n, (index) => index, labels, bins),
    n,
  );
  const draw = (random: Random): number =>
    errorOf(
      sumBins(n, () => random.integer(n), labels, bins),
      n,
    );
  const [low, high] = bootstrapInterval(value, draw, seed);
  return { value, low, high, n };
};

/** Numbers that come one by one, 8 bytes each. */
const createNumbers = () => {
  let values = new Float64Array(256);
  let length = 0;
  return {
    push(value: number): void {
      if (length === values.length) {
        const grown = new Float64Array(2 * length);
        grown.set(values);
        values = grown;
      }
      values[length++] = value;
    },
    taken: (): Float64Array => values.subarray(0, length),
  };
};

/** Takes labels one after the other; of each that has a true preference 16 bytes are kept, of the others only counts. */
export type LabelsCount = { add(label: LabelRecord): void; card(seed: number): ArmMetrics["labels"] };

/** Successes, with halves, of so many. */
const createShare = () => {
  let sum = 0;
  let n = 0;
  return {
    add(score: number): void {
      sum += score;
      n++;
    },
    estimate: (): Estimate => proportion(sum, n),
  };
};

/** Begins to count the card of a set of labels (labelsCard). */
export const countForCard = (truePreference: TruePreference): LabelsCount => {
  const confidence = createNumbers();
  const correct = createNumbers();
  const shares = {
    accuracy: createShare(),
    flipRate: createShare(),
    firstPositionRate: createShare(),
    longerRate: createShare(),
    longerBaseline: createShare(),
  };
  const counts = { n: 0, judged: 0, identical: 0 };
  const addKnown = (label: JudgedLabel, truth: 0 | 1): void => {
    confidence.push(Math.max(label.probability, 1 - label.probability));
    correct.push(correctness(label, truth));
    shares.accuracy.add(correctness(label, truth));
    const long = longer(label);
    if (long !== null) shares.longerBaseline.add(long === truth ? 1 : 0);
  };
  return {
    add(label) {
      counts.n++;
      if (label.state === "identical") counts.identical++;
      if (!isJudged(label)) return;
      counts.judged++;
      const truth = truePreference(label);
      if (truth !== null) addKnown(label, truth);
      if (label.flipped !== null) shares.flipRate.add(label.flipped ? 1 : 0);
      for (const score of firstPosition(label)) shares.firstPositionRate.add(score);
      const long = longer(label);
      if (long !== null) shares.longerRate.add(correctness(label, long));
    },
    card(seed) {
      const [stated, right] = [confidence.taken(), correct.taken()];
      const labels = { length: stated.length, confidence: stated, correct: right };
      const { accuracy, flipRate, firstPositionRate, longerRate, longerBaseline } = shares;
      return {
        accuracy: accuracy.estimate(),
        flipRate: flipRate.estimate(),
        firstPositionRate: firstPositionRate.estimate(),
        longerRate: longerRate.estimate(),
        longerBaseline: longerBaseline.estimate(),
        calibrationError: calibrationError(labels, seed),
        calibration: calibrationBins(labels),
        identical: counts.identical,
        unscored: counts.n - counts.judged - counts.identical,
        n: counts.n,
      };
    },
  };
};

/**
 * The card of a set of labels. accuracy and calibration: judged comparisons with a true preference. flipRate: judged
 * comparisons whose two orders disagree. firstPositionRate: both showings of each, so its interval is too wide
 * rather than too narrow for an unbiased judge. longerRate: how often the longer reply is preferred, where lengths
 * differ; longerBaseline: how often it is truly better. Identical and unscored comparisons are counted, not scored.
 */
export const labelsCard = (
  labels: Iterable<LabelRecord>,
  truePreference: TruePreference,
  seed: number,
): ArmMetrics["labels"] => {
  const count = countForCard(truePreference);
  for (const label of labels) count.add(label);
  return count.card(seed);
};
