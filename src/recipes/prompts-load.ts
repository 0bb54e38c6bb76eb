// `covenant prompts load`: files of prompts in whatever format they were published, cleaned, without duplicates and split
// by a hash, as the records that every other command takes. Comparisons and chains of critique and revision that the
// files hold are written too. Streams from file to file.

import { join } from "node:path";
import { z } from "zod";
import { counted, firstOf, sha256File, UserError } from "../core/index.ts";
import { formatNamed, type TidyCounts } from "../feedback/index.ts";
import { sftRowSchema } from "../records/index.ts";
import { checkFolder, openStages } from "./inputs/open-stages.ts";
import {
  chainsOf,
  cleanPrompts,
  comparisonsOf,
  countFiles,
  type FileCounts,
  noPromptCounts,
  type PromptCounts,
  type PromptSource,
  pairNotices,
  rowsOfChain,
} from "./inputs/prompt-files.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { formatFlag, kindFlag, runFlags } from "./settings/flags.ts";
import { cleanSettings, filesSetting, formatSetting, testShareSetting } from "./settings/prompt-settings.ts";
import { outSetting, promptKindSetting, seedSetting, sftMixSettings } from "./settings/settings.ts";
import { hereFile } from "./stages/data-files.ts";
import { mixedRows, rowsStage } from "./stages/rows.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { modelForTexts, nextCommands } from "./summaries/next-command.ts";

