// Comparisons whose better reply is known, from the published sets that have them (438 HHH, HHH-alignment, TruthfulQA,
// PKU-SafeRLHF, ...): what a judge is measured on. Knows no judge.

import { canonicalJson, collectFaults, deriveSeed, sha256Text, type UserError } from "../core/index.ts";
import type { ComparisonRecord } from "../records/index.ts";
import { readFormatted } from "./prompts/formats.ts";

/** A comparison without the fields of a record. */
export type KnownComparison = Omit<ComparisonRecord, "parents" | "stage" | "seed">;

/** format: of the file, where its first row is not to tell it. */
export type ComparisonOptions = {
  readonly runSeed: number;
  readonly stage?: string;
  readonly format?: string;
  readonly limit?: number;
};

/**
 * The comparisons of a file, as a stream, in its order; none where its format has none. Ids are made of the content, and
 * equal rows are told apart by their number. Throws UserError with every fault as file, line and field.
 */
export async function* readComparisons(
  file: string,
  { runSeed, stage = "comparisons", format, limit = Number.POSITIVE_INFINITY }: ComparisonOptions,
): AsyncGenerator<ComparisonRecord> {
  const faults = collectFaults(file);
  const seen = new Map<string, number>();
  const keep = (fault: UserError): void => {
    faults.attempt(() => {
      throw fault;
    });
  };
  let given = 0;
  for await (const { format: own, place, row } of readFormatted(file, keep, format)) {
    if (own.comparison === undefined || given >= limit) break;
    const found = faults.attempt(() => own.comparison?.(row, place) ?? null);
    if (found === undefined || found === null) continue;
    const key = `comparison-${sha256Text(canonicalJson(found)).slice(0, 16)}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    const id = count === 1 ? key : `${key}-${count}`;
    given++;
    const { messages, options, ...rest } = found;
    yield {
      id,
      parents: [],
      stage,
      seed: deriveSeed(runSeed, stage, id),
      ...rest,
      messages: [...messages],
      options: [...options],
    };
  }
  faults.end();
}
