// `covenant prompts classify`: prompts sorted into the areas of a constitution, or of a list, by a model; a table and a
// page of the areas, and the prompts again with their areas.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import {
  type Area,
  areasNamed,
  areasOf,
  classifyPrompts,
  mostAsked,
  renderClassification,
  withOther,
} from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  type AreaRecord,
  areaRecordSchema,
  type PromptRecord,
  promptRecordSchema,
  unclassifiedReasons,
} from "../records/index.ts";
import { type AreaFigure, writeAreaPage } from "../report/index.ts";
import { readRecords, type StageContext } from "../runs/index.ts";
import { areaFigure, areaTable } from "./area-table.ts";
import { describeSpent, spentInRun } from "./data-summary.ts";
import { constitutionFlag, kindFlag, modelFlag, promptsFlag, runFlags } from "./flags.ts";
import type { Speed } from "./model-time.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planCalls, planOf, tokensOf } from "./plan.ts";
import { areasFlag, areasSetting, otherSetting } from "./prompt-settings.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import {
  callSettings,
  constitutionSetting,
  modelSetting,
  outSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  seedSetting,
} from "./settings.ts";
import { appendChunks, resumePoint } from "./stages/chunks.ts";
import { gatherPrompts, promptStage } from "./stages/prompts.ts";
import { type Pipeline, withStageModel } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { counted } from "./wording.ts";

const schema = z.strictObject({
  out: outSetting("runs/classify"),
  seed: seedSetting,
  model: modelSetting.describe("model that sorts the prompts"),
  constitution: constitutionSetting,
  areas: areasSetting,
  other: otherSetting,
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(20, 10, 10),
  pack: z.number().int().positive().default(10).describe("prompts a call"),
  tokensEach: z.number().int().positive().default(24).describe("tokens of an answer for each prompt at most"),
  ...callSettings,
});
type ClassifyConfig = z.output<typeof schema>;

/** The prompts of a setting as they are, for training and for testing. */
const gather = ({ prompts: source, counts, kind, limit, seed }: ClassifyConfig) =>
  gatherPrompts(
    {
      source,
      train: counts,
      test: { harmful: 0, harmless: 0, lookalike: 0 },
      ...(kind === undefined ? {} : { kind }),
      ...(limit === undefined ? {} : { limit }),
    },
    seed,
  );

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: ClassifyConfig, context: RecipeContext) => {
  const constitution = config.areas === undefined ? await loadConstitution(config.constitution) : undefined;
  const named = constitution === undefined ? areasNamed(config.areas ?? []) : areasOf(constitution);
  const areas = withOther(named, config.other);
  const gathered = await gather(config);
  const inputs = await checkInputs(
    {
      calls: config,
      models: { model: [config.model, "asked"] },
      files: promptFile(config.prompts),
      ...(constitution === undefined ? {} : { constitution }),
    },
    context,
  );
  const request = { name: "prompts classify", config, stages: ["prompts", "classify", "sorted"], inputs };
  return { areas, gathered, inputs, request };
};

/** Warns where a model sorted hardly anything: the figures are then of chance. */
const warnOfUnclassified = async (stage: StageContext, path: string, model: string): Promise<void> => {
  const records = await readRecords(path, areaRecordSchema);
  const open = records.filter(({ area }) => area === null).length;
  if (open * 2 <= records.length) return;
  stage.warn(
    "areas-few",
    `${model} sorted ${records.length - open} of ${counted(records.length, "prompt")}. Choose a model that follows instructions: it has to answer with JSON.`,
  );
};

/** classify/areas.jsonl: the area of every prompt. */
const classifyStage = async (
  pipeline: Pipeline,
  config: ClassifyConfig,
  prompts: readonly PromptRecord[],
  areas: readonly Area[],
): Promise<AreaRecord[]> => {
  const { run } = pipeline;
  const { model, pack, tokensEach } = config;
  const inputs = { model, areas, pack, tokensEach };
  await run.stage({ name: "classify", inputs, after: ["prompts"] }, async (stage) => {
    const file = await stage.records("areas.jsonl", areaRecordSchema);
    await withStageModel(pipeline, stage, model, async (opened, countUsage) => {
      const chunk = pack * opened.capabilities.batch;
      const { skipItems, skipRows } = resumePoint(file.existing.length, chunk);
      const chunks = classifyPrompts({
        model: opened,
        prompts: prompts.slice(skipItems),
        areas,
        runSeed: run.seed,
        stage: "classify",
        signal: stage.signal,
        ...{ pack, tokensEach, chunk },
      });
      await appendChunks(file, chunks, skipRows, (rows) => {
        countUsage();
        stage.progress(rows, prompts.length, "prompts");
      });
    });
    await warnOfUnclassified(stage, file.path, model);
  });
  return readRecords(join(run.folder, "classify", "areas.jsonl"), areaRecordSchema);
};

