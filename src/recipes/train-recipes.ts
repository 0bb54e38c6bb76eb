// `covenant train sft|reward|dpo`: one training stage on rows from a JSONL file, as runs of their own.

import { resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import { preferenceRowSchema, sftRowSchema } from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import { dpoSettings, modelSetting, rewardSettings, seedSetting, sftSettings } from "./settings.ts";
import type { Pipeline } from "./stages/data.ts";
import { dpoStage, rewardStage } from "./stages/preferences.ts";
import { sftStage } from "./stages/sft.ts";

const base = {
  seed: seedSetting,
  model: modelSetting.describe("model folder to start from"),
  data: z.string().min(1).describe("JSONL file of training rows"),
};

const flags = {
  out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
  seed: { path: "seed", description: "seed", placeholder: "number" },
  model: { path: "model", description: "model folder to start from", placeholder: "name" },
  data: { path: "data", description: "JSONL file of training rows", placeholder: "file" },
  epochs: { path: "settings.epochs", description: "epochs", placeholder: "number" },
};

const planOf = async (config: { settings: { epochs: number } }) => ({
  steps: [{ stage: "train", what: `${config.settings.epochs} epochs over the rows`, calls: 0, tokens: 0 }],
  seconds: null,
  dollars: 0,
});

/** Rows of a file; an empty file is the user's to mend. */
const loadRows = async <Row>(
  file: string,
  schema: Parameters<typeof readRecords<Row>>[1],
): Promise<Row[]> => {
  const rows = await readRecords(resolve(file), schema);
  if (rows.length > 0) return rows;
  throw new UserError("rows-empty", `${file} holds no rows. Expected JSONL with one training row a line.`, {
    file,
  });
};

const finish = async (pipeline: Pipeline, model: string) => {
  await pipeline.run.finish();
  return { lines: [`Model: ${model}`], document: { folder: pipeline.run.folder, model } };
};

const sftSchema = z.strictObject({
  ...base,
  out: z.string().min(1).default("runs/sft").describe("run folder"),
  settings: sftSettings,
});

/** `covenant train sft`. */
export const sftRecipe: Recipe<typeof sftSchema> = {
  command: ["train", "sft"],
  summary: "fine-tune a model on prompts and completions",
  schema: sftSchema,
  flags,
  plan: planOf,
  async run(config, context) {
    const rows = await loadRows(config.data, sftRowSchema);
    await using pipeline = await openStages("train sft", config, context, ["sl"]);
    const model = await sftStage(pipeline, {
      name: "sl",
      after: [],
      model: config.model,
      rows,
      settings: config.settings,
    });
    return await finish(pipeline, model);
  },
};

const rewardSchema = z.strictObject({
  ...base,
  out: z.string().min(1).default("runs/reward").describe("run folder"),
  settings: rewardSettings,
});

/** `covenant train reward`. */
export const rewardRecipe: Recipe<typeof rewardSchema> = {
  command: ["train", "reward"],
  summary: "train a reward model on preference rows with soft labels",
  schema: rewardSchema,
  flags,
  plan: planOf,
  async run(config, context) {
    const rows = await loadRows(config.data, preferenceRowSchema);
    await using pipeline = await openStages("train reward", config, context, ["reward"]);
    const model = await rewardStage(pipeline, {
      name: "reward",
      after: [],
      model: config.model,
      rows,
      settings: config.settings,
    });
    return await finish(pipeline, model);
  },
};

const dpoSchema = z.strictObject({
  ...base,
  out: z.string().min(1).default("runs/dpo").describe("run folder"),
  settings: dpoSettings,
});

/** `covenant train dpo`. */
export const dpoRecipe: Recipe<typeof dpoSchema> = {
  command: ["train", "dpo"],
  summary: "optimise a model on preference rows directly (DPO)",
  schema: dpoSchema,
  flags,
  plan: planOf,
  async run(config, context) {
    const rows = await loadRows(config.data, preferenceRowSchema);
    await using pipeline = await openStages("train dpo", config, context, ["dpo"]);
    const model = await dpoStage(pipeline, {
      name: "dpo",
      after: [],
      model: config.model,
      rows,
      settings: config.settings,
    });
    return await finish(pipeline, model);
  },
};
