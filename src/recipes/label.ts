// `covenant label`: two samples a prompt from a policy, or comparisons that are there already, judged under a
// constitution; preference rows out. What it writes is what `covenant train reward` and `covenant train dpo` take.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import { loadComparisons, preferenceRows, type ReplyPair } from "../feedback/index.ts";
import { isEndpoint, priceOfModel, scoringByName } from "../models/index.ts";
import { type LabelRecord, preferenceRowSchema, type ReplyRecord } from "../records/index.ts";
import {
  countFinishes,
  countLabels,
  describeFinishes,
  describeLabels,
  describeSpent,
  spentInRun,
} from "./data-summary.ts";
import { dataFlags, judgeFlag, loadFlag, modelFlag, runFlags } from "./flags.ts";
import { datasetFolder } from "./folders.ts";
import { fewShotFile, readWishes } from "./judging.ts";
import { labelSettings } from "./judging-settings.ts";
import { describeCard, summariseLabels } from "./label-summary.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { type JudgePlan, planComparisons, planOf, planReplies, tokensOf } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
  askedLoadSetting,
  callSettings,
  comparisonsSetting,
  constitutionSetting,
  modelName,
  modelSetting,
  outSetting,
  pairSamplingSettings,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  seedSetting,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { labelStage, readSamples } from "./stages/data.ts";
import { comparisonStage } from "./stages/judging.ts";
import { gatherOneSide, type OneSidedPrompts, oneSidedStage } from "./stages/prompts.ts";
import { rowsStage } from "./stages/rows.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { counted } from "./wording.ts";

export const labelSchema = z.strictObject({
  out: outSetting("runs/label"),
  seed: seedSetting,
  model: modelSetting.describe("model whose replies are compared"),
  judge: modelName.optional().describe("model that judges; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  comparisons: comparisonsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts or comparisons"),
  counts: promptCounts(20, 10, 10),
  sampling: pairSamplingSettings,
  label: labelSettings(0.45, 2),
  load: askedLoadSetting,
  ...callSettings,
});
type LabelConfig = z.output<typeof labelSchema>;

/** What is compared: samples of a policy for prompts, or pairs that a file brings. */
type Compared =
  | { readonly from: "prompts"; readonly prompts: OneSidedPrompts }
  | { readonly from: "file"; readonly pairs: readonly ReplyPair[] };

