// `covenant evaluate`: several models on held-out sandbox prompts, judged by the oracle, rated against the first.

import { z } from "zod";
import { eloFromVerdicts, modelMetrics } from "../evaluation/index.ts";
import type { ModelMetrics } from "../records/index.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe } from "./recipe.ts";
import { describeModels } from "./run-summary.ts";
import { promptCounts, promptsSetting, samplingSettings, seedSetting } from "./settings.ts";
import { promptStage } from "./stages/data.ts";
import { evaluationStage } from "./stages/evaluation.ts";

const schema = z.strictObject({
  out: z.string().min(1).default("runs/evaluate").describe("run folder"),
  seed: seedSetting,
  models: z
    .array(z.string().min(1))
    .min(1)
    .default(["embedded:covenant-tiny"])
    .describe("model names; the first is the anchor of the ratings"),
  prompts: promptsSetting,
  counts: promptCounts(200, 120, 120),
  sampling: samplingSettings,
});

/** `covenant evaluate`. */
export const recipe: Recipe<typeof schema> = {
  command: ["evaluate"],
  summary: "measure models on held-out sandbox prompts: harm, help, over-refusal, ratings",
  schema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    seed: { path: "seed", description: "seed", placeholder: "number" },
    models: {
      path: "models",
      description: 'model names, e.g. "[embedded:covenant-tiny, ./folder]"',
      placeholder: "list",
    },
    prompts: { path: "prompts", description: 'JSONL file, or "sandbox"', placeholder: "file" },
  },
  async plan({ models, counts, sampling }) {
    const calls = models.length * (counts.harmful + counts.harmless + counts.lookalike);
    const steps = [
      { stage: "evaluate", what: `${models.length} models`, calls, tokens: calls * sampling.maxTokens },
    ];
    return { steps, seconds: null, dollars: null };
  },
  async run(config, context) {
    await using pipeline = await openStages("evaluate", config, context, ["prompts", "evaluate"]);
    const { run } = pipeline;
    const prompts = await promptStage(pipeline, {
      source: config.prompts,
      train: { harmful: 0, harmless: 0, lookalike: 0 },
      test: config.counts,
    });
    const names = config.models.map((name, at) =>
      config.models.indexOf(name) === at ? name : `${name} (${at + 1})`,
    );
    const models = config.models.map((name, at) => ({ arm: "evaluate", model: names[at]!, name }));
    const verdicts = await evaluationStage(pipeline, {
      after: ["prompts"],
      models,
      prompts,
      sampling: config.sampling,
    });
    const elo = eloFromVerdicts(verdicts, { seed: run.seed, anchor: names[0]! });
    const metrics: Record<string, ModelMetrics> = Object.fromEntries(
      names.map((model) => [
        model,
        {
          ...modelMetrics(
            verdicts.filter((verdict) => verdict.model === model),
            run.seed,
          ),
          elo: elo.get(model)!,
        },
      ]),
    );
    await run.finish();
    return { lines: describeModels(metrics), document: { folder: run.folder, models: metrics } };
  },
};
