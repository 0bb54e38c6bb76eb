// `covenant prompts load`: files of prompts in whatever format they were published, cleaned, without duplicates and split
// by a hash, as the records that every other command takes. Comparisons and chains of critique and revision that the
// files hold are written too. Streams from file to file.

import { join } from "node:path";
import { z } from "zod";
import { counted, firstOf, mapped, sha256File, takeFirst, UserError } from "../core/index.ts";
import {
  createAcrossFiles,
  createTidy,
  createUniqueIds,
  formatNamed,
  noTidyCounts,
  readChains,
  readComparisons,
  readPrompts,
  sftRowsFromRevisions,
  type TidyCounts,
} from "../feedback/index.ts";
import {
  type ComparisonRecord,
  type PromptRecord,
  type RevisionRecord,
  sftRowSchema,
} from "../records/index.ts";
import { checkFolder, openStages } from "./inputs/open-stages.ts";
import { isSandboxRequest } from "./inputs/sandbox-language.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { formatFlag, kindFlag, runFlags } from "./settings/flags.ts";
import { cleanSettings, filesSetting, formatSetting, testShareSetting } from "./settings/prompt-settings.ts";
import { outSetting, promptKindSetting, seedSetting, sftMixSettings } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { type LeftOutCounts, sumLeftOut } from "./stages/left-out.ts";
import { mixedRows, rowsStage } from "./stages/rows.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { modelForTexts, nextCommands } from "./summaries/next-command.ts";

const schema = z.strictObject({
  out: outSetting("runs/prompts"),
  seed: seedSetting,
  files: filesSetting("files of prompts are needed (covenant prompts load prompts.csv)"),
  format: formatSetting,
  kind: promptKindSetting,
  area: z.string().min(1).optional().describe("area of prompts whose rows do not say it"),
  limit: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("at most so many prompts, comparisons and chains of each file"),
  testShare: testShareSetting,
  clean: cleanSettings,
  ...sftMixSettings,
});
type LoadConfig = z.output<typeof schema>;

type Source = { readonly name: string; readonly path: string };

/** What a pass over the files counted. */
type Counts = {
  readonly tidy: TidyCounts;
  readonly formats: Map<string, string>;
  readonly kinds: Map<string, number>;
  readonly areas: Map<string, number>;
  readonly splits: { train: number; test: number };
  kept: number;
  /** Whether all prompts are of the sandbox's language. */
  areOfSandbox: boolean;
};

const noCounts = (): Counts => ({
  tidy: noTidyCounts(),
  formats: new Map(),
  kinds: new Map(),
  areas: new Map(),
  splits: { train: 0, test: 0 },
  kept: 0,
  areOfSandbox: true,
});

const bump = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1);
};

