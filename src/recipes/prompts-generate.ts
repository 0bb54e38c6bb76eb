// `covenant prompts generate`: new red-team and helpful prompts, written by a model from a few examples a call, without
// those that only say again what is there.

import { join } from "node:path";
import { z } from "zod";
import {
  CovenantError,
  counted,
  mapped,
  matching,
  openSetAside,
  type Sequence,
  sequence,
  takeFirst,
  temporaryNameOf,
  UserError,
} from "../core/index.ts";
import {
  createHarvest,
  type Examples,
  type GenerationCounts,
  type GenerationOptions,
  generateCalls,
  renderGeneration,
} from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  type GenerationRecord,
  generationRecordSchema,
  type PromptRecord,
  promptKinds,
  promptRecordSchema,
} from "../records/index.ts";
import { type StageContext, streamRecords } from "../runs/index.ts";
import { requireJsonAnswers } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages, promptFile } from "./inputs/open-stages.ts";
import { countPrompts, planCalls, planOf } from "./plans/plan.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import { modelFlag } from "./settings/flags.ts";
import {
  answerTokensSetting,
  askedPromptFlags,
  askedPromptSettings,
  testShareSetting,
} from "./settings/prompt-settings.ts";
import { modelSetting, outSetting, promptsSetting } from "./settings/settings.ts";
import { idsOf } from "./stages/asking.ts";
import { openOneSide } from "./stages/prompts.ts";
import { holdRejected } from "./stages/rejections.ts";
import { type Pipeline, withStageModel } from "./stages/stage-model.ts";
import { writeStream } from "./stages/streamed-records.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { askedWords, modelForTexts, nextCommands } from "./summaries/next-command.ts";

const { limit: _limit, ...exampleFlags } = askedPromptFlags;
const { limit: _, ...exampleSettings } = askedPromptSettings(40, 40, 40, "as examples");

const schema = z.strictObject({
  out: outSetting("runs/generate"),
  model: modelSetting.describe("model that writes the prompts"),
  ...exampleSettings,
  prompts: promptsSetting.describe('examples: "sandbox", or a file of prompts'),
  kind: z
    .enum(promptKinds)
    .default("harmful")
    .describe("kind of prompts to write; examples are those of this kind, or of no kind"),
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
  answerTokens: answerTokensSetting,
  tokensEach: z.number().int().positive().default(80).describe("tokens of a new prompt at most"),
  testShare: testShareSetting,
});
type GenerateConfig = z.output<typeof schema>;

