// `covenant prompts classify`: prompts sorted into the areas of a constitution, or of a list, by a model; a table and a
// page of the areas, and the prompts again with their areas.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { CovenantError, counted, inStep, mapped, type Sequence, UserError } from "../core/index.ts";
import {
  type Area,
  areasNamed,
  areasOf,
  belongsToNone,
  classifiedLine,
  classifyPrompts,
  mostAsked,
  packPace,
  renderClassification,
  withOther,
} from "../feedback/index.ts";
import { estimateTokens, priceOfModel } from "../models/index.ts";
import {
  type AreaRecord,
  areaRecordSchema,
  type PromptRecord,
  promptRecordSchema,
  unclassifiedReasons,
} from "../records/index.ts";
import { type AreaFigure, writeAreaPage } from "../report/index.ts";
import { requireJsonAnswers } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages, promptFile } from "./inputs/open-stages.ts";
import { planCalls, planOf, tokensOf } from "./plans/plan.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import { constitutionFlag, modelFlag } from "./settings/flags.ts";
import {
  answerTokensSetting,
  areasFlag,
  areasSetting,
  askedPromptFlags,
  askedPromptSettings,
  givenTestShareSetting,
  otherSetting,
} from "./settings/prompt-settings.ts";
import { constitutionSetting, modelSetting, outSetting } from "./settings/settings.ts";
import { askingStage, isOf } from "./stages/asking.ts";
import { openPrompts, promptStage, sourceOf } from "./stages/prompts.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import type { Watch } from "./stages/watched-file.ts";
import { areaFigure, areaTable } from "./summaries/area-table.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { askedWords, nextCommands, selectWords } from "./summaries/next-command.ts";
import { describeTestPrompts } from "./summaries/test-prompts.ts";

const schema = z.strictObject({
  out: outSetting("runs/classify"),
  model: modelSetting.describe("model that sorts the prompts"),
  constitution: constitutionSetting,
  areas: areasSetting,
  other: otherSetting,
  ...askedPromptSettings(20, 10, 10),
  pack: z.number().int().positive().default(10).describe("prompts a call"),
  answerTokens: answerTokensSetting,
  testShare: givenTestShareSetting,
  tokensEach: z.number().int().positive().default(24).describe("tokens of an answer for each prompt at most"),
});
type ClassifyConfig = z.output<typeof schema>;

/** Throws UserError where there is nothing to choose from. */
const requireChoice = (areas: readonly Area[]): void => {
  if (areas.length > 1) return;
  throw new UserError(
    "areas",
    `Areas: "${areas[0]?.name}" is the only one, so every prompt would be put into it. Expected the areas to sort into: --areas privacy,peace.`,
    { areas },
  );
};

/**
 * Everything that can be wrong with the input, found before anything is begun. named: the areas without that of what belongs
 * to none; read: tokens of the questions' prompts; test: prompts for testing.
 */
const prepare = async (config: ClassifyConfig, context: RecipeContext) => {
  const constitution = config.areas === undefined ? await loadConstitution(config.constitution) : undefined;
  const named = constitution === undefined ? areasNamed(config.areas ?? []) : areasOf(constitution);
  const areas = withOther(named, config.other);
  requireChoice(areas);
  let read = 0;
  let test = 0;
  const onPrompt = (prompt: PromptRecord): void => {
    if (prompt.split === "test") test++;
    read += estimateTokens(`${classifiedLine(prompt, config.pack)}\n`);
  };
  const opened = await openPrompts(sourceOf(config), { seed: config.seed, context, onPrompt });
  const checked = await checkRequest(
    "prompts classify",
    ["prompts", "classify", "sorted"],
    config,
    {
      models: { model: [config.model, "asked"] },
      files: promptFile(opened),
      ...(constitution === undefined ? {} : { constitution }),
    },
    context,
  );
  const content = renderClassification([], [{ name: "", description: "" }]);
  requireJsonAnswers("prompts classify", { model: config.model, content }, checked.inputs);
  return { areas, named, opened, read, test, ...checked };
};

