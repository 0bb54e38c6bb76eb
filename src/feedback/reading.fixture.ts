// Whole files in memory, for tests: prompts, comparisons and chains are read as streams everywhere else.
// What is in them is the readers' part.

import { collect } from "../core/index.ts";
import type { ComparisonRecord, PromptRecord, RevisionRecord } from "../records/index.ts";
import { type ChainOptions, readChains } from "./chains.ts";
import { type ComparisonOptions, type ReadingOptions, readComparisons, readPairs } from "./comparisons.ts";
import type { ReplyPair } from "./pairs.ts";
import { type PromptOptions, readPrompts } from "./prompts/reading.ts";

/** The prompts of a file, and how many rows only repeated an earlier one. */
export const loadPrompts = async (
  file: string,
  options: PromptOptions,
): Promise<{ readonly prompts: readonly PromptRecord[]; readonly repeated: number }> => {
  let repeated = 0;
  const prompts = await collect(readPrompts(file, options, { onRepeated: () => repeated++ }));
  return { prompts, repeated };
};

export const loadPairs = (file: string, options?: ReadingOptions): Promise<ReplyPair[]> =>
  collect(readPairs(file, options));

export const loadComparisons = (file: string, options: ComparisonOptions): Promise<ComparisonRecord[]> =>
  collect(readComparisons(file, options));

export const loadChains = (file: string, options: ChainOptions): Promise<RevisionRecord[]> =>
  collect(readChains(file, options));
