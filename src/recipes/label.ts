// `covenant label`: two samples a prompt from a policy, compared by a judge under a constitution; preference rows out.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { preferenceRows } from "../feedback/index.ts";
import { preferenceRowSchema } from "../records/index.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import {
  constitutionSetting,
  modelSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  samplingSettings,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { labelStage, promptStage } from "./stages/data.ts";

export const labelSchema = z.strictObject({
  out: z.string().min(1).default("runs/label").describe("run folder"),
  seed: seedSetting,
  model: modelSetting.describe("model whose replies are compared"),
  judge: z.string().min(1).optional().describe("model that judges; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts of the file"),
  counts: promptCounts(20, 10, 10),
  sampling: samplingSettings,
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
    limit: { path: "limit", description: "at most so many prompts of the file", placeholder: "number" },
  },
  async plan(config) {
    const prompts = config.limit ?? config.counts.harmful + config.counts.harmless + config.counts.lookalike;
    const size = config.sampling.maxTokens;
    const steps = [
      {
        stage: "label",
        what: `up to ${prompts} pairs, both orders`,
        calls: 4 * prompts,
        tokens: prompts * 8 * size,
      },
    ];
    return { steps, seconds: null, dollars: null };
  },
  async run(config, context) {
    const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
    await using pipeline = await openStages(
      "label",
      config,
      context,
      ["prompts", "label", "rows"],
      constitution,
    );
    const { run } = pipeline;
    const prompts = await promptStage(pipeline, {
      source: config.prompts,
      train: config.counts,
      test: { harmful: 0, harmless: 0, lookalike: 0 },
      ...(config.limit === undefined ? {} : { limit: config.limit }),
      ...(config.kind === undefined ? {} : { kind: config.kind }),
    });
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
    return {
      lines: [
        `${rows.length} preference rows from ${labels.length} comparisons: ${file}`,
        `${flips} flipped with the order, ${leftOut.identical} identical pairs and ${leftOut.unscored} unscored left out.`,
      ],
      document: { folder: run.folder, preferences: file, rows: rows.length, flips, ...leftOut },
    };
  },
};