const noneSorted = ({ model, out }: ClassifyConfig, counts: AreaCounts): CovenantError =>
  new CovenantError(
    "areas-none",
    `${model} sorted no prompt. ${describeUnclassified(counts).join("")} What it answered is in ${join(out, "classify", "areas.jsonl")}. Choose a model that follows instructions (--model): it has to answer with JSON. Once it is mended, --fresh begins anew.`,
    { model },
  );

/** So many prompts from the first on, none of them sorted by an answer that came, stop it: each may take several calls. */
const unsortedForStop = 20;

/** Ends the stage of a model that sorts nothing. What a server rejects, or does not fit, is a matter of the prompts. */
const watchSorting = (config: ClassifyConfig): Watch<AreaRecord> => {
  const reasons = new Map<string, number>();
  let answered = 0;
  let sorted = false;
  return {
    see({ area, reason = "unreadable" }) {
      if (area !== null) sorted = true;
      if (area !== null || reason === "rejected" || reason === "overflow") return;
      answered++;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    },
    check() {
      if (sorted || answered < unsortedForStop) return;
      const none = { areas: new Map(), reasons, count: answered, unclassified: answered, again: 0 };
      throw noneSorted(config, none);
    },
  };
};

/** classify/areas.jsonl: the area of every prompt. Warns where a model sorted hardly anything; throws where nothing. */
const classifyStage = (
  pipeline: Pipeline,
  config: ClassifyConfig,
  prompts: Sequence<PromptRecord>,
  areas: readonly Area[],
): Promise<Sequence<AreaRecord>> => {
  const { model, pack, answerTokens, tokensEach } = config;
  const asked = { areas, pack, answerTokens, tokensEach };
  return askingStage(pipeline, {
    name: "classify",
    after: ["prompts"],
    inputs: { model, ...asked },
    file: "areas.jsonl",
    schema: areaRecordSchema,
    model,
    items: prompts,
    unit: "prompts",
    paceFor: (opened) => packPace(opened, pack),
    watch: () => watchSorting(config),
    work: (opened, { items, ...work }) =>
      classifyPrompts({ ...work, model: opened, prompts: items, ...asked }),
    async check(stage, records) {
      const counts = await countAreas(records);
      const { unclassified, count } = counts;
      if (unclassified * 2 <= count) return;
      if (unclassified === count) throw noneSorted(config, counts);
      stage.warn(
        "areas-few",
        `${model} sorted ${count - unclassified} of ${counted(count, "prompt")}. Choose a model that follows instructions: it has to answer with JSON.`,
      );
    },
  });
};

type Sets = Pick<Awaited<ReturnType<typeof prepare>>, "areas" | "named"> & Pick<ClassifyConfig, "other">;

/**
 * A prompt with its area, and with what belongs there for those who judge replies by it, who leave out what belongs to none.
 * One that got no area keeps what it had where that is one of the set, and loses it where it is another's.
 */
const withArea = (prompt: PromptRecord, got: string | null, { areas, named, other }: Sets): PromptRecord => {
  const { area: before, areaDescription: _, ...rest } = prompt;
  const area = got ?? before;
  if (area === undefined || !areas.some(({ name }) => name === area)) return rest;
  const description = named.find(({ name }) => name === area)?.description ?? "";
  return {
    ...rest,
    area,
    areaDescription: description === "" && area === other ? belongsToNone : description,
  };
};

/** sorted/prompts.jsonl: the prompts with their areas; those without keep what they had of these areas. */
const sortedStage = async (
  { run }: Pipeline,
  prompts: Sequence<PromptRecord>,
  records: Sequence<AreaRecord>,
  sets: Sets,
): Promise<void> => {
  const sorted = (): AsyncGenerator<PromptRecord> =>
    mapped(inStep(prompts, records, isOf), ([prompt, [record]]) =>
      promptRecordSchema.parse(withArea(prompt, record?.area ?? null, sets)),
    );
  await run.stage({ name: "sorted", inputs: {}, after: ["prompts", "classify"] }, async (stage) => {
    await writeStream(stage, "prompts.jsonl", sorted(), { total: prompts.count, unit: "prompts" });
  });
};

