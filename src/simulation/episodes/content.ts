// Who is content, by the own numbers. Comments of those who are say thanks and ask for nothing, so the brief wording holds
// them back from the model that writes documents, which has room for a few alone.

import type { Metric } from "../../records/index.ts";

/** The share of a scale, 0 to 1, from which a number is one of somebody content; off: nobody counts as that. */
export type ContentFrom = number | "off";

/**
 * Whether somebody is content by all of these numbers that there are. A number that is missing says nothing, for or against; who
 * gave none is not known to be content.
 */
export const isContent = (
  numbers: Readonly<Record<string, number | null>>,
  metrics: readonly Pick<Metric, "id" | "low" | "high">[],
  from: ContentFrom,
): boolean =>
  from !== "off" &&
  metrics.some(({ id }) => (numbers[id] ?? null) !== null) &&
  metrics.every(({ id, low, high }) => {
    const value = numbers[id] ?? null;
    return value === null || value >= low + from * (high - low);
  });
