// `covenant label`: two samples a prompt from a policy, compared by a judge under a constitution; preference rows out.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { isAnswered, preferenceRows } from "../feedback/index.ts";
import { preferenceRowSchema } from "../records/index.ts";
import { planLabels, planOf } from "./data-plan.ts";
import { countFinishes, describeFinishes, describeSpent, spentInRun } from "./data-summary.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import {
  constitutionSetting,
  endpointSettings,
  modelSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  samplingSettings,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { labelStage, readSamples } from "./stages/data.ts";
import { gatherTrainPrompts, trainPromptStage } from "./stages/prompts.ts";

export const labelSchema = z.strictObject({
  out: z.string().min(1).default("runs/label").describe("run folder"),
  seed: seedSetting,
  model: modelSetting.describe("model whose replies are compared"),
  judge: z.string().min(1).optional().describe("model that judges; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(20, 10, 10),
  sampling: samplingSettings,
  endpoint: endpointSettings,
});

/** `covenant label`. */
export const recipe: Recipe<typeof labelSchema> = {
  command: ["label"],
  summary: "sample pairs of replies and label them by a constitution, in both orders",
  schema: labelSchema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    seed: { path: "seed", description: "seed", placeholder: "number" },
    model: { path: "model", description: "model whose replies are compared", placeholder: "name" },
    judge: { path: "judge", description: "model that judges", placeholder: "name" },
    constitution: { path: "constitution", description: "library name or YAML file", placeholder: "name" },
    inverted: { path: "inverted", description: "use the constitution's inversion", placeholder: "true" },
    prompts: { path: "prompts", description: 'JSONL file (.gz too), or "sandbox"', placeholder: "file" },
    limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
    "max-tokens": { path: "sampling.maxTokens", description: "tokens a reply", placeholder: "number" },
    concurrency: {
      path: "endpoint.concurrency",
      description: "calls in flight at an endpoint",
      placeholder: "number",
    },
  },
  async plan(config) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    const { prompts } = await gatherTrainPrompts(config);
    const models = [config.model, config.judge ?? config.model];
    return planOf(planLabels(prompts, constitution, config.sampling.maxTokens), models);
  },
  async run({ endpoint, ...config }, context) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    const stages = ["prompts", "label", "rows"];
    await using opened = await openStages("label", config, context, stages, constitution);
    const pipeline = { ...opened, endpoint };
    const { run } = pipeline;
    const prompts = await trainPromptStage(pipeline, config);
    const labels = await labelStage(pipeline, {
      name: "label",
      after: ["prompts"],
      policy: config.model,
      judge: config.judge ?? config.model,
      constitution,
      prompts,
      sampling: config.sampling,
    });
    const { rows, leftOut } = preferenceRows(labels, { runSeed: run.seed, stage: "rows" });
    await run.stage({ name: "rows", inputs: {}, after: ["label"] }, async (stage) => {
      const file = await stage.records("preferences.jsonl", preferenceRowSchema);
      await file.append(rows.slice(file.existing.length));
    });
    await run.finish();
    const flips = labels.filter(({ flipped }) => flipped === true).length;
    const file = join(run.folder, "rows", "preferences.jsonl");
    const samples = await readSamples(run, "label");
    const finishes = countFinishes(samples);
    const missing = new Set(samples.filter((reply) => !isAnswered(reply)).map(({ prompt }) => prompt)).size;
    const { identical } = leftOut;
    const undecided = leftOut.unscored - missing;
    const spent = await spentInRun(run.folder, stages);
    return {
      lines: [
        describeFinishes("replies", finishes, config.sampling.maxTokens),
        `${labels.length} comparisons: ${labels.length - identical - leftOut.unscored} judged, ${flips} of them flipped with the order.`,
        ...(identical + leftOut.unscored === 0
          ? []
          : [
              `Left out: ${identical} of twice the same reply, ${missing} for want of a reply, ${undecided} to which the judge gave no (A) or (B).`,
            ]),
        ...describeSpent(spent),
        `${rows.length} preference rows: ${file}`,
      ],
      document: {
        folder: run.folder,
        preferences: file,
        prompts: prompts.length,
        rows: rows.length,
        flips,
        identical,
        missing,
        undecided,
        finishes: { samples: finishes },
        spent,
      },
    };
  },
};