/** What became of prompts: how many each area has, why others have none, and how many were asked about again. */
const countAreas = async (records: AsyncIterable<AreaRecord>) => {
  const areas = new Map<string, number>();
  const reasons = new Map<string, number>();
  let count = 0;
  let unclassified = 0;
  let again = 0;
  for await (const { area, reason = "unreadable", asked } of records) {
    count++;
    if (asked > 1) again++;
    if (area === null) unclassified++;
    const counts = area === null ? reasons : areas;
    counts.set(area ?? reason, (counts.get(area ?? reason) ?? 0) + 1);
  }
  return { areas, reasons, count, unclassified, again };
};
type AreaCounts = Awaited<ReturnType<typeof countAreas>>;

const reasonWords: Readonly<Record<(typeof unclassifiedReasons)[number], string>> = {
  refusal: "refused",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "without an answer",
  length: "with an answer that was cut (raise answerTokens)",
  unreadable: "with an answer that was not the JSON that was asked for",
  outside: "put into an area that there is not",
};

const describeUnclassified = ({ reasons, unclassified, count }: AreaCounts): string[] => {
  if (unclassified === 0) return [];
  const told = unclassifiedReasons
    .filter((reason) => reasons.has(reason))
    .map((reason) => `${reasons.get(reason)} ${reasonWords[reason]}`);
  return [`Unclassified: ${unclassified} of ${counted(count, "prompt")} (${told.join(", ")}).`];
};

const figuresOf = (areas: readonly Area[], { areas: found, count, unclassified }: AreaCounts): AreaFigure[] =>
  areas.map(({ name }) => {
    const own = found.get(name) ?? 0;
    return areaFigure(name, own, own, count - unclassified);
  });

const execute = async (config: ClassifyConfig, context: RecipeContext) => {
  const { areas, named, opened, test, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const prompts = await promptStage(pipeline, opened);
  const records = await classifyStage(pipeline, config, prompts, areas);
  await sortedStage(pipeline, prompts, records, { areas, named, other: config.other });
  const counts = await countAreas(records);
  const figures = figuresOf(areas, counts);
  const { count, unclassified, again } = counts;
  const notes = [
    ...describeUnclassified(counts),
    ...describeTestPrompts({ test, drawn: opened.drawnTest }, count),
    ...(again === 0 ? [] : [`Asked again in smaller packs: ${counted(again, "prompt")}.`]),
  ];
  await writeAreaPage(join(run.folder, "areas.html"), {
    title: `Areas of ${counted(count, "prompt")}`,
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
        ["prompts", "penetrate", ...askedWords(config.model), "--prompts", file],
        selectWords(file, config.out),
      ),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "sorted", "prompts.jsonl"),
      page: join(run.folder, "areas.html"),
      prompts: count,
      unclassified,
      test,
      markedTest: opened.drawnTest,
      again,
      areas: figures,
      spent,
    },
  };
};

/** Calls about all prompts: at most, where each pack has to be asked again in ever smaller ones; usually, once a pack. */
const planClassification = (
  { areas, opened, read, inputs }: Awaited<ReturnType<typeof prepare>>,
  { pack, answerTokens, tokensEach, model, prices }: ClassifyConfig,
): PlannedStep => {
  const { count } = opened.prompts;
  // One more, since the number of prompts may have more digits.
  const frame = tokensOf(renderClassification([], areas)) + 1;
  const packs = Math.ceil(count / pack);
  const most = mostAsked(Math.min(pack, count));
  const load = (calls: number, times: number) => (reply: number) => ({
    calls,
    read: calls * frame + times * read,
    written: answerTokens * calls + times * count * reply,
  });
  return planCalls(
    "classify",
    `${counted(count, "prompt")}, ${pack} a call; ${counted(packs, "call")} where each answer can be read`,
    { speed: inputs.speeds["model"]!, maxTokens: tokensEach, price: priceOfModel(prices, model) },
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
    ...askedPromptFlags,
    model: modelFlag("model that sorts the prompts"),
    constitution: constitutionFlag,
    areas: areasFlag,
    pack: { path: "pack", description: "prompts a call", placeholder: "number" },
  },
  async plan(config, context) {
    const prepared = await prepare(config, context);
    await checkFolder(prepared.request, context);
    return planOf([planClassification(prepared, config)], prepared.opened.notices);
  },
  run: execute,
};
