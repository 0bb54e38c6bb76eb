// What ONNX Runtime's profiler wrote of a workload's programs, summed by kind of operation, beside what they took in all
// and what the workload took with all that happens outside of them. Times are wall time of one thread.
// Knows nothing of how profiles are made.

import { z } from "zod";
import { alignColumns } from "../src/core/index.ts";

/** One event of a profile; dur in microseconds. */
const eventSchema = z.object({
  cat: z.string(),
  name: z.string(),
  dur: z.number(),
  args: z.object({ op_name: z.string().optional() }).optional(),
});

/** Milliseconds by kind of operation, and of whole runs of programs. */
export type Profile = { readonly operations: ReadonlyMap<string, number>; readonly runs: number };

/** Sums profiles, each the text of one file. */
export const sumProfiles = (texts: readonly string[]): Profile => {
  const operations = new Map<string, number>();
  let runs = 0;
  for (const text of texts) {
    for (const { cat, name, dur, args } of z.array(eventSchema).parse(JSON.parse(text))) {
      if (cat === "Session" && name === "model_run") runs += dur / 1000;
      if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
      const operation = args?.op_name ?? "unnamed";
      operations.set(operation, (operations.get(operation) ?? 0) + dur / 1000);
    }
  }
  return { operations, runs };
};

/** Lines of a table, milliseconds a step and shares of it. milliseconds: that all steps took. */
export const profileTable = (
  { operations, runs }: Profile,
  milliseconds: number,
  steps: number,
): string[] => {
  const inOperations = [...operations.values()].reduce((sum, one) => sum + one, 0);
  const rows = [
    ...[...operations].sort(([, one], [, other]) => other - one),
    ["between operations", runs - inOperations] as const,
    ["outside the programs", milliseconds - runs] as const,
    ["in all", milliseconds] as const,
  ];
  const cells = rows.map(([name, spent]) => [
    name,
    (spent / steps).toFixed(1),
    `${((100 * spent) / milliseconds).toFixed(1)} %`,
  ]);
  return alignColumns([["", "ms a step", "of it"], ...cells], [1, 2]);
};
