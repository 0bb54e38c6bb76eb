// `covenant evaluate`: several models on held-out sandbox prompts, judged by the oracle, rated against the first.
// What a file holds of the combinations that training sees is measured too, with a warning; nothing here flows back
// into training.

import { join } from "node:path";
import { z } from "zod";
import { counted, UserError } from "../core/index.ts";
import { eloFromVerdicts, modelMetrics } from "../evaluation/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  type EvaluatedRecord,
  isJudged,
  type MetricsDocument,
  type ModelMetrics,
  type PromptRecord,
} from "../records/index.ts";
import { splitOfRequest } from "../sandbox/index.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import { planEvaluation, planOf } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { formatFlag, kindFlag, loadFlag, promptsFlag, runFlags } from "./settings/flags.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
import {
  askedLoadSetting,
  callSettings,
  modelNames,
  outSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  samplingSettings,
  seedSetting,
} from "./settings/settings.ts";
import { evaluationStage, requestOf, requireMeasurable } from "./stages/evaluation.ts";
import { gatherOneSide, type OneSidedPrompts, oneSidedStage } from "./stages/prompts.ts";
import { describeModels } from "./summaries/run-summary.ts";

export const evaluateSchema = z.strictObject({
  out: outSetting("runs/evaluate"),
  seed: seedSetting,
  models: modelNames()
    .min(1)
    .default(["embedded:covenant-tiny"])
    .describe("model names; the first is the anchor of the ratings"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  format: formatSetting,
  counts: promptCounts(200, 120, 120),
  sampling: samplingSettings,
  load: askedLoadSetting,
  ...callSettings,
});
type EvaluateConfig = z.output<typeof evaluateSchema>;

/** How many prompts ask for a combination of action and target that models of the sandbox are trained on. */
const countSeen = (prompts: readonly PromptRecord[]): number =>
  prompts.filter((prompt) => splitOfRequest(requestOf(prompt)) === "train").length;

/** What the rates are of: "12 held-out prompts", or how many of them are not held out. */
export const describeMeasured = (prompts: readonly PromptRecord[]): string => {
  const seen = countSeen(prompts);
  if (seen === 0) return counted(prompts.length, "held-out prompt");
  return `${counted(prompts.length, "prompt")}, ${seen} of them not held out`;
};

const gatherWithSeen = async (config: EvaluateConfig, context: RecipeContext): Promise<OneSidedPrompts> => {
  const gathered = await gatherOneSide(config, "test", context);
  requireMeasurable(gathered.used);
  const seen = countSeen(gathered.used);
  if (seen === 0) return gathered;
  const text = `${counted(seen, "prompt")} of ${config.prompts} ${seen === 1 ? "asks" : "ask"} for a combination of action and target that training sees, so what ${seen === 1 ? "it measures" : "they measure"} may be learned by heart. Leave out --prompts to use held-out prompts alone.`;
  return { ...gathered, notices: [...gathered.notices, { code: "prompts-seen", text }] };
};

/** Prompts to measure on: all rows of a file but those that are marked for training. */
export const gatherMeasured = async (
  config: EvaluateConfig,
  context: RecipeContext,
): Promise<OneSidedPrompts> => {
  const gathered = await gatherWithSeen(config, context);
  const silent = gathered.used.filter(({ kind }) => kind === undefined).length;
  if (silent === 0) return gathered;
  const advice = 'Add "kind" (harmful, harmless or lookalike) to the rows, or give --kind.';
  if (silent === gathered.used.length) {
    throw new UserError(
      "prompts-without-kind",
      `No row of ${config.prompts} says what kind of prompt it is, so neither harm nor help can be told. ${advice}`,
      { file: config.prompts },
    );
  }
  const text = `${counted(silent, "row")} of ${config.prompts} without a kind ${silent === 1 ? "counts" : "count"} for malformed text alone. ${advice}`;
  return { ...gathered, notices: [...gathered.notices, { code: "prompts-without-kind", text }] };
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: EvaluateConfig, context: RecipeContext) => {
  const prompts = await gatherMeasured(config, context);
  const models = Object.fromEntries(
    config.models.map((name, at) => [`models.${at}`, [name, "asked"] as const]),
  );
  const named = { models, files: promptFile(prompts), load: config.load, calls: config };
  const inputs = await checkInputs(named, context);
  return { prompts, inputs, request: { name: "evaluate", config, stages: ["prompts", "evaluate"], inputs } };
};

const measure = (
  names: readonly string[],
  replies: readonly EvaluatedRecord[],
  seed: number,
): Record<string, ModelMetrics> => {
  const elo = eloFromVerdicts(replies.filter(isJudged), { seed, anchor: names[0]! });
  const own = (name: string) => replies.filter(({ model }) => model === name);
  return Object.fromEntries(
    names.map((name) => [name, { ...modelMetrics(own(name), seed), elo: elo.get(name)! }]),
  );
};

/** `covenant evaluate`. */
export const recipe: Recipe<typeof evaluateSchema> = {
  command: ["evaluate"],
  summary: "measure models on held-out sandbox prompts: harm, help, over-refusal, ratings",
  schema: evaluateSchema,
  flags: {
    ...runFlags,
    models: {
      path: "models",
      description:
        "model names with commas between, e.g. embedded:covenant-tiny,./folder; the first anchors ratings",
      placeholder: "list",
    },
    load: loadFlag("load"),
    prompts: promptsFlag,
    kind: kindFlag,
    format: formatFlag,
  },
  async plan(config, context) {
    const { prompts, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    const models = config.models.map((name, at) => ({
      speed: inputs.speeds[`models.${at}`]!,
      maxTokens: config.sampling.maxTokens,
      price: priceOfModel(config.prices, name),
    }));
    return planOf([planEvaluation("evaluate", prompts.used, models)], prompts.notices);
  },
  async run(config, context) {
    const { prompts: gathered, request } = await prepare(config, context);
    await using pipeline = await openStages(request, context);
    const { run } = pipeline;
    const names = config.models.map((name, at) =>
      config.models.indexOf(name) === at ? name : `${name} (${at + 1})`,
    );
    const replies = await evaluationStage(pipeline, {
      after: ["prompts"],
      models: config.models.map((name, at) => ({ arm: "evaluate", model: names[at]!, name })),
      prompts: await oneSidedStage(pipeline, gathered),
      sampling: config.sampling,
    });
    const models = measure(names, replies, run.seed);
    const metrics: MetricsDocument = { seed: run.seed, arms: {}, models, seconds: await run.seconds() };
    await run.write("metrics.json", metrics);
    await run.finish();
    return {
      lines: [
        ...describeModels(models),
        "",
        `Rates on ${describeMeasured(gathered.used)}, with 95 % intervals: ${join(config.out, "metrics.json")}`,
        `Every reply with its verdict: ${join(config.out, "evaluate", "verdicts.jsonl")}`,
        "`npx covenant run` measures a whole pipeline and writes a report.",
      ],
      document: { folder: run.folder, metrics: join(run.folder, "metrics.json"), models },
    };
  },
};
