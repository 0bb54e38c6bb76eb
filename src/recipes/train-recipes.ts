// `covenant train sft|reward|dpo`: one training stage on rows from a file, as runs of their own.
// Knows what the three have in common; how each learns is its stage's part.

import { join } from "node:path";
import { z } from "zod";
import { type PairRow, rewardPairRecordSchema, type SftRow } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import type { ModelTask } from "../transformer/index.ts";
import { trainFlags } from "./flags.ts";
import { trainingFolder } from "./folders.ts";
import { asModelName } from "./names.ts";
import { modelWords, nextCommands } from "./next-command.ts";
import { type CheckedInputs, checkFolder, checkInputs, openStages } from "./open-stages.ts";
import { planOf, planWriting, tokensOfLength } from "./plan.ts";
import { planTraining } from "./plan-training.ts";
import type { Recipe, RecipeContext, RecipeOutcome, RecipePlan } from "./recipe.ts";
import {
  chatTemplateSetting,
  dpoSettings,
  fileSetting,
  modelSetting,
  outSetting,
  rewardSettings,
  seedSetting,
  sftTrainingSettings,
  textsSetting,
} from "./settings.ts";
import { describeHeldOut } from "./stages/chance.ts";
import { localFile } from "./stages/data-files.ts";
import type { EncodedRow, LearnedRows } from "./stages/learned-rows.ts";
import { dpoStage, readyDpoRows, readyRewardRows, rewardStage } from "./stages/preferences.ts";
import { type RowModel, readySftRows, sftStage } from "./stages/sft.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { readingOf, type TextSettings, templateFile } from "./stages/text-reading.ts";
import { requireConsistent, trainedFolder } from "./stages/training-parts.ts";
import { type LoadedRows, type OpenedRows, openPairRows, openSftRows } from "./training-data.ts";
import { type TrainingLoad, trainingSize } from "./training-size.ts";
import { describeTraining, summariseTraining } from "./training-summary.ts";
import { counted } from "./wording.ts";

const sftFile = "a file of rows is needed: --data runs/revise/rows/sft.jsonl";
const preferenceFile = "a file of rows is needed: --data runs/label/rows/preferences.jsonl";

const base = (needed: string) => ({
  seed: seedSetting,
  model: modelSetting.describe("model folder to start from"),
  data: fileSetting(needed).describe(
    "file of training rows: JSONL, JSON, CSV, TSV or Parquet (.gz too), or hf:datasets/owner/name/file",
  ),
  texts: textsSetting,
  chatTemplate: chatTemplateSetting,
});

type TrainConfig = TextSettings & {
  readonly out: string;
  readonly seed: number;
  readonly model: string;
  readonly data: string;
};

/** Rows as a stage takes them. */
type StageRows<Row> = { readonly rows: readonly Row[]; readonly ready: LearnedRows<Row> };

/**
 * A training as its command knows it. stage: its name in the run folder; block: the key of its settings, which is the
 * one that they have in `covenant run`.
 */
type Training<Config extends TrainConfig, Row> = {
  readonly name: string;
  readonly stage: string;
  readonly block: string;
  settingsOf(config: Config): TrainingLoad["settings"] & { readonly epochs: number };
  readonly task: ModelTask;
  /** Whether the model reads all rows once as it was before the first step. */
  readonly reference?: boolean;
  openRows(file: string, name: string): Promise<OpenedRows<Row>>;
  ready(loaded: LoadedRows<Row>, model: RowModel, config: Config): LearnedRows<Row>;
  train(pipeline: Pipeline, config: Config, rows: StageRows<Row>): Promise<string>;
  /** What is told of pairs kept out, where the training measures on them. */
  measured?(pipeline: Pipeline): Promise<string[]>;
  /** How to go on, given the model as it is named from here, and whether the rows are of the sandbox's prompts. */
  next(config: Config, model: string, sandbox: boolean): string[];
};

/** The rows as tokens. null: the model is not here yet. */
const readRows = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  opened: OpenedRows<Row> | null,
  { languages, configs }: CheckedInputs,
): Promise<StageRows<Row> | null> => {
  const reading = await readingOf(config, languages["model"]);
  const shape = configs["model"];
  if (opened === null || reading === null || shape == null) return null;
  const loaded = opened.settle(reading.texts, config.seed);
  const ready = training.ready(loaded, { codec: reading.codec, config: shape }, config);
  return { rows: loaded.rows, ready: { ...ready, notices: [...loaded.notices, ...ready.notices] } };
};

