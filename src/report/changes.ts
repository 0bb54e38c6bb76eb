// Differences between two models, or two moments of one, in words. All of them answered the same requests, so a change
// is judged by the interval of the paired difference. Runs of older versions recorded none: then two figures are only
// called different when their own intervals do not touch, which misses most small changes.

import type { Difference, Estimate, MetricsDocument, ModelDifference } from "../records/index.ts";
import { percentNumber } from "./charts/index.ts";
import { type Comparison, compare } from "./figures.ts";

/** A figure that models are compared by. */
export type ComparedFigure = Exclude<keyof ModelDifference, "from" | "to">;

/** A change and which way it goes; difference: null where the run recorded none. */
export type Change = { readonly direction: Comparison; readonly difference: Difference | null };

/** A change is clear when its interval does not hold 0 and the exact test agrees; near the edge the two can differ. */
export const directionOf = ({ low, high, p }: Difference): Comparison | null => {
  if (low === null || high === null) return null;
  if (p !== null && p >= 0.05) return "unclear";
  if (low > 0) return "higher";
  return high < 0 ? "lower" : "unclear";
};

/** The change from one figure to another; null when one of them was not measured. */
export const changeBetween = (
  from: Estimate | undefined,
  to: Estimate | undefined,
  difference: Difference | undefined,
): Change | null => {
  const paired = difference === undefined ? null : directionOf(difference);
  if (difference !== undefined && paired !== null) return { direction: paired, difference };
  const direction = compare(to, from);
  return direction === null ? null : { direction, difference: null };
};

/** Where a model stands: its arm and its name. */
export type Place = { readonly arm: string; readonly model: "base" | "sl" | "dpo" | "rl" };

const recordedPlace = ({ arm, model }: Place) => ({ arm: model === "base" ? "base" : arm, model });

const recorded = (metrics: MetricsDocument, from: Place, to: Place): ModelDifference | undefined => {
  const [start, end] = [recordedPlace(from), recordedPlace(to)];
  const is = (one: { arm: string; model: string }, other: { arm: string; model: string }): boolean =>
    one.arm === other.arm && one.model === other.model;
  return metrics.differences?.find((one) => is(one.from, start) && is(one.to, end));
};

/** How a figure changes from one model to another. */
export const modelChange = (
  metrics: MetricsDocument | null,
  from: Place,
  to: Place,
  figure: ComparedFigure,
): Change | null => {
  if (metrics === null) return null;
  const of = ({ arm, model }: Place): Estimate | undefined => metrics.arms[arm]?.models[model][figure];
  return changeBetween(of(from), of(to), recorded(metrics, from, to)?.[figure]);
};

/** 0.043 → "4.3", −0.043 → "−4.3", −0.0002 → "−<0.1": a difference of two shares in points of a percent. */
const points = (share: number): string => {
  if (share === 0) return "0";
  return Math.abs(share) < 0.0005 ? `${share < 0 ? "−" : ""}<0.1` : percentNumber(share);
};

const signed = (share: number): string => (share > 0 ? `+${points(share)}` : points(share));

const rangeOf = ({ low, high, n }: Difference, write: (share: number) => string, between: string): string =>
  `${write(low ?? 0)}${between}${write(high ?? 0)}, n\u00a0=\u00a0${n}`;

/** "96.5 points (92.4–98.1, n = 200)", without sign: the words around it say which way. */
export const sizeText = (difference: Difference): string => {
  const value = difference.value ?? 0;
  const turned =
    value < 0 ? { ...difference, low: -(difference.high ?? 0), high: -(difference.low ?? 0) } : difference;
  return `${points(Math.abs(value))}\u00a0points (${rangeOf(turned, points, "–")})`;
};

/** "+3.5 points (−0.8 to +8.1, n = 200)". */
export const signedSizeText = (difference: Difference): string =>
  `${signed(difference.value ?? 0)}\u00a0points (${rangeOf(difference, signed, " to ")})`;

/**
 * Why a change is not clear though its interval leaves out 0, to stand after "no clear change"; empty where the interval
 * holds 0 and says it by itself.
 */
export const doubtText = ({ low, high, p }: Difference): string => {
  const holdsZero = low === null || high === null || (low <= 0 && high >= 0);
  if (holdsZero || p === null || p < 0.05) return "";
  return `, as the exact test does not tell it from chance (p\u00a0=\u00a0${p.toFixed(3)})`;
};

/**
 * A clause on the change of a share, to stand after a comma or colon: "96.5 points (…) lower", "no clear change, …".
 * Without a recorded difference it goes by the two intervals and says so.
 */
export const changeClause = ({ direction, difference }: Change): string => {
  if (difference === null) {
    return {
      lower: "lower",
      higher: "higher",
      unclear: "the two intervals overlap, so no change is claimed",
    }[direction];
  }
  return direction === "unclear"
    ? `no clear change, ${signedSizeText(difference)}${doubtText(difference)}`
    : `${sizeText(difference)} ${direction}`;
};
