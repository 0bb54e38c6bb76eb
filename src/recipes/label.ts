// `covenant label`: two samples a prompt from a policy, compared by a judge under a constitution; preference rows out.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { isAnswered, preferenceRows } from "../feedback/index.ts";
import { isEndpoint } from "../models/index.ts";
import { type LabelRecord, preferenceRowSchema, type ReplyRecord } from "../records/index.ts";
import { countFinishes, describeFinishes, describeSpent, spentInRun } from "./data-summary.ts";
import { dataFlags, judgeFlag, modelFlag, runFlags } from "./flags.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planComparisons, planOf, planReplies } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
  constitutionSetting,
  endpointSettings,
  modelName,
  modelSetting,
  outSetting,
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
  endpoint: endpointSettings,
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
      constitution,
    },
    context,
  );
  return { constitution, prompts, judge, inputs, request: { name: "label", config, stages, inputs } };
};

type Outcome = { readonly labels: readonly LabelRecord[]; readonly samples: readonly ReplyRecord[] };

/** How the comparisons ended, in numbers. */
const countOutcomes = ({ labels, samples }: Outcome) => {
  const identical = labels.filter(({ state }) => state === "identical").length;
  const unscored = labels.filter(({ state }) => state === "unscored").length;
  const missing = new Set(samples.filter((reply) => !isAnswered(reply)).map(({ prompt }) => prompt)).size;
  return {
    flips: labels.filter(({ flipped }) => flipped === true).length,
    judged: labels.length - identical - unscored,
    identical,
    missing,
    undecided: unscored - missing,
  };
};

const describeLabels = (labels: number, counts: ReturnType<typeof countOutcomes>): string[] => {
  const { judged, flips, identical, missing, undecided } = counts;
  const lines = [
    `${counted(labels, "comparison")}: ${judged} judged, ${flips} of them flipped with the order.`,
  ];
  if (judged < labels) {
    lines.push(
      `Left out: ${identical} of twice the same reply, ${missing} for want of a reply, ${undecided} to which the judge gave no (A) or (B).`,
    );
  }
  return lines;
};

const describeNext = (config: LabelConfig, rows: number): string[] => {
  if (rows === 0) return ["No comparison was judged, so there are no rows to learn from."];
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
  });
  const { rows } = preferenceRows(labels, { runSeed: run.seed, stage: "rows" });
  const preferences = await rowsStage(pipeline, {
    after: ["label"],
    inputs: {},
    file: "preferences.jsonl",
    schema: preferenceRowSchema,
    rows,
  });
  await run.finish();
  const samples = await readSamples(run, "label");
  const { judged, ...counts } = countOutcomes({ labels, samples });
  const finishes = countFinishes(samples);
  const spent = await spentInRun(run.folder, stages);
  return {
    lines: [
      describeFinishes("replies", finishes, config.sampling.maxTokens),
      ...describeLabels(labels.length, { judged, ...counts }),
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
  flags: {
    ...runFlags,
    model: modelFlag("model whose replies are compared"),
    judge: judgeFlag,
    ...dataFlags,
  },
  async plan(config, context) {
    const { constitution, prompts, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const { model, judge } = inputs.speeds;
    return planOf([
      planReplies("sample", prompts.used, { speed: model!, maxTokens, samples: 2 }),
      planComparisons("label", prompts.used, constitution, { speed: judge!, maxTokens }),
    ]);
  },
  run: execute,
};