const schema = z.strictObject({
  out: outSetting("runs/prompts"),
  seed: seedSetting,
  files: filesSetting("files of prompts are needed (`covenant prompts load prompts.csv`)"),
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

/** Reads all of the files once, so that every fault is told before anything is begun. */
const prepare = async (config: LoadConfig, context: RecipeContext) => {
  if (config.format !== undefined) formatNamed(config.format);
  const sources: PromptSource[] = [];
  const contents: Record<string, string> = {};
  for (const [at, name] of config.files.entries()) {
    const path = await hereFile(name, context);
    sources.push({ name, path });
    contents[`files.${at}`] = (await sha256File(path)).sha256;
  }
  const counts = await countFiles(config, sources);
  const { kept, tidy } = counts.prompts;
  if (kept === 0) {
    throw new UserError(
      "prompts-empty",
      `${config.files.join(", ")}: no prompts are left${tidy.empty + tidy.overlong > 0 ? " after cleaning" : ""}. Expected one prompt a row, e.g. {"prompt": "How do I ...?"}.`,
      { files: config.files },
    );
  }
  const stages = [
    "prompts",
    ...(counts.comparisons > 0 ? ["comparisons"] : []),
    ...(counts.chains > 0 ? ["revise", "rows"] : []),
  ];
  const inputs = { contents, speeds: {}, configs: {}, tokens: {}, languages: {} };
  const request = { name: "prompts load", config, stages, inputs };
  return { sources, counts, stages, request, notices: pairNotices(counts) };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

/** What decides the comparisons and chains of the files. */
const inputsOf = ({ format, limit }: LoadConfig, files: Readonly<Record<string, string>>) => ({
  files,
  format: format ?? null,
  ...(limit === undefined ? {} : { limit }),
});

/** Chains of all files, and the rows that training learns from them. */
const chainStages = async (
  pipeline: Pipeline,
  config: LoadConfig,
  { sources, request, counts }: Prepared,
): Promise<void> => {
  const inputs = inputsOf(config, request.inputs.contents);
  const chains = () => chainsOf(config, sources);
  await pipeline.run.stage({ name: "revise", inputs }, async (stage) => {
    await writeStream(stage, "revisions.jsonl", chains(), { total: counts.chains, unit: "chains" });
  });
  const rows = async function* () {
    for await (const chain of chains()) yield* rowsOfChain(chain, config).rows;
  };
  await rowsStage(pipeline, {
    after: ["revise"],
    inputs: { revisions: config.revisions },
    file: "sft.jsonl",
    schema: sftRowSchema,
    rows: (stage) => mixedRows(stage, rows(), { runSeed: config.seed, stage: "rows" }),
    count: counts.rows,
    leftOut: counts.leftOut,
    what: "text",
  });
};

const comparisonStage = async (
  pipeline: Pipeline,
  config: LoadConfig,
  { sources, request, counts }: Prepared,
): Promise<void> => {
  const inputs = inputsOf(config, request.inputs.contents);
  await pipeline.run.stage({ name: "comparisons", inputs }, async (stage) => {
    const total = counts.comparisons;
    await writeStream(stage, "comparisons.jsonl", comparisonsOf(config, sources), {
      total,
      unit: "comparisons",
    });
  });
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

const describeTidy = ({ tidy }: PromptCounts): string[] => {
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

const describeLoaded = (counts: PromptCounts): string[] => [
  ...[...counts.formats].map(([file, format]) => `${file}: ${format}, ${formatNamed(format).what}.`),
  ...[...counts.notTaken].map(([file, what]) => `Not taken of ${file}: ${what}.`),
  `${counted(counts.kept, "prompt")}: ${counts.splits.train.toLocaleString("en-US")} to train and ${counts.splits.test.toLocaleString("en-US")} to test.`,
  ...describeTidy(counts),
  `Kinds: ${describeCounts(counts.kinds)}.`,
  ...(counts.areas.size > 1 || !counts.areas.has("") ? [`Areas: ${describeCounts(counts.areas)}.`] : []),
];

/** What to do where all prompts are for testing; nothing where some are left to train on. */
const describeNoneToTrain = ({ splits }: PromptCounts): string[] =>
  splits.train > 0
    ? []
    : [
        "No prompt is left to train on, so `covenant revise` and `covenant label` have none to work on. The same command with --set testShare=0 --fresh marks none for testing but those whose rows say so.",
      ];

/** What was written beside the prompts, and where; nothing of what there is none. */
const describeBeside = (out: string, { comparisons, unknown, chains, rows }: FileCounts): string[] => [
  ...(comparisons === 0
    ? []
    : [`${counted(comparisons, "comparison")}: ${join(out, "comparisons", "comparisons.jsonl")}`]),
  ...(unknown === 0
    ? []
    : [
        `${counted(unknown, "row")} of two replies ${unknown === 1 ? "says" : "say"} of neither that it is better: no comparison.`,
      ]),
  ...(chains === 0
    ? []
    : [
        `${counted(chains, "chain")}: ${join(out, "revise", "revisions.jsonl")}`,
        `${counted(rows, "training row")}: ${join(out, "rows", "sft.jsonl")}`,
      ]),
];

const execute = async (config: LoadConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { sources, request, stages, notices } = prepared;
  const { prompts: counts, comparisons, chains, rows } = prepared.counts;
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  for (const notice of notices) run.emit({ type: "warning", ...notice });
  const { revisions: _, out: __, ...decisive } = config;
  const inputs = { ...decisive, contents: request.inputs.contents };
  await run.stage({ name: "prompts", inputs }, async (stage) => {
    const all = cleanPrompts(config, sources, noPromptCounts());
    await writeStream(stage, "prompts.jsonl", all, { total: counts.kept, unit: "prompts" });
  });
  if (stages.includes("comparisons")) await comparisonStage(pipeline, config, prepared);
  if (stages.includes("revise")) await chainStages(pipeline, config, prepared);
  const metrics = {
    prompts: counts.kept,
    ...counts.splits,
    clean: counts.tidy,
    kinds: Object.fromEntries(counts.kinds),
    areas: Object.fromEntries(counts.areas),
    comparisons,
    chains,
  };
  await run.write("counts.json", metrics);
  await run.finish();
  const prompts = join(config.out, "prompts", "prompts.jsonl");
  const model = modelForTexts(counts.areOfSandbox);
  const sorting = ["prompts", "classify", ...modelForTexts(false), "--prompts", prompts];
  const further: [string[], ...string[][]] =
    counts.splits.train > 0 ? [["revise", ...model, "--prompts", prompts], sorting] : [sorting];
  return {
    lines: [
      ...describeLoaded(counts),
      ...describeNoneToTrain(counts),
      ...describeBeside(config.out, prepared.counts),
      `Prompts: ${prompts}`,
      ...nextCommands(
        ...further,
        ...(rows === 0
          ? []
          : [
              [
                "train",
                "sft",
                "--model",
                "./a-model-folder",
                "--data",
                join(config.out, "rows", "sft.jsonl"),
              ],
            ]),
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
    const { counts, request, stages, notices } = await prepare(config, context);
    await checkFolder(request, context);
    const what: Readonly<Record<string, string>> = {
      prompts: counted(counts.prompts.kept, "prompt"),
      comparisons: counted(counts.comparisons, "comparison"),
      revise: counted(counts.chains, "chain"),
      rows: counted(counts.rows, "training row"),
    };
    const steps = stages.map((stage) =>
      planWriting(stage, what[stage]!, stage === "prompts" ? counts.prompts.kept / 50_000 : 0),
    );
    return planOf(steps, notices);
  },
  run: execute,
};
