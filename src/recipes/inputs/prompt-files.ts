// Files of prompts as `prompts load` reads them: prompts as they are written, comparisons and chains of all files, each once.
// One pass over all of them finds every fault and counts what there is, before anything is written. Streams; writes nothing.

import { takeFirst } from "../../core/index.ts";
import {
  countUnfit,
  createAcrossFiles,
  createTidy,
  createUniqueIds,
  formatNamed,
  type LearnedRevisions,
  noTidyCounts,
  readChains,
  readComparisons,
  readPrompts,
  sftRowsFromRevisions,
  type TidyCounts,
  type TidySettings,
  type UnfitCount,
  type UnfitRow,
} from "../../feedback/index.ts";
import type { ComparisonRecord, PromptKind, PromptRecord, RevisionRecord } from "../../records/index.ts";
import { type LeftOutCounts, sumLeftOut } from "../stages/left-out.ts";
import { isSandboxRequest } from "./sandbox-language.ts";

/** A file as the user named it, and where it lies. */
export type PromptSource = { readonly name: string; readonly path: string };

/** What of the settings says how files are read. limit: of the prompts, comparisons and chains of each file. */
export type PromptFileSettings = {
  readonly seed: number;
  readonly format?: string | undefined;
  readonly kind?: PromptKind | undefined;
  readonly area?: string | undefined;
  readonly limit?: number | undefined;
  readonly testShare: number;
  readonly clean: TidySettings;
  readonly revisions: LearnedRevisions;
};

/** What a pass over the prompts counted. formats, notTaken: by the names of files. */
export type PromptCounts = {
  readonly tidy: TidyCounts;
  readonly formats: Map<string, string>;
  readonly notTaken: Map<string, string>;
  readonly kinds: Map<string, number>;
  readonly areas: Map<string, number>;
  readonly splits: { train: number; test: number };
  kept: number;
  /** Whether all prompts are of the sandbox's language. */
  areOfSandbox: boolean;
};

export const noPromptCounts = (): PromptCounts => ({
  tidy: noTidyCounts(),
  formats: new Map(),
  notTaken: new Map(),
  kinds: new Map(),
  areas: new Map(),
  splits: { train: 0, test: 0 },
  kept: 0,
  areOfSandbox: true,
});

const bump = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

/** The prompts of all files as they are written. What is left out, and what is kept, is counted. Throws UserError at faults. */
export async function* cleanPrompts(
  settings: PromptFileSettings,
  sources: readonly PromptSource[],
  counts: PromptCounts,
): AsyncGenerator<PromptRecord> {
  const { seed, clean, testShare, kind, format, limit, area } = settings;
  const tidy = createTidy(clean, counts.tidy);
  // readers see to it that the ids of one file differ
  const unique = sources.length > 1 ? createUniqueIds(seed) : (prompt: PromptRecord): PromptRecord => prompt;
  for (const { name, path } of sources) {
    const options = {
      runSeed: seed,
      testShare,
      ...(kind === undefined ? {} : { kind }),
      ...(format === undefined ? {} : { format }),
      ...(limit === undefined ? {} : { limit }),
    };
    const notes = {
      onRepeated: () => counts.tidy.repeated++,
      onBlank: () => counts.tidy.empty++,
      onFormat: (found: string, first: unknown) => {
        counts.formats.set(name, found);
        const notTaken = formatNamed(found).notTaken?.(first);
        if (notTaken !== undefined) counts.notTaken.set(name, notTaken);
      },
    };
    for await (const read of readPrompts(path, options, notes)) {
      const kept = tidy(read.area === undefined && area !== undefined ? { ...read, area } : read);
      if (kept === null) continue;
      const prompt = unique(kept);
      counts.kept++;
      counts.areOfSandbox &&= isSandboxRequest(prompt);
      counts.splits[prompt.split]++;
      bump(counts.kinds, prompt.kind ?? "");
      bump(counts.areas, prompt.area ?? "");
      yield prompt;
    }
  }
}

/** What readers of all files are given. */
const readingOptions = ({ seed, format }: PromptFileSettings) => ({
  runSeed: seed,
  ...(format === undefined ? {} : { format }),
});

