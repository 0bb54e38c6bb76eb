// `covenant train sft|reward|dpo`: one training stage on rows from a JSONL file, as runs of their own.
// Knows what the three have in common; how each learns is its stage's part.

import { join } from "node:path";
import { z } from "zod";
import { expandHome } from "../core/index.ts";
import type { PreferenceRow, SftRow } from "../records/index.ts";
import { trainFlags } from "./flags.ts";
import { trainingFolder } from "./folders.ts";
import { asModelName } from "./names.ts";
import { modelWords, nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages } from "./open-stages.ts";
import { messageTokens, planOf, planTraining, tokensOf } from "./plan.ts";
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
import { dpoStage, rewardStage } from "./stages/preferences.ts";
import { sftStage } from "./stages/sft.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { loadPreferenceRows, loadSftRows } from "./training-data.ts";

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
  readonly settings: { readonly epochs: number };
};

/** A training as its command knows it. stage: its name in the run folder. */
type Training<Config extends TrainConfig, Row> = {
  readonly name: string;
  readonly stage: string;
  loadRows(file: string, seed: number): Promise<Row[]>;
  tokens(row: Row): number;
  train(pipeline: Pipeline, config: Config, rows: readonly Row[]): Promise<string>;
  /** How to go on, given the model as it is named from here. */
  next(config: Config, model: string): string[];
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
) => {
  const rows = await training.loadRows(config.data, config.seed);
  const { model, data, chatTemplate } = config;
  const role = chatTemplate === undefined ? "trained" : "trained-anew";
  const files = { data, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  const named = { models: { model: [model, role] as const }, files };
  const inputs = await checkInputs(named, context);
  return { rows, inputs, request: { name: training.name, config, stages: [training.stage], inputs } };
};

const planTrain = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipePlan> => {
  const { rows, inputs, request } = await prepare(training, config, context);
  await checkFolder(request, context);
  const tokens = rows.reduce((sum, row) => sum + training.tokens(row), 0);
  const size = { speed: inputs.speeds["model"]!, maxTokens: 0 };
  return planOf([planTraining(training.stage, rows.length, config.settings.epochs, size, () => tokens)]);
};

const runTrain = async <Config extends TrainConfig, Row>(
  training: Training<Config, Row>,
  config: Config,
  context: RecipeContext,
): Promise<RecipeOutcome> => {
  const { rows, request } = await prepare(training, config, context);
  await using pipeline = await openStages(request, context);
  const model = await training.train(pipeline, config, rows);
  await pipeline.run.finish();
  const named = asModelName(join(config.out, training.stage, "model"));
  return {
    lines: [`Model: ${named}`, ...training.next(config, named)],
    document: { folder: pipeline.run.folder, model },
  };
};

const pairTokens = ({ prompt, chosen, rejected }: PreferenceRow): number =>
  2 * messageTokens(prompt) + tokensOf(chosen) + tokensOf(rejected);

const sftSchema = z.strictObject({
  ...base(sftFile),
  chatTemplate: z
    .string()
    .min(1)
    .overwrite(expandHome)
    .optional()
    .describe("Jinja file for a model that has no chat template; it is saved with what is learned"),
  out: outSetting("runs/sft"),
  settings: sftTrainingSettings,
});

const sft: Training<z.output<typeof sftSchema>, SftRow> = {
  name: "train sft",
  stage: "sl",
  loadRows: loadSftRows,
  tokens: ({ prompt, completion }) => messageTokens(prompt) + tokensOf(completion),
  train: (pipeline, { model, settings, chatTemplate }, rows) =>
    sftStage(pipeline, {
      name: "sl",
      after: [],
      model,
      rows,
      settings,
      ...(chatTemplate === undefined ? {} : { chatTemplate }),
    }),
  next: (config, model) => nextCommands(["label", ...modelWords(model), "--judge", config.model]),
};

/** `covenant train sft`. */
export const sftRecipe: Recipe<typeof sftSchema> = {
  command: ["train", "sft"],
  summary: "fine-tune a model on prompts and completions",
  schema: sftSchema,
  fromEnvironment: trainingFolder("SFT_OUTPUT_DIR", "revise"),
  flags: trainFlags,
  plan: (config, context) => planTrain(sft, config, context),
  run: (config, context) => runTrain(sft, config, context),
};

const rewardSchema = z.strictObject({
  ...base(preferenceFile),
  out: outSetting("runs/reward"),
  settings: rewardSettings,
});

const reward: Training<z.output<typeof rewardSchema>, PreferenceRow> = {
  name: "train reward",
  stage: "reward",
  loadRows: loadPreferenceRows,
  tokens: pairTokens,
  train: (pipeline, { model, settings }, rows) =>
    rewardStage(pipeline, { name: "reward", after: [], model, rows, settings }),
  next: (config, model) => nextCommands(["train", "ppo", "--model", config.model, "--reward", model]),
};

/** `covenant train reward`. */
export const rewardRecipe: Recipe<typeof rewardSchema> = {
  command: ["train", "reward"],
  summary: "train a reward model on preference rows with soft labels",
  schema: rewardSchema,
  fromEnvironment: trainingFolder(null, "label"),
  flags: trainFlags,
  plan: (config, context) => planTrain(reward, config, context),
  run: (config, context) => runTrain(reward, config, context),
};

const dpoSchema = z.strictObject({
  ...base(preferenceFile),
  out: outSetting("runs/dpo"),
  settings: dpoSettings,
});

const dpo: Training<z.output<typeof dpoSchema>, PreferenceRow> = {
  name: "train dpo",
  stage: "dpo",
  loadRows: loadPreferenceRows,
  tokens: pairTokens,
  train: (pipeline, { model, settings }, rows) =>
    dpoStage(pipeline, { name: "dpo", after: [], model, rows, settings }),
  next: (config, model) => nextCommands(["evaluate", "--models", `${config.model},${model}`]),
};

/** `covenant train dpo`. */
export const dpoRecipe: Recipe<typeof dpoSchema> = {
  command: ["train", "dpo"],
  summary: "optimise a model on preference rows directly (DPO)",
  schema: dpoSchema,
  fromEnvironment: trainingFolder("DPO_OUTPUT_DIR", "label"),
  flags: trainFlags,
  plan: (config, context) => planTrain(dpo, config, context),
  run: (config, context) => runTrain(dpo, config, context),
};