/** sorted/prompts.jsonl: the prompts with their areas; those without keep what they had. */
const sortedStage = async (
  { run }: Pipeline,
  prompts: readonly PromptRecord[],
  records: readonly AreaRecord[],
): Promise<void> => {
  const areaOf = new Map(records.map(({ prompt, area }) => [prompt, area]));
  const sorted = async function* () {
    for (const prompt of prompts) {
      const area = areaOf.get(prompt.id);
      yield promptRecordSchema.parse(area == null ? prompt : { ...prompt, area });
    }
  };
  await run.stage({ name: "sorted", inputs: {}, after: ["prompts", "classify"] }, async (stage) => {
    await writeStream(stage, "prompts.jsonl", sorted(), { total: prompts.length, unit: "prompts" });
  });
};

const reasonWords: Readonly<Record<(typeof unclassifiedReasons)[number], string>> = {
  refusal: "refused by the provider",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "without an answer",
  length: "with an answer that was cut",
  unreadable: "with an answer that was not the JSON that was asked for",
  outside: "put into an area that there is not",
};

const describeUnclassified = (records: readonly AreaRecord[]): string[] => {
  const open = records.filter(({ area }) => area === null);
  if (open.length === 0) return [];
  const counts = unclassifiedReasons
    .map((reason) => [open.filter((record) => record.reason === reason).length, reasonWords[reason]] as const)
    .filter(([count]) => count > 0);
  const told = counts.map(([count, words]) => `${count} ${words}`).join(", ");
  return [`Unclassified: ${open.length} of ${counted(records.length, "prompt")} (${told}).`];
};

const figuresOf = (areas: readonly Area[], records: readonly AreaRecord[]): AreaFigure[] => {
  const sorted = records.filter(({ area }) => area !== null);
  return areas.map(({ name }) => {
    const count = sorted.filter(({ area }) => area === name).length;
    return areaFigure(name, count, count, sorted.length);
  });
};

const execute = async (config: ClassifyConfig, context: RecipeContext) => {
  const { areas, gathered, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const prompts = await promptStage(pipeline, gathered);
  const records = await classifyStage(pipeline, config, prompts, areas);
  await sortedStage(pipeline, prompts, records);
  const figures = figuresOf(areas, records);
  const unclassified = records.filter(({ area }) => area === null).length;
  const again = records.filter(({ asked }) => asked > 1).length;
  const notes = [
    ...describeUnclassified(records),
    ...(again === 0 ? [] : [`Asked again in smaller packs: ${counted(again, "prompt")}.`]),
  ];
  await writeAreaPage(join(run.folder, "areas.html"), {
    title: `Areas of ${counted(records.length, "prompt")}`,
    measure: "share of the prompts that were sorted",
    areas: figures,
    notes: [`Sorted by ${config.model}, ${config.pack} a call.`, ...notes],
  });
  await run.finish();
  const spent = await spentInRun(run.folder, ["classify"]);
  const file = join(config.out, "sorted", "prompts.jsonl");
  return {
    lines: [
      ...areaTable(figures, { what: "prompts", share: "share of those sorted, with 95 % intervals" }),
      "",
      ...notes,
      ...describeSpent(spent),
      `Page: ${join(config.out, "areas.html")}`,
      `Prompts with their areas: ${file}`,
      ...nextCommands(
        ["prompts", "penetrate", "--prompts", file],
        ["prompts", "select", "--prompts", file, "--per-area", "50"],
      ),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "sorted", "prompts.jsonl"),
      page: join(run.folder, "areas.html"),
      prompts: records.length,
      unclassified,
      again,
      areas: figures,
      spent,
    },
  };
};

/** Tokens that a request adds to a question but for its text. */
const requestFrame = 8;

/** Calls about all prompts: at most, where each pack has to be asked again in ever smaller ones; usually, once a pack. */
const planClassification = (
  prompts: readonly PromptRecord[],
  areas: readonly Area[],
  { pack, tokensEach, model, prices }: ClassifyConfig,
  speed: Speed,
): PlannedStep => {
  const frame = tokensOf(renderClassification([], areas));
  const once = prompts.reduce(
    (sum, { messages }) => sum + tokensOf(JSON.stringify(messages.at(-1)!.content)) + requestFrame,
    0,
  );
  const packs = Math.ceil(prompts.length / pack);
  const most = mostAsked(Math.min(pack, prompts.length));
  const load = (calls: number, times: number) => (reply: number) => ({
    calls,
    read: calls * frame + times * once,
    written: 32 * calls + times * prompts.length * reply,
  });
  return planCalls(
    "classify",
    `${counted(prompts.length, "prompt")}, ${pack} a call; ${counted(packs, "call")} where each answer can be read`,
    { speed, maxTokens: tokensEach, price: priceOfModel(prices, model) },
    load(packs * most.calls, most.times),
    load(packs, 1),
  );
};

/** `covenant prompts classify`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "classify"],
  summary: "sort prompts into areas with a model, and count each area",
  schema,
  flags: {
    ...runFlags,
    model: modelFlag("model that sorts the prompts"),
    constitution: constitutionFlag,
    areas: areasFlag,
    prompts: promptsFlag,
    kind: kindFlag,
    limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
    pack: { path: "pack", description: "prompts a call", placeholder: "number" },
  },
  async plan(config, context) {
    const { areas, gathered, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    return planOf([planClassification(gathered.prompts, areas, config, inputs.speeds["model"]!)]);
  },
  run: execute,
};
