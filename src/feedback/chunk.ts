// Chunks: the unit in which work goes to a model and comes back to the caller, who writes it down and may stop after
// it. Results never depend on the size of a chunk, because every request carries the seed of its own item.

import { CovenantError } from "../core/index.ts";
import type { Reply } from "../models/index.ts";
import type { Usage } from "../records/index.ts";

/** A list in pieces of the given size, in order. */
export function* chunksOf<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  const step = Math.max(1, Math.floor(size));
  for (let start = 0; start < items.length; start += step) yield items.slice(start, start + step);
}

/** Whether a reply carries text worth going on with. */
export const isAnswered = (reply: Pick<Reply, "text" | "finish">): boolean =>
  (reply.finish === "stop" || reply.finish === "length") && reply.text.trim() !== "";

/** The results, checked to be as many as were asked for. */
export const expectCount = <Result>(
  model: string,
  asked: number,
  results: readonly Result[],
): readonly Result[] => {
  if (results.length === asked) return results;
  throw new CovenantError(
    "model-count",
    `${model} was asked ${asked} requests and gave ${results.length} results; expected one each.`,
    { model, asked, given: results.length },
  );
};

/** The sum of token counts. */
export const sumUsage = (usages: readonly Usage[]): Usage => ({
  promptTokens: usages.reduce((sum, usage) => sum + usage.promptTokens, 0),
  completionTokens: usages.reduce((sum, usage) => sum + usage.completionTokens, 0),
});
