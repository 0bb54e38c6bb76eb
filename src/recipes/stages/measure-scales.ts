// The scales of what simulations measure, by kind: from where to where a value can be, so that no interval reaches past it.
// Knows the measures by their names in the long table, and no value.

import type { Scale } from "../../evaluation/index.ts";
import type { Metric } from "../../records/index.ts";
import { supportMetric } from "../../simulation/index.ts";

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

/** What of a metric is a scale. */
export type MetricScale = Pick<Metric, "id" | "low" | "high">;

/** Of a contract, whose users rate on the scales of these metrics. */
export const contractScales = (metrics: readonly MetricScale[]): ScaleOf => {
  const others = firstOf([/^similarity\./, share], [/^satisfaction/, satisfaction], [/^principles/, count]);
  return (metric) =>
    metrics.find(({ id }) => [`own.${id}`, `others.${id}`].includes(metric)) ?? others(metric);
};

/** Of payoffs: trades pay in points, a pot more than was put in; all else shares of what was at stake. */
const incomeScale = (game: string): Scale => {
  if (game === "buyer-seller") return { low: Number.NEGATIVE_INFINITY, high: count.high };
  return game === "public-goods" ? count : share;
};

/** Of games. */
export const gameScales = (game: string): ScaleOf =>
  firstOf(
    [/^(given|accepted|unparseable|missing)$/, share],
    [/^income$/, incomeScale(game)],
    [/^distance$/, { low: -1, high: 1 }],
    [/^questions$/, count],
  );

/** Of a vote. */
export const voteScales: ScaleOf = firstOf(
  [/^(document\.)?(utilitarian|nash|rawlsian)$|^standing$/, supportMetric],
  [/^(document\.)?leftOut$|^principles|^candidates$/, count],
  [/^satisfaction/, satisfaction],
);