/** Whether rows answer prompts of the sandbox: what was made of them bears their names. */
const isOfSandbox = (rows: readonly { readonly id: string }[]): boolean =>
  rows.some(({ id }) => /(?:^|\/)(?:train|test)-(?:harmful|harmless|lookalike)-\d+/.test(id));

/** How to talk with a model that a training left: an adapter alone goes on a base in as many bits as before. */
const talkTo = (model: string, { load }: { readonly load?: "4bit" | undefined }): string[] => [
  "chat",
  model,
  ...(load === undefined ? [] : ["--load", load]),
];

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async <Config extends TrainConfig, Row extends { readonly id: string }>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
) => {
  const settings = training.settingsOf(config);
  requireConsistent(settings, training.block);
  const { model, chatTemplate } = config;
  const data = await localFile(config.data, context);
  const opened = data === null ? null : await training.openRows(data, config.data);
  const files = { ...(data === null ? {} : { data }), ...templateFile(chatTemplate) };
  const named = { models: { model: [model, "trained-bare"] as const }, files, training: settings };
  const inputs = await checkInputs(named, context);
  const rows = await readRows(training, config, opened, inputs);
  const request = { name: training.name, config, stages: [training.stage], inputs };
  return { opened, rows, inputs, request };
};

const notReady = (what: string) => ({
  code: "rows-not-read",
  text: `${what} is not here yet: rows were not read as tokens, so those that are too long are not known.`,
});

