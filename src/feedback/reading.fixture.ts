// Whole files for tests, written into a folder that goes with them, and read into memory: prompts, comparisons and chains
// are read as streams everywhere else. What is in them is the readers' part.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { collect } from "../core/index.ts";
import type { ComparisonRecord, PromptRecord, RevisionRecord } from "../records/index.ts";
import { type ChainOptions, readChains } from "./chains.ts";
import { type ComparisonOptions, type ReadingOptions, readComparisons, readPairs } from "./comparisons.ts";
import type { ReplyPair } from "./pairs.ts";
import { type PromptOptions, readPrompts } from "./prompts/reading.ts";

/** Writes files of these names into a folder of the calling test's own, and gives their paths. */
export const createWriter = (): ((name: string, content: string | Buffer) => string) => {
  const folder = mkdtempSync(join(tmpdir(), "covenant-reading-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name, content) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };
};

export const jsonl = (...rows: readonly unknown[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join("");

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