/** Chains of all files; what a file repeats of an earlier one is left out. */
export async function* chainsOf(
  settings: PromptFileSettings,
  sources: readonly PromptSource[],
): AsyncGenerator<RevisionRecord> {
  const across = createAcrossFiles(settings.seed);
  const { limit = Number.POSITIVE_INFINITY } = settings;
  for (const [at, { path }] of sources.entries())
    for await (const chain of takeFirst(readChains(path, readingOptions(settings)), limit)) {
      const { messages, answer, steps } = chain;
      const once = across(chain, [messages, answer, steps], at);
      if (once !== null) yield once;
    }
}

/** What is told of rows that give no comparison, by the file that they are in. */
export type ComparisonNotes = {
  onUnfit(file: string, row: UnfitRow): void;
  onUnknown(): void;
  onRead(file: string): void;
};

/** Comparisons of all files; what a file repeats of an earlier one is left out. */
export async function* comparisonsOf(
  settings: PromptFileSettings,
  sources: readonly PromptSource[],
  notes?: ComparisonNotes,
): AsyncGenerator<ComparisonRecord> {
  const across = createAcrossFiles(settings.seed);
  for (const [at, { name, path }] of sources.entries()) {
    const options = {
      ...readingOptions(settings),
      limit: settings.limit,
      onUnfit: (row: UnfitRow) => notes?.onUnfit(name, row),
      onUnknown: () => notes?.onUnknown(),
    };
    for await (const one of readComparisons(path, options)) {
      notes?.onRead(name);
      const once = across(one, [one.messages, one.question ?? null, one.options, one.correct], at);
      if (once !== null) yield once;
    }
  }
}

/** Rows of one file that could give a comparison: those that did, and those that are unfit. */
export type PairRows = { read: number; readonly unfit: UnfitCount };

/** What there is in files. pairs: by file; unknown: comparisons of which no reply is known to be better; leftOut: of rows. */
export type FileCounts = {
  readonly prompts: PromptCounts;
  readonly comparisons: number;
  readonly pairs: ReadonlyMap<string, PairRows>;
  readonly unknown: number;
  readonly chains: number;
  readonly rows: number;
  readonly leftOut: LeftOutCounts;
};

const drain = async (items: AsyncIterable<unknown>): Promise<number> => {
  let count = 0;
  for await (const _ of items) count++;
  return count;
};

const rowOptions = (seed: number) => ({ runSeed: seed, stage: "rows" });

/** A chain's training rows, and what was left out of them. */
export const rowsOfChain = (chain: RevisionRecord, { seed, revisions }: PromptFileSettings) =>
  sftRowsFromRevisions([chain], { ...rowOptions(seed), which: revisions });

/** Reads all of the files. Throws UserError with every fault of the first file that has some. */
export const countFiles = async (
  settings: PromptFileSettings,
  sources: readonly PromptSource[],
): Promise<FileCounts> => {
  const prompts = noPromptCounts();
  await drain(cleanPrompts(settings, sources, prompts));
  const pairs = new Map<string, PairRows>();
  const of = (file: string): PairRows => {
    const found = pairs.get(file) ?? { read: 0, unfit: countUnfit() };
    pairs.set(file, found);
    return found;
  };
  let unknown = 0;
  const comparisons = await drain(
    comparisonsOf(settings, sources, {
      onUnfit: (file, row) => of(file).unfit.add(row),
      onUnknown: () => unknown++,
      onRead: (file) => of(file).read++,
    }),
  );
  let chains = 0;
  let rows = 0;
  let leftOut: LeftOutCounts = {};
  for await (const chain of chainsOf(settings, sources)) {
    const made = rowsOfChain(chain, settings);
    chains++;
    rows += made.rows.length;
    leftOut = sumLeftOut(leftOut, made.leftOut);
  }
  return { prompts, comparisons, pairs, unknown, chains, rows, leftOut };
};

/** What is said of pairs that are no comparison, a notice a file. */
export const pairNotices = ({ pairs }: FileCounts) =>
  [...pairs].flatMap(([file, { read, unfit }]) => {
    if (unfit.total === 0) return [];
    const rows = read + unfit.total;
    const gave = `${unfit.total.toLocaleString("en-US")} of ${rows.toLocaleString("en-US")} ${rows === 1 ? "pair is" : "pairs are"} no comparison`;
    return [
      {
        code: "rows-unfit",
        text: `${file}: ${gave}: ${unfit.groups()}. What they ask is a prompt all the same.`,
      },
    ];
  });
