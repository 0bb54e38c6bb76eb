// The scales of what simulations measure, by kind: from where to where a value can be, so that no interval reaches past it.
// Knows the measures by their names in the long table, and no value.

import type { Scale } from "../evaluation/index.ts";
import type { Metric } from "../records/index.ts";
import { supportMetric } from "../simulation/index.ts";

/** The scale of a measure; undefined where none is known. */
export type ScaleOf = (metric: string) => Scale | undefined;

const share: Scale = { low: 0, high: 1 };
const count: Scale = { low: 0, high: Number.POSITIVE_INFINITY };
/** Of the sandbox's oracle. */
const satisfaction: Scale = { low: 0, high: 10 };

/** The first of these patterns that a measure fits says its scale. */
const firstOf =
  (...scales: readonly (readonly [pattern: RegExp, scale: Scale])[]): ScaleOf =>
  (metric) =>
    scales.find(([pattern]) => pattern.test(metric))?.[1];

/** Of a contract, whose users rate on the scales of these metrics. */
export const contractScales = (metrics: readonly Metric[]): ScaleOf => {
  const others = firstOf([/^similarity\./, share], [/^satisfaction/, satisfaction], [/^principles/, count]);
  return (metric) =>
    metrics.find(({ id }) => [`own.${id}`, `others.${id}`].includes(metric)) ?? others(metric);
};

/** Of games, of which trades alone pay in points. */
export const gameScales = (game: string): ScaleOf =>
  firstOf(
    [/^(given|accepted|unparseable|missing)$/, share],
    [/^income$/, game === "buyer-seller" ? { low: Number.NEGATIVE_INFINITY, high: count.high } : share],
    [/^distance$/, { low: -1, high: 1 }],
    [/^questions$/, count],
  );

/** Of a vote. */
export const voteScales: ScaleOf = firstOf(
  [/^(document\.)?(utilitarian|nash|rawlsian)$|^standing$/, supportMetric],
  [/^(document\.)?leftOut$|^principles|^candidates$/, count],
  [/^satisfaction/, satisfaction],
);
