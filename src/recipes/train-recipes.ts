// `covenant train sft|reward|dpo`: one training stage on rows from a JSONL file, as runs of their own.
// Knows what the three have in common; how each learns is its stage's part.

import { join } from "node:path";
import { z } from "zod";
import { expandHome } from "../core/index.ts";
import { estimatePrompt } from "../models/index.ts";
import type { PreferenceRow, SftRow } from "../records/index.ts";
import type { ModelTask } from "../transformer/index.ts";
import { trainFlags } from "./flags.ts";
import { trainingFolder } from "./folders.ts";
import { asModelName } from "./names.ts";
import { modelWords, nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages } from "./open-stages.ts";
import { planOf, planTraining, tokensOf } from "./plan.ts";
import type { Recipe, RecipeContext, RecipeOutcome, RecipePlan } from "./recipe.ts";
import {
  dpoSettings,
  fileSetting,
  modelSetting,
  outSetting,
  rewardSettings,
  seedSetting,
  sftTrainingSettings,
} from "./settings.ts";
import type { ModelRole } from "./stages/model-checks.ts";
import { dpoStage, rewardStage } from "./stages/preferences.ts";
import { sftStage } from "./stages/sft.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { requireLearning, trainedFolder } from "./stages/training-parts.ts";
import { type LoadedRows, loadPreferenceRows, loadSftRows } from "./training-data.ts";
import { type TrainingLoad, trainingSize } from "./training-size.ts";

const sftFile = "a JSONL file of rows is needed: --data runs/revise/rows/sft.jsonl";
const preferenceFile = "a JSONL file of rows is needed: --data runs/label/rows/preferences.jsonl";

const base = (needed: string) => ({
  seed: seedSetting,
  model: modelSetting.describe("model folder to start from"),
  data: fileSetting(needed).describe("JSONL file of training rows"),
});

type TrainConfig = {
  readonly out: string;
  readonly seed: number;
  readonly model: string;
  readonly data: string;
  readonly chatTemplate?: string | undefined;
};

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
  loadRows(file: string, seed: number): Promise<LoadedRows<Row>>;
  tokens(row: Row): number;
  roleOf?(rows: readonly Row[]): ModelRole;
  train(pipeline: Pipeline, config: Config, rows: LoadedRows<Row>): Promise<string>;
  /** How to go on, given the model as it is named from here. */
  next(config: Config, model: string): string[];
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
) => {
  const settings = training.settingsOf(config);
  requireLearning(settings, training.block);
  const loaded = await training.loadRows(config.data, config.seed);
  const { model, data, chatTemplate } = config;
  const role = chatTemplate === undefined ? (training.roleOf?.(loaded.rows) ?? "trained") : "trained-bare";
  const files = { data, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  const named = { models: { model: [model, role] as const }, files, training: settings };
  const inputs = await checkInputs(named, context);
  return { loaded, inputs, request: { name: training.name, config, stages: [training.stage], inputs } };
};

const planTrain = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipePlan> => {
  const { loaded, inputs, request } = await prepare(training, config, context);
  await checkFolder(request, context);
  const tokens = loaded.rows.map(training.tokens);
  const total = tokens.reduce((sum, count) => sum + count, 0);
  const settings = training.settingsOf(config);
  const speed = { speed: inputs.speeds["model"]!, maxTokens: 0 };
  const step = planTraining(training.stage, tokens.length, settings.epochs, speed, () => total);
  // a model that is to be fetched first has no shape yet
  const shape = inputs.configs["model"];
  if (shape == null) return planOf([step]);
  return planOf([{ ...step, size: trainingSize(shape, { task: training.task, settings, tokens }) }]);
};

const runTrain = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipeOutcome> => {
  const { loaded, request } = await prepare(training, config, context);
  await using pipeline = await openStages(request, context);
  const model = await training.train(pipeline, config, loaded);
  await pipeline.run.finish();
  const named = asModelName(join(config.out, training.stage, trainedFolder(training.settingsOf(config))));
  return {
    lines: [`Model: ${named}`, ...training.next(config, named)],
    document: { folder: pipeline.run.folder, model },
  };
};

const pairTokens = ({ prompt, chosen, rejected }: PreferenceRow): number =>
  2 * estimatePrompt(prompt) + tokensOf(chosen) + tokensOf(rejected);

const sftTokens = (row: SftRow): number => {
  if ("text" in row) return tokensOf(row.text);
  if ("messages" in row) return estimatePrompt(row.messages);
  return estimatePrompt(row.prompt) + tokensOf(row.completion);
};

const sftSchema = z.strictObject({
  ...base(sftFile),
  chatTemplate: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe("Jinja file for a model that has no chat template; it is saved with what is learned"),
  out: outSetting("runs/sft"),
  sft: sftTrainingSettings,
});

const sft: Training<z.output<typeof sftSchema>, SftRow> = {
  name: "train sft",
  stage: "sl",
  block: "sft",
  settingsOf: ({ sft: settings }) => settings,
  task: "causal-lm",
  loadRows: loadSftRows,
  tokens: sftTokens,
  roleOf: (rows) => (rows.every((row) => "text" in row) ? "trained-bare" : "trained"),
  train: (pipeline, { model, sft: settings, chatTemplate }, loaded) =>
    sftStage(pipeline, {
      name: "sl",
      after: [],
      model,
      ...loaded,
      settings,
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    }),
  next: (config, model) => nextCommands(["label", ...modelWords(model), "--judge", config.model]),
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

const reward: Training<z.output<typeof rewardSchema>, PreferenceRow> = {
  name: "train reward",
  stage: "reward",
  block: "reward",
  settingsOf: ({ reward: settings }) => settings,
  task: "sequence-classification",
  loadRows: loadPreferenceRows,
  tokens: pairTokens,
  train: (pipeline, { model, reward: settings }, loaded) =>
    rewardStage(pipeline, { name: "reward", after: [], model, ...loaded, settings }),
  next: (config, model) => nextCommands(["train", "ppo", "--model", config.model, "--reward", model]),
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

const dpo: Training<z.output<typeof dpoSchema>, PreferenceRow> = {
  name: "train dpo",
  stage: "dpo",
  block: "dpo",
  settingsOf: ({ dpo: settings }) => settings,
  task: "causal-lm",
  loadRows: loadPreferenceRows,
  tokens: pairTokens,
  train: (pipeline, { model, dpo: settings }, loaded) =>
    dpoStage(pipeline, { name: "dpo", after: [], model, ...loaded, settings }),
  next: (config, model) => nextCommands(["evaluate", "--models", `${config.model},${model}`]),
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