const mostCalls = ({ count, each, patience }: GenerateConfig): number =>
  Math.ceil(Math.ceil(count / each) * patience);

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: GenerateConfig, context: RecipeContext) => {
  const { prompts: source, counts, seed, kind, format } = config;
  const { totals, add } = countPrompts();
  const isExample = (prompt: PromptRecord): boolean => (prompt.kind ?? kind) === kind;
  const onPrompt = (prompt: PromptRecord): void => {
    if (isExample(prompt)) add(prompt);
  };
  // what is held out for tests must not seed prompts to train on
  const opened = await openOneSide({ seed, prompts: source, counts, format }, "train", context, onPrompt);
  if (totals.count === 0) {
    throw new UserError(
      "prompts-empty",
      `${source} has no ${kind} prompts to take as examples${opened.notices.some(({ code }) => code === "prompts-left-out") ? " but those marked for testing" : ""}. Give some, or another --kind.`,
      { file: source, kind },
    );
  }
  const examples = sequence(totals.count, () => matching(opened.used, isExample));
  const checked = await checkRequest(
    "prompts generate",
    ["ask", "prompts"],
    config,
    { models: { model: [config.model, "asked"] }, files: promptFile(opened) },
    context,
  );
  const content = renderGeneration(config, []);
  requireJsonAnswers("prompts generate", { model: config.model, content }, checked.inputs);
  return { inputs: opened.prompts, notices: opened.notices, examples, totals, checked };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

/** So many calls from the first on without a new prompt end it. */
const fruitlessForStop = 20;

/** Asks a model until there are enough new prompts, patience is at its end, or it is seen to give none. */
const askFor = async (
  pipeline: Pipeline,
  stage: StageContext,
  config: GenerateConfig,
  inputs: Sequence<PromptRecord>,
  examples: Examples,
): Promise<void> => {
  const { model, kind, shots, each, temperature, topP, answerTokens, tokensEach, count } = config;
  const runSeed = pipeline.run.seed;
  const most = mostCalls(config);
  const file = await stage.records("calls.jsonl", generationRecordSchema);
  const { harvest } = await createHarvest(inputs, { runSeed, stage: "prompts", testShare: 0 });
  const hold = holdRejected<GenerationRecord>();
  let fresh = 0;
  let calls = 0;
  const take = (record: GenerationRecord): void => {
    calls++;
    fresh += harvest(record).length;
    stage.progress(Math.min(fresh, count), count, "new prompts", counted(calls, "call"));
  };
  await withStageModel(pipeline, stage, model, async (opened, countUsage) => {
    const options: GenerationOptions = {
      model: opened,
      examples,
      runSeed,
      stage: "ask",
      signal: stage.signal,
      ...{ kind, shots, each, temperature, topP, answerTokens, tokensEach },
    };
    const earlier = takeFirst(file.rows(), file.existing);
    while (fresh < count && calls < most && (fresh > 0 || calls < fruitlessForStop)) {
      // A round is what it takes if all is new, whatever the batch: so the number of calls does not depend on it.
      const round = calls + Math.ceil((count - fresh) / each);
      const end = Math.min(most, calls < fruitlessForStop ? Math.min(round, fruitlessForStop) : round);
      for (let left = await nextUntil(earlier, calls, end); left !== null; ) {
        take(left);
        left = await nextUntil(earlier, calls, end);
      }
      if (calls >= end) continue;
      for await (const { records } of generateCalls(options, calls, end)) {
        const ready = hold.take(records);
        if (ready.length > 0) await file.append(ready);
        countUsage();
        for (const record of records) take(record);
      }
    }
    await earlier.return(undefined);
    const last = hold.rest();
    if (last.length > 0) await file.append(last);
  });
};

/** The next record of an earlier attempt, where the round goes on and there is one. */
const nextUntil = async (
  earlier: AsyncGenerator<GenerationRecord>,
  calls: number,
  end: number,
): Promise<GenerationRecord | null> => {
  if (calls >= end) return null;
  const next = await earlier.next();
  return next.done === true ? null : next.value;
};

/** ask/calls.jsonl: the calls with what came. Examples are set aside, where each call draws some of them. */
const askStage = async (
  pipeline: Pipeline,
  config: GenerateConfig,
  { inputs, examples }: Prepared,
): Promise<void> => {
  const { model, kind, shots, each, temperature, topP, answerTokens, tokensEach, count } = config;
  const decisive = { model, kind, shots, each, temperature, topP, answerTokens, tokensEach, count };
  const known = { ...decisive, most: mostCalls(config), examples: await idsOf(examples) };
  await pipeline.run.stage({ name: "ask", inputs: known }, async (stage) => {
    const aside = await openSetAside<PromptRecord>(join(stage.folder, temporaryNameOf("examples")));
    try {
      for await (const example of examples) aside.put(example);
      await askFor(pipeline, stage, config, inputs, aside);
    } finally {
      await aside.close();
    }
  });
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

const nothingNew = (config: GenerateConfig, counts: GenerationCounts, kept: number): CovenantError =>
  new CovenantError(
    "prompts-none",
    `${config.model} wrote no new prompt. ${describeCounts(counts, kept).join(" ")} Choose a model that follows instructions, since it has to answer with JSON, or give other examples (once it is mended, --fresh begins anew); what became of each call is in ${join(config.out, "ask", "calls.jsonl")}.`,
    { model: config.model, ...counts },
  );

/** New prompts of all calls, in their order, with what became of the others. */
const openHarvest = async (pipeline: Pipeline, { testShare }: GenerateConfig, { inputs }: Prepared) => {
  const { run } = pipeline;
  const options = { runSeed: run.seed, stage: "prompts", testShare };
  const { harvest, counts } = await createHarvest(inputs, options);
  const calls = streamRecords(join(run.folder, "ask", "calls.jsonl"), generationRecordSchema);
  const fresh = (async function* () {
    for await (const call of calls) yield* harvest(call);
  })();
  return { fresh, counts };
};

const execute = async (config: GenerateConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  await using pipeline = await openStages(prepared.checked.request, context);
  const { run } = pipeline;
  for (const notice of prepared.notices) run.emit({ type: "warning", ...notice });
  await askStage(pipeline, config, prepared);
  const { fresh, counts } = await openHarvest(pipeline, config, prepared);
  const first: PromptRecord[] = [];
  let found = 0;
  for await (const prompt of fresh) if (++found <= Math.min(5, config.count)) first.push(prompt);
  const prompts = Math.min(found, config.count);
  const inputs = { count: config.count, testShare: config.testShare };
  await run.stage({ name: "prompts", inputs, after: ["ask"] }, async (stage) => {
    if (prompts === 0) throw nothingNew(config, counts, found);
    if (prompts < config.count)
      stage.warn(
        "prompts-few",
        `${counted(counts.calls, "call")} gave ${prompts} of ${config.count} new prompts. Give more or other examples, another model, or more patience.`,
      );
    const again = await openHarvest(pipeline, config, prepared);
    const written = mapped(takeFirst(again.fresh, prompts), (prompt) => promptRecordSchema.parse(prompt));
    await writeStream(stage, "prompts.jsonl", written, { total: prompts, unit: "prompts" });
  });
  await run.finish();
  const spent = await spentInRun(run.folder, ["ask"]);
  const file = join(config.out, "prompts", "prompts.jsonl");
  const model = askedWords(config.model);
  return {
    lines: [
      ...first.map(({ messages }) => `- ${JSON.stringify(messages[0]!.content)}`),
      ...describeCounts(counts, found),
      ...describeSpent(spent),
      `${counted(prompts, "prompt")}: ${file}`,
      ...nextCommands(
        ["revise", ...model, "--prompts", file],
        ["prompts", "classify", ...(model.length > 0 ? model : modelForTexts(false)), "--prompts", file],
      ),
    ],
    document: {
      folder: run.folder,
      file: join(run.folder, "prompts", "prompts.jsonl"),
      prompts,
      ...counts,
      fresh: found,
      spent,
    },
  };
};

/** Tokens of what a call asks for, but for its examples. */
const frameTokens = 120;

/** The calls that it takes at most. */
const planGeneration = (
  config: GenerateConfig,
  { totals, checked }: Pick<Prepared, "totals" | "checked">,
): PlannedStep => {
  const calls = mostCalls(config);
  const { count, each, shots, answerTokens, tokensEach, model, prices } = config;
  const example = totals.tokens / totals.count;
  return planCalls(
    "ask",
    `${counted(count, "new prompt")}, ${each} a call, at most`,
    { speed: checked.inputs.speeds["model"]!, maxTokens: tokensEach, price: priceOfModel(prices, model) },
    (reply) => ({
      calls,
      read: calls * (frameTokens + shots * example),
      written: calls * (answerTokens + each * reply),
    }),
  );
};

/** `covenant prompts generate`. */
export const recipe: Recipe<typeof schema> = {
  command: ["prompts", "generate"],
  summary: "new prompts from examples, written by a model",
  schema,
  flags: {
    ...exampleFlags,
    model: modelFlag("model that writes the prompts"),
    kind: { path: "kind", description: "kind of prompts to write", placeholder: "kind" },
    count: { path: "count", description: "new prompts that are wanted", placeholder: "number" },
    shots: { path: "shots", description: "examples a call", placeholder: "number" },
  },
  async plan(config, context) {
    const prepared = await prepare(config, context);
    await checkFolder(prepared.checked.request, context);
    return planOf([planGeneration(config, prepared)], prepared.notices);
  },
  run: execute,
};