const planTrain = async <Config extends TrainConfig, Row extends { readonly id: string }>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipePlan> => {
  const { opened, rows, inputs, request } = await prepare(training, config, context);
  await checkFolder(request, context);
  if (opened === null) {
    const step = planWriting(training.stage, `the rows of ${config.data}, to be fetched first`);
    return planOf([{ ...step, seconds: null }], [notReady(config.data)]);
  }
  const tokens = rows === null ? opened.lengths.map(tokensOfLength) : rows.ready.learned.map(itemTokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const settings = training.settingsOf(config);
  const { epochs, batch, accumulation, lora, gradientCheckpointing = false } = settings;
  const learning = { epochs, batch, accumulation, lora, gradientCheckpointing };
  const longest = tokens.reduce((most, count) => Math.max(most, count), 0);
  const { reference = false } = training;
  const speed = { speed: inputs.speeds["model"]!, maxTokens: 0 };
  const planned = { ...learning, ...speed, longest, reference };
  const step = planTraining(training.stage, tokens.length, planned, () => total);
  const shape = inputs.configs["model"];
  // a model that is to be fetched first has no shape yet
  if (rows === null || shape == null) return planOf([step], [notReady(config.model)]);
  const size = trainingSize(shape, { task: training.task, settings, tokens });
  return planOf([{ ...step, size }], rows.ready.notices);
};

const itemTokens = <Row>({ item: { trunk, branches } }: EncodedRow<Row>): number =>
  branches.reduce((sum, { length }) => sum + length, trunk.length);

const runTrain = async <Config extends TrainConfig, Row extends { readonly id: string }>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipeOutcome> => {
  const { rows, request } = await prepare(training, config, context);
  await using pipeline = await openStages(request, context);
  // only a dry run leaves a model or its rows where they are
  const given = rows!;
  const model = await training.train(pipeline, config, given);
  await pipeline.run.finish();
  const settings = training.settingsOf(config);
  const named = asModelName(join(config.out, training.stage, trainedFolder(settings)));
  const summary = await summariseTraining(pipeline, training.stage);
  const from = `${counted(given.ready.learned.length, "row")} of ${config.data}, ${counted(settings.epochs, "epoch")}`;
  return {
    lines: [
      ...describeTraining(summary, from),
      ...((await training.measured?.(pipeline)) ?? []),
      `Model: ${named}`,
      ...training.next(config, named, isOfSandbox(given.rows)),
    ],
    document: { folder: pipeline.run.folder, model, rows: given.ready.learned.length, ...summary },
  };
};

const sftSchema = z.strictObject({
  ...base(sftFile),
  out: outSetting("runs/sft"),
  sft: sftTrainingSettings,
});

const sft: Training<z.output<typeof sftSchema>, SftRow> = {
  name: "train sft",
  stage: "sl",
  block: "sft",
  settingsOf: ({ sft: settings }) => settings,
  task: "causal-lm",
  openRows: openSftRows,
  ready: ({ rows, placeOf }, model, { sft: settings }) => readySftRows(rows, model, settings, { placeOf }),
  train: (pipeline, { model, sft: settings, chatTemplate }, rows) =>
    sftStage(pipeline, { name: "sl", after: [], model, ...rows, settings, chatTemplate }),
  next: (config, model, sandbox) =>
    sandbox
      ? nextCommands(["label", ...modelWords(model), "--judge", config.model])
      : nextCommands(talkTo(model, config.sft)),
};

/** `covenant train sft`. */
export const sftRecipe: Recipe<typeof sftSchema> = {
  command: ["train", "sft"],
  summary: "fine-tune a model on prompts and completions, chats or texts",
  schema: sftSchema,
  fromEnvironment: trainingFolder("SFT_OUTPUT_DIR", "revise"),
  flags: trainFlags("sft"),
  plan: (config, context) => planTrain(sft, config, context),
  run: (config, context) => runTrain(sft, config, context),
};

const rewardSchema = z.strictObject({
  ...base(preferenceFile),
  out: outSetting("runs/reward"),
  reward: rewardSettings,
});

const reward: Training<z.output<typeof rewardSchema>, PairRow> = {
  name: "train reward",
  stage: "reward",
  block: "reward",
  settingsOf: ({ reward: settings }) => settings,
  task: "sequence-classification",
  openRows: openPairRows,
  ready: ({ rows, placeOf }, model, { reward: settings }) =>
    readyRewardRows(rows, model, settings, { placeOf }),
  train: (pipeline, { model, reward: settings, chatTemplate }, rows) =>
    rewardStage(pipeline, { name: "reward", after: [], model, ...rows, settings, chatTemplate }),
  measured: async ({ run }) =>
    describeHeldOut(await readRecords(join(run.folder, "reward", "held-out.jsonl"), rewardPairRecordSchema)),
  next: (config, model, sandbox) => {
    const prompts = sandbox ? [] : ["--prompts", "./prompts.jsonl"];
    return nextCommands(["train", "ppo", "--model", config.model, "--reward", model, ...prompts]);
  },
};

/** `covenant train reward`. */
export const rewardRecipe: Recipe<typeof rewardSchema> = {
  command: ["train", "reward"],
  summary: "train a reward model on preference rows with soft labels",
  schema: rewardSchema,
  fromEnvironment: trainingFolder(null, "label"),
  flags: trainFlags("reward"),
  plan: (config, context) => planTrain(reward, config, context),
  run: (config, context) => runTrain(reward, config, context),
};

const dpoSchema = z.strictObject({
  ...base(preferenceFile),
  out: outSetting("runs/dpo"),
  dpo: dpoSettings,
});

const dpo: Training<z.output<typeof dpoSchema>, PairRow> = {
  name: "train dpo",
  stage: "dpo",
  block: "dpo",
  settingsOf: ({ dpo: settings }) => settings,
  task: "causal-lm",
  reference: true,
  openRows: openPairRows,
  ready: ({ rows, placeOf }, model, { dpo: settings }) => readyDpoRows(rows, model, settings, { placeOf }),
  train: (pipeline, { model, dpo: settings, chatTemplate }, rows) =>
    dpoStage(pipeline, { name: "dpo", after: [], model, ...rows, settings, chatTemplate }),
  next: (config, model, sandbox) =>
    sandbox
      ? nextCommands(["evaluate", "--models", `${config.model},${model}`])
      : nextCommands(talkTo(model, config.dpo)),
};

/** `covenant train dpo`. */
export const dpoRecipe: Recipe<typeof dpoSchema> = {
  command: ["train", "dpo"],
  summary: "optimise a model on preference rows directly (DPO)",
  schema: dpoSchema,
  fromEnvironment: trainingFolder("DPO_OUTPUT_DIR", "label"),
  flags: trainFlags("dpo"),
  plan: (config, context) => planTrain(dpo, config, context),
  run: (config, context) => runTrain(dpo, config, context),
};
