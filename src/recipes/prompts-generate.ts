// `covenant prompts generate`: new red-team and helpful prompts, written by a model from a few examples a call, without
// those that only say again what is there.

import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../core/index.ts";
import {
  createHarvest,
  type GenerationCounts,
  type GenerationOptions,
  generateCalls,
} from "../feedback/index.ts";
import { estimatePrompt, priceOfModel } from "../models/index.ts";
import {
  type GenerationRecord,
  generationRecordSchema,
  type PromptRecord,
  promptKinds,
  promptRecordSchema,
} from "../records/index.ts";
import { readRecords } from "../runs/index.ts";
import { describeSpent, spentInRun } from "./data-summary.ts";
import { modelFlag, promptsFlag, runFlags } from "./flags.ts";
import type { Speed } from "./model-time.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planCalls, planOf } from "./plan.ts";
import { testShareSetting } from "./prompt-settings.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import {
  callSettings,
  modelSetting,
  outSetting,
  promptCounts,
  promptsSetting,
  seedSetting,
} from "./settings.ts";
import { gatherPrompts } from "./stages/prompts.ts";
import { type Pipeline, withStageModel } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { counted } from "./wording.ts";

const schema = z.strictObject({
  out: outSetting("runs/generate"),
  seed: seedSetting,
  model: modelSetting.describe("model that writes the prompts"),
  prompts: promptsSetting.describe('examples: "sandbox", or a file of prompts'),
  kind: z
    .enum(promptKinds)
    .default("harmful")
    .describe("kind of prompts to write; examples are those of this kind, or of no kind"),
  counts: promptCounts(40, 40, 40, "as examples"),
  count: z.number().int().positive().default(50).describe("new prompts that are wanted"),
  shots: z.number().int().positive().default(5).describe("examples a call"),
  each: z.number().int().positive().default(5).describe("new prompts asked for in a call"),
  patience: z
    .number()
    .min(1)
    .default(3)
    .describe("calls at most, as a multiple of those that it would take if every prompt were new"),
  temperature: z.number().nonnegative().default(1).describe("0: always the likeliest token"),
  topP: z.number().positive().max(1).default(1).describe("share of probability that is sampled from"),
  tokensEach: z.number().int().positive().default(80).describe("tokens of a new prompt at most"),
  testShare: testShareSetting,
  ...callSettings,
});
type GenerateConfig = z.output<typeof schema>;

const mostCalls = ({ count, each, patience }: GenerateConfig): number =>
  Math.ceil(Math.ceil(count / each) * patience);

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: GenerateConfig, context: RecipeContext) => {
  const { prompts: source, counts, seed, kind } = config;
  const none = { harmful: 0, harmless: 0, lookalike: 0 };
  const gathered = await gatherPrompts({ source, train: counts, test: none }, seed);
  const examples = gathered.prompts.filter((prompt) => (prompt.kind ?? kind) === kind);
  if (examples.length === 0) {
    throw new UserError(
      "prompts-empty",
      `${source} has no ${kind} prompts to take as examples. Give some, or another --kind.`,
      { file: source, kind },
    );
  }
  const inputs = await checkInputs(
    { calls: config, models: { model: [config.model, "asked"] }, files: promptFile(source) },
    context,
  );
  const request = { name: "prompts generate", config, stages: ["ask", "prompts"], inputs };
  return { gathered, examples, inputs, request };
};

/** ask/calls.jsonl: calls until there are enough new prompts, or patience is at its end. */
const askStage = async (
  pipeline: Pipeline,
  config: GenerateConfig,
  inputs: readonly PromptRecord[],
  examples: readonly PromptRecord[],
): Promise<GenerationRecord[]> => {
  const { run } = pipeline;
  const { model, kind, shots, each, temperature, topP, tokensEach, count } = config;
  const most = mostCalls(config);
  const decisive = { model, kind, shots, each, temperature, topP, tokensEach, count, most };
  const known = { ...decisive, examples: examples.map(({ id }) => id) };
  await run.stage({ name: "ask", inputs: known }, async (stage) => {
    const file = await stage.records("calls.jsonl", generationRecordSchema);
    const { harvest } = createHarvest(inputs, { runSeed: run.seed, stage: "prompts", testShare: 0 });
    let fresh = 0;
    let calls = 0;
    await withStageModel(pipeline, stage, model, async (opened, countUsage) => {
      const options: GenerationOptions = {
        model: opened,
        examples,
        runSeed: run.seed,
        stage: "ask",
        signal: stage.signal,
        ...{ kind, shots, each, temperature, topP, tokensEach },
      };
      const take = (records: readonly GenerationRecord[]): void => {
        calls += records.length;
        for (const record of records) fresh += harvest(record).length;
        stage.progress(Math.min(fresh, count), count, "new prompts", counted(calls, "call"));
      };
      while (fresh < count && calls < most) {
        // A round is what it takes if all is new, whatever the batch: so the number of calls does not depend on it.
        const end = Math.min(most, calls + Math.ceil((count - fresh) / each));
        take(file.existing.slice(calls, end));
        while (calls < end) {
          const asked = await generateCalls(options, calls, Math.min(end, calls + opened.capabilities.batch));
          await file.append(asked.records);
          countUsage();
          take(asked.records);
        }
      }
    });
  });
  return readRecords(join(run.folder, "ask", "calls.jsonl"), generationRecordSchema);
};