/** The prompts of all files as they are written. What is left out, and what is kept, is counted. */
async function* cleanPrompts(
  config: LoadConfig,
  sources: readonly Source[],
  counts: Counts,
): AsyncGenerator<PromptRecord> {
  const tidy = createTidy(config.clean, counts.tidy);
  // readers see to it that the ids of one file differ
  const unique =
    sources.length > 1 ? createUniqueIds(config.seed) : (prompt: PromptRecord): PromptRecord => prompt;
  const { kind, format, limit, area } = config;
  for (const { name, path } of sources) {
    const options = {
      runSeed: config.seed,
      testShare: config.testShare,
      ...(kind === undefined ? {} : { kind }),
      ...(format === undefined ? {} : { format }),
      ...(limit === undefined ? {} : { limit }),
    };
    const notes = {
      onRepeated: () => counts.tidy.repeated++,
      onBlank: () => counts.tidy.empty++,
      onFormat: (found: string) => counts.formats.set(name, found),
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

/** Reads all of the files once, so that every fault is told before anything is begun. */
const prepare = async (config: LoadConfig, context: RecipeContext) => {
  if (config.format !== undefined) formatNamed(config.format);
  const sources: Source[] = [];
  const contents: Record<string, string> = {};
  for (const [at, name] of config.files.entries()) {
    const path = await hereFile(name, context);
    sources.push({ name, path });
    contents[`files.${at}`] = (await sha256File(path)).sha256;
  }
  const counts = noCounts();
  for await (const _ of cleanPrompts(config, sources, counts)) {
    // Only what it counts is wanted.
  }
  if (counts.kept === 0) {
    throw new UserError(
      "prompts-empty",
      `${config.files.join(", ")}: no prompts are left${counts.tidy.empty + counts.tidy.overlong > 0 ? " after cleaning" : ""}. Expected one prompt a row, e.g. {"prompt": "How do I ...?"}.`,
      { files: config.files },
    );
  }
  const formats = [...counts.formats.values()].map(formatNamed);
  const hasChains = formats.some(({ chain }) => chain !== undefined);
  const hasComparisons = formats.some(({ comparison }) => comparison !== undefined);
  const stages = [
    "prompts",
    ...(hasComparisons ? ["comparisons"] : []),
    ...(hasChains ? ["revise", "rows"] : []),
  ];
  const inputs = { contents, speeds: {}, configs: {}, tokens: {}, languages: {} };
  const request = { name: "prompts load", config, stages, inputs };
  return { sources, counts, stages, request };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

/** What readers of all files are given. */
const readingOptions = ({ seed, format }: LoadConfig) => ({
  runSeed: seed,
  ...(format === undefined ? {} : { format }),
});

/** What decides the comparisons and chains of the files. */
const inputsOf = ({ format, limit }: LoadConfig, files: Readonly<Record<string, string>>) => ({
  files,
  format: format ?? null,
  ...(limit === undefined ? {} : { limit }),
});

/** Chains of all files, each once. */
async function* chainsOf(config: LoadConfig, sources: readonly Source[]): AsyncGenerator<RevisionRecord> {
  const across = createAcrossFiles(config.seed);
  const { limit = Number.POSITIVE_INFINITY } = config;
  for (const [at, { path }] of sources.entries())
    for await (const chain of takeFirst(readChains(path, readingOptions(config)), limit)) {
      const { messages, answer, steps } = chain;
      const once = across(chain, [messages, answer, steps], at);
      if (once !== null) yield once;
    }
}

/** Comparisons of all files; what a file repeats of an earlier one is left out. */
async function* comparisonsOf(
  config: LoadConfig,
  sources: readonly Source[],
): AsyncGenerator<ComparisonRecord> {
  const across = createAcrossFiles(config.seed);
  for (const [at, { path }] of sources.entries())
    for await (const one of readComparisons(path, { ...readingOptions(config), limit: config.limit })) {
      const once = across(one, [one.messages, one.question ?? null, one.options, one.correct], at);
      if (once !== null) yield once;
    }
}

/** Chains of all files, and the rows that training learns from them. Resolves to how many there are of each. */
const chainStages = async (pipeline: Pipeline, config: LoadConfig, { sources, request }: Prepared) => {
  const inputs = inputsOf(config, request.inputs.contents);
  const chains = () => chainsOf(config, sources);
  await pipeline.run.stage({ name: "revise", inputs }, async (stage) => {
    await writeStream(stage, "revisions.jsonl", chains(), { total: 0, unit: "chains" });
  });
  const rowOptions = { runSeed: config.seed, stage: "rows" };
  const made = () =>
    mapped(chains(), (chain) => sftRowsFromRevisions([chain], { ...rowOptions, which: config.revisions }));
  const counts = { chains: 0, rows: 0 };
  let leftOut: LeftOutCounts = {};
  for await (const chain of made()) {
    counts.chains++;
    counts.rows += chain.rows.length;
    leftOut = sumLeftOut(leftOut, chain.leftOut);
  }
  const rows = async function* () {
    for await (const chain of made()) yield* chain.rows;
  };
  await rowsStage(pipeline, {
    after: ["revise"],
    inputs: { revisions: config.revisions },
    file: "sft.jsonl",
    schema: sftRowSchema,
    rows: (stage) => mixedRows(stage, rows(), rowOptions),
    count: counts.rows,
    leftOut,
    what: "text",
  });
  return counts;
};

const comparisonStage = async (pipeline: Pipeline, config: LoadConfig, { sources, request }: Prepared) => {
  const inputs = inputsOf(config, request.inputs.contents);
  let count = 0;
  const all = () => comparisonsOf(config, sources);
  await pipeline.run.stage({ name: "comparisons", inputs }, async (stage) => {
    count = await writeStream(stage, "comparisons.jsonl", all(), { total: 0, unit: "comparisons" });
  });
  if (count === 0) for await (const _ of all()) count++;
  return count;
};

const words: Readonly<Record<keyof TidyCounts, string>> = {
  ends: "",
  empty: "empty",
  overlong: "too long",
  repeated: "repeated exactly",
  "same-words": "of the same words as an earlier one",
  near: "nearly the same as an earlier one",
  "other-kind": "",
};

const describeTidy = ({ tidy }: Counts): string[] => {
  const left = (Object.keys(words) as (keyof TidyCounts)[]).filter(
    (rule) => words[rule] !== "" && tidy[rule] > 0,
  );
  return [
    ...(left.length === 0
      ? []
      : [
          `Left out: ${left.map((rule) => `${tidy[rule].toLocaleString("en-US")} ${words[rule]}`).join(", ")}.`,
        ]),
    ...(tidy["other-kind"] === 0
      ? []
      : [
          `Of these ${tidy["other-kind"].toLocaleString("en-US")} said another kind (or none) than the earlier one, whose kind holds.`,
        ]),
    ...(tidy.ends === 0 ? [] : [`Trimmed at its ends: ${counted(tidy.ends, "prompt")}.`]),
  ];
};

/** "harmful 12, harmless 3, not said 5"; the ten most frequent. */
const describeCounts = (counts: ReadonlyMap<string, number>): string => {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  return firstOf(
    sorted.map(([name, count]) => `${name === "" ? "not said" : name} ${count.toLocaleString("en-US")}`),
  );
};

const describeLoaded = (counts: Counts): string[] => [
  ...[...counts.formats].map(([file, format]) => `${file}: ${format}, ${formatNamed(format).what}.`),
  `${counted(counts.kept, "prompt")}: ${counts.splits.train.toLocaleString("en-US")} to train and ${counts.splits.test.toLocaleString("en-US")} to test.`,
  ...describeTidy(counts),
  `Kinds: ${describeCounts(counts.kinds)}.`,
  ...(counts.areas.size > 1 || !counts.areas.has("") ? [`Areas: ${describeCounts(counts.areas)}.`] : []),
];

const execute = async (config: LoadConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { sources, counts, request, stages } = prepared;
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const { revisions: _, out: __, ...decisive } = config;
  const inputs = { ...decisive, contents: request.inputs.contents };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    const rows = cleanPrompts(config, sources, noCounts());
    await writeStream(stage, "prompts.jsonl", rows, { total: counts.kept, unit: "prompts" });
  });
  const comparisons = stages.includes("comparisons") ? await comparisonStage(pipeline, config, prepared) : 0;
  const made = stages.includes("revise") ? await chainStages(pipeline, config, prepared) : null;
  const metrics = {
    prompts: counts.kept,
    ...counts.splits,
    clean: counts.tidy,
    kinds: Object.fromEntries(counts.kinds),
    areas: Object.fromEntries(counts.areas),
    comparisons,
    chains: made?.chains ?? 0,
  };
  await run.write("counts.json", metrics);
  await run.finish();
  const prompts = join(config.out, "prompts", "prompts.jsonl");
  const rows = join(config.out, "rows", "sft.jsonl");
  const model = modelForTexts(counts.areOfSandbox);
  return {
    lines: [
      ...describeLoaded(counts),
      ...(comparisons === 0
        ? []
        : [`${counted(comparisons, "comparison")}: ${join(config.out, "comparisons", "comparisons.jsonl")}`]),
      ...(made === null
        ? []
        : [
            `${counted(made.chains, "chain")}: ${join(config.out, "revise", "revisions.jsonl")}`,
            `${counted(made.rows, "training row")}: ${rows}`,
          ]),
      `Prompts: ${prompts}`,
      ...nextCommands(
        ["revise", ...model, "--prompts", prompts],
        ["prompts", "classify", ...modelForTexts(false), "--prompts", prompts],
        ...(made === null || made.rows === 0
          ? []
          : [["train", "sft", "--model", "./a-model-folder", "--data", rows]]),
      ),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "prompts", "prompts.jsonl"),
      formats: Object.fromEntries(counts.formats),
      ...metrics,
    },
  };
};

/** `covenant prompts load`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "load"],
  summary: "prompts of files in any published format: cleaned, without duplicates, split",
  schema,
  flags: {
    ...runFlags,
    files: { path: "files", description: "files of prompts, with commas between", placeholder: "list" },
    format: formatFlag,
    kind: kindFlag,
    limit: {
      path: "limit",
      description: "at most so many prompts, comparisons and chains of each file",
      placeholder: "number",
    },
  },
  positional: "files",
  async plan(config, context) {
    const { counts, request, stages } = await prepare(config, context);
    await checkFolder(request, context);
    const what = (stage: string): string =>
      stage === "prompts" ? counted(counts.kept, "prompt") : `${stage} of the files`;
    return planOf(
      stages.map((stage) => planWriting(stage, what(stage), stage === "prompts" ? counts.kept / 50_000 : 0)),
    );
  },
  run: execute,
};
