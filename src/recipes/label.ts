// `covenant label`: two samples a prompt from a policy, compared by a judge under a constitution; preference rows out.
// What it writes is what `covenant train reward` and `covenant train dpo` take.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { preferenceRows } from "../feedback/index.ts";
import { isEndpoint, priceOfModel } from "../models/index.ts";
import { preferenceRowSchema } from "../records/index.ts";
import {
  countFinishes,
  countLabels,
  describeFinishes,
  describeLabels,
  describeSpent,
  spentInRun,
} from "./data-summary.ts";
import { dataFlags, judgeFlag, modelFlag, runFlags } from "./flags.ts";
import { datasetFolder } from "./folders.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planComparisons, planOf, planReplies } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
  callSettings,
  constitutionSetting,
  modelName,
  modelSetting,
  outSetting,
  pairSamplesSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  samplingSettings,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { labelStage, readSamples } from "./stages/data.ts";
import { gatherOneSide, oneSidedStage } from "./stages/prompts.ts";
import { rowsStage } from "./stages/rows.ts";
import { counted } from "./wording.ts";

export const labelSchema = z.strictObject({
  out: outSetting("runs/label"),
  seed: seedSetting,
  model: modelSetting.describe("model whose replies are compared"),
  judge: modelName.optional().describe("model that judges; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(20, 10, 10),
  sampling: samplingSettings,
  samples: pairSamplesSetting.default(2),
  ...callSettings,
});
type LabelConfig = z.output<typeof labelSchema>;

const stages = ["prompts", "label", "rows"];

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: LabelConfig, context: RecipeContext) => {
  const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
  const prompts = await gatherOneSide(config, "train");
  const judge = config.judge ?? config.model;
  const inputs = await checkInputs(
    {
      models: { model: [config.model, "asked"], judge: [judge, "asked"] },
      files: promptFile(config.prompts),
      calls: config,
      constitution,
    },
    context,
  );
  return { constitution, prompts, judge, inputs, request: { name: "label", config, stages, inputs } };
};

const describeNext = (config: LabelConfig, rows: number): string[] => {
  if (rows === 0)
    return ["No comparison of two whole replies was judged, so there are no rows to learn from."];
  const data = ["--data", join(config.out, "rows", "preferences.jsonl")];
  const model = ["--model", isEndpoint(config.model) ? "./a-model-folder" : config.model];
  return nextCommands(["train", "reward", ...model, ...data], ["train", "dpo", ...model, ...data]);
};

const execute = async (config: LabelConfig, context: RecipeContext) => {
  const { constitution, prompts: gathered, judge, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const prompts = await oneSidedStage(pipeline, gathered);
  const labels = await labelStage(pipeline, {
    name: "label",
    after: ["prompts"],
    policy: config.model,
    judge,
    constitution,
    prompts,
    sampling: config.sampling,
    samples: config.samples,
  });
  const samples = await readSamples(run, "label");
  const { rows, leftOut } = preferenceRows(labels, { runSeed: run.seed, stage: "rows", samples });
  const preferences = await rowsStage(pipeline, {
    after: ["label"],
    inputs: {},
    file: "preferences.jsonl",
    schema: preferenceRowSchema,
    rows,
    leftOut,
    what: "comparison",
  });
  await run.finish();
  const counts = countLabels(labels);
  const finishes = countFinishes(samples);
  const spent = await spentInRun(run.folder, stages);
  return {
    lines: [
      describeFinishes(finishes, config.sampling.maxTokens, "reply", "replies"),
      ...describeLabels(counts, samples),
      ...describeSpent(spent),
      `${counted(rows.length, "preference row")}: ${join(config.out, "rows", "preferences.jsonl")}`,
      ...describeNext(config, rows.length),
    ],
    document: {
      folder: run.folder,
      preferences,
      prompts: prompts.length,
      rows: rows.length,
      ...counts,
      finishes: { samples: finishes },
      spent,
    },
  };
};

/** `covenant label`. */
export const recipe: Recipe<typeof labelSchema> = {
  command: ["label"],
  summary: "sample pairs of replies and label them by a constitution, in both orders",
  schema: labelSchema,
  fromEnvironment: datasetFolder("label"),
  flags: {
    ...runFlags,
    model: modelFlag("model whose replies are compared"),
    judge: judgeFlag,
    ...dataFlags,
  },
  async plan(config, context) {
    const { constitution, prompts, inputs, judge, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const { speeds } = inputs;
    const [policyPrice, judgePrice] = [config.model, judge].map((name) => priceOfModel(config.prices, name));
    const sampled = { speed: speeds["model"]!, maxTokens, samples: config.samples, price: policyPrice };
    return planOf([
      planReplies("sample", prompts.used, sampled),
      planComparisons("label", prompts.used, constitution, {
        speed: speeds["judge"]!,
        maxTokens,
        price: judgePrice,
      }),
    ]);
  },
  run: execute,
};
