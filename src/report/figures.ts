// How figures are written and compared in the report: a value always comes with its interval and the number of
// observations. Two figures of a run go by the difference of the same prompts (changes.ts); where there is none, they are
// only called different when their intervals do not touch.

import { wilsonInterval } from "../core/index.ts";
import type { Estimate, MetricsDocument, ModelMetrics, ModelName } from "../records/index.ts";
import {
  fixedText,
  type KnownInterval,
  known,
  percentNumber,
  percentText,
  rungs,
  signedText,
} from "./charts/index.ts";
import { html, type Markup } from "./markup.ts";

/** What a figure counts: a share of 1, a score on its own scale, or a rating against the base. */
export type FigureKind = "share" | "score" | "rating";

const writeAs = (kind: FigureKind): ((value: number) => string) => {
  switch (kind) {
    case "share":
      return percentText;
    case "score":
      return (value) => fixedText(value, 2);
    case "rating":
      return signedText;
    default:
      return kind satisfies never;
  }
};

/** The value alone, in words fit for a sentence; "not measured" when there is none. */
export const valueText = (estimate: Estimate | undefined, kind: FigureKind = "share"): string => {
  const interval = known(estimate);
  return interval === null ? "not measured" : writeAs(kind)(interval.value);
};

/** "1.1–4.2%", the bounds of the interval. */
export const boundsText = (interval: KnownInterval, kind: FigureKind = "share"): string => {
  if (kind === "share") return `${percentNumber(interval.low)}–${percentNumber(interval.high)}%`;
  const write = writeAs(kind);
  return kind === "rating"
    ? `${write(interval.low)} to ${write(interval.high)}`
    : `${write(interval.low)}–${write(interval.high)}`;
};

/** Value, bounds and n for a table cell. */
export const figureCell = (estimate: Estimate | undefined, kind: FigureKind = "share"): Markup => {
  const interval = known(estimate);
  if (interval === null) return html`<span class="absent">—</span><small>n 0</small>`;
  return html`<b>${writeAs(kind)(interval.value)}</b><small>${boundsText(interval, kind)}</small><small>n ${interval.n}</small>`;
};

/** "2.3% (1.1–4.2%, n = 343)" for a sentence. */
export const figureSentence = (estimate: Estimate | undefined, kind: FigureKind = "share"): string => {
  const interval = known(estimate);
  if (interval === null) return "not measured";
  return `${writeAs(kind)(interval.value)} (${boundsText(interval, kind)}, n\u00a0=\u00a0${interval.n})`;
};

/** How one figure stands to another: apart only if their intervals are. */
export type Comparison = "lower" | "higher" | "unclear";

/** Compares by intervals; null when one of the two was not measured. */
export const compare = (one: Estimate | undefined, other: Estimate | undefined): Comparison | null => {
  const left = known(one);
  const right = known(other);
  if (left === null || right === null) return null;
  if (left.high < right.low) return "lower";
  if (left.low > right.high) return "higher";
  return "unclear";
};

/** The 95 % Wilson interval of a share, for counts that come without one. */
export const wilson = (share: number | null, n: number): Estimate => {
  if (share === null || n === 0) return { value: null, low: null, high: null, n };
  return { value: share, ...wilsonInterval(share, n), n };
};

/** The metrics of one model of an arm. */
export const modelMetrics = (
  metrics: MetricsDocument | null,
  arm: string,
  model: ModelName,
): ModelMetrics | undefined => metrics?.arms[arm]?.models[model];

/** "SL-CAI" for "sl"; unknown keys stay as they are. */
export const modelTitle = (model: string): string =>
  rungs.find((rung) => rung.model === model)?.name ?? model;

/** The first letter in upper case. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