const gatherCompared = async (config: LabelConfig): Promise<Compared> => {
  const { comparisons, prompts, limit } = config;
  if (comparisons === undefined) return { from: "prompts", prompts: await gatherOneSide(config, "train") };
  if (prompts === "sandbox") return { from: "file", pairs: await loadComparisons(comparisons, limit) };
  throw new UserError(
    "comparisons-and-prompts",
    `--comparisons ${comparisons} and --prompts ${prompts}: comparisons bring their prompts and replies with them, so give one of the two.`,
  );
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: LabelConfig, context: RecipeContext) => {
  const constitution = constitutionUnder(
    await loadConstitution(config.constitution),
    config.inverted,
    "judge",
  );
  const compared = await gatherCompared(config);
  const wishes = await readWishes(config.label, constitution);
  const judge = config.judge ?? config.model;
  const { comparisons } = config;
  const inputs = await checkInputs(
    {
      models: {
        ...(compared.from === "file" ? {} : { model: [config.model, "asked"] as const }),
        judge: [judge, "asked"],
      },
      files: {
        ...(comparisons === undefined ? promptFile(config.prompts) : { comparisons }),
        ...fewShotFile(config.label),
      },
      calls: config,
      constitution,
      load: config.load,
    },
    context,
  );
  const stages = compared.from === "file" ? ["label", "rows"] : ["prompts", "label", "rows"];
  return {
    constitution,
    compared,
    wishes,
    judge,
    inputs,
    request: { name: "label", config, stages, inputs },
  };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

const describeNext = (config: LabelConfig, rows: number): string[] => {
  if (rows === 0)
    return ["No comparison of two whole replies was judged, so there are no rows to learn from."];
  const data = ["--data", join(config.out, "rows", "preferences.jsonl")];
  const model = ["--model", isEndpoint(config.model) ? "./a-model-folder" : config.model];
  return nextCommands(
    ["train", "reward", ...model, ...data],
    ["train", "dpo", ...model, ...data],
    ["export", "dataset", config.out],
  );
};

/** What a labelling left. samples: the policy's replies; null where the pairs came from a file. */
type Labelled = {
  readonly labels: readonly LabelRecord[];
  readonly samples: readonly ReplyRecord[] | null;
  readonly prompts: number;
};

const labelAll = async (
  pipeline: Pipeline,
  config: LabelConfig,
  { compared, constitution, wishes, judge }: Prepared,
): Promise<Labelled> => {
  const judging = { name: "label", judge, constitution, wishes };
  if (compared.from === "file") {
    const { pairs } = compared;
    const labels = await comparisonStage(pipeline, { ...judging, pairs });
    return { labels, samples: null, prompts: pairs.length };
  }
  const prompts = await oneSidedStage(pipeline, compared.prompts);
  const labels = await labelStage(pipeline, {
    ...judging,
    after: ["prompts"],
    policy: config.model,
    prompts,
    sampling: { ...config.sampling, temperature: config.label.temperature },
    samples: config.label.samples,
  });
  return { labels, samples: await readSamples(pipeline.run, "label"), prompts: prompts.length };
};

const execute = async (config: LabelConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { compared, request } = prepared;
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const { labels, samples, prompts } = await labelAll(pipeline, config, prepared);
  const { hard } = config.label;
  const { rows, leftOut } = preferenceRows(labels, {
    runSeed: run.seed,
    stage: "rows",
    samples: samples ?? [],
    hard,
  });
  const preferences = await rowsStage(pipeline, {
    after: ["label"],
    inputs: hard ? { hard } : {},
    file: "preferences.jsonl",
    schema: preferenceRowSchema,
    rows,
    leftOut,
    what: "comparison",
  });
  await run.finish();
  const counts = countLabels(labels);
  const summary = summariseLabels(labels, compared.from === "file" ? compared.pairs : [], run.seed);
  const finishes = countFinishes(samples ?? []);
  const spent = await spentInRun(run.folder, request.stages);
  const told = describeFinishes(finishes, config.sampling.maxTokens, "reply", "replies");
  return {
    lines: [
      ...(samples === null ? [] : [told]),
      ...describeLabels(counts, samples ?? []),
      ...describeCard(summary),
      ...describeSpent(spent),
      `${counted(rows.length, "preference row")}: ${join(config.out, "rows", "preferences.jsonl")}`,
      ...describeNext(config, rows.length),
    ],
    document: {
      folder: run.folder,
      preferences,
      prompts,
      rows: rows.length,
      ...counts,
      ...summary,
      finishes: { samples: finishes },
      spent,
    },
  };
};

/** Tokens of the longest reply of given comparisons, estimated. */
const longestReply = (pairs: readonly ReplyPair[]): number =>
  pairs.reduce((most, { replies }) => Math.max(most, ...replies.map(({ text }) => tokensOf(text))), 0);

/** What the judge is asked for each comparison. */
const planOfJudge = (
  { label }: LabelConfig,
  given: Pick<JudgePlan, "speed" | "scoring" | "maxTokens" | "price">,
): JudgePlan => ({
  ...given,
  method: label.method,
  principles: label.principlesPerComparison,
  chains: label.chains,
  votes: label.votes,
  reasoningTokens: label.reasoningTokens,
});

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
    load: loadFlag("load"),
    ...dataFlags,
    comparisons: {
      path: "comparisons",
      description: "file of comparisons to judge instead of sampled pairs",
      placeholder: "file",
    },
    method: { path: "label.method", description: "how labels are read from the judge", placeholder: "name" },
  },
  async plan(config, context) {
    const { constitution, compared, inputs, judge: judgeName, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const { model, judge } = inputs.speeds;
    const [policyPrice, price] = [config.model, judgeName].map((name) => priceOfModel(config.prices, name));
    const judging = { speed: judge!, scoring: scoringByName(judgeName), price };
    if (compared.from === "file") {
      const planned = planOfJudge(config, { ...judging, maxTokens: longestReply(compared.pairs) });
      return planOf([planComparisons("label", compared.pairs, constitution, planned)]);
    }
    const { used } = compared.prompts;
    const sampled = { speed: model!, maxTokens, samples: config.label.samples, price: policyPrice };
    return planOf([
      planReplies("sample", used, sampled),
      planComparisons("label", used, constitution, planOfJudge(config, { ...judging, maxTokens })),
    ]);
  },
  run: execute,
};