const describeCounts = (
  { calls, texts, blank, repeated, failed }: GenerationCounts,
  kept: number,
): string[] => {
  const told = Object.entries(failed).map(([reason, count]) => `${count} ${reason}`);
  const lost = told.length === 0 ? "" : `; calls without prompts: ${told.join(", ")}`;
  return [
    `${counted(calls, "call")} gave ${counted(texts, "prompt")}: ${kept} new, ${repeated} that say what is there already, ${blank} empty${lost}.`,
  ];
};

const execute = async (config: GenerateConfig, context: RecipeContext) => {
  const { gathered, examples, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const calls = await askStage(pipeline, config, gathered.prompts, examples);
  const options = { runSeed: run.seed, stage: "prompts", testShare: config.testShare };
  const { harvest, counts } = createHarvest(gathered.prompts, options);
  const fresh = calls.flatMap(harvest);
  const prompts = fresh.slice(0, config.count);
  const written = async function* () {
    for (const prompt of prompts) yield promptRecordSchema.parse(prompt);
  };
  const inputs = { count: config.count, testShare: config.testShare };
  await run.stage({ name: "prompts", inputs, after: ["ask"] }, async (stage) => {
    if (prompts.length < config.count)
      stage.warn(
        "prompts-few",
        `${counted(calls.length, "call")} gave ${prompts.length} of ${config.count} new prompts. Give more or other examples, another model, or more patience.`,
      );
    await writeStream(stage, "prompts.jsonl", written(), { total: prompts.length, unit: "prompts" });
  });
  await run.finish();
  const spent = await spentInRun(run.folder, ["ask"]);
  const file = join(config.out, "prompts", "prompts.jsonl");
  return {
    lines: [
      ...prompts.slice(0, 5).map(({ messages }) => `- ${JSON.stringify(messages[0]!.content)}`),
      ...describeCounts(counts, fresh.length),
      ...describeSpent(spent),
      `${counted(prompts.length, "prompt")}: ${file}`,
      ...(prompts.length === 0
        ? []
        : nextCommands(["revise", "--prompts", file], ["prompts", "classify", "--prompts", file])),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "prompts", "prompts.jsonl"),
      prompts: prompts.length,
      ...counts,
      fresh: fresh.length,
      spent,
    },
  };
};

/** Tokens of what a call asks for, but for its examples. */
const frameTokens = 120;

/** The calls that it takes at most. */
const planGeneration = (
  config: GenerateConfig,
  examples: readonly PromptRecord[],
  speed: Speed,
): PlannedStep => {
  const calls = mostCalls(config);
  const { count, each, shots, tokensEach, model, prices } = config;
  const example = examples.reduce((sum, { messages }) => sum + estimatePrompt(messages), 0) / examples.length;
  return planCalls(
    "ask",
    `${counted(count, "new prompt")}, ${each} a call, at most`,
    { speed, maxTokens: tokensEach, price: priceOfModel(prices, model) },
    (reply) => ({
      calls,
      read: calls * (frameTokens + shots * example),
      written: calls * (32 + each * reply),
    }),
  );
};

/** `covenant prompts generate`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "generate"],
  summary: "new prompts from examples, written by a model",
  schema,
  flags: {
    ...runFlags,
    model: modelFlag("model that writes the prompts"),
    prompts: promptsFlag,
    kind: { path: "kind", description: "kind of prompts to write", placeholder: "kind" },
    count: { path: "count", description: "new prompts that are wanted", placeholder: "number" },
    shots: { path: "shots", description: "examples a call", placeholder: "number" },
  },
  async plan(config, context) {
    const { examples, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    return planOf([planGeneration(config, examples, inputs.speeds["model"]!)]);
  },
  run: execute,
};
