// `covenant label`: two samples a prompt from a policy, or comparisons that are there already, judged under a
// constitution; preference rows out. What it writes is what `covenant train reward` and `covenant train dpo` take.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution, saveConstitution } from "../constitution/index.ts";
import { counted, inStep, mapped, type Sequence, sequence, UserError } from "../core/index.ts";
import { preferenceRows, type ReplyPair, readPairs, type UnfitRow } from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  type LabelRecord,
  type PreferenceRow,
  preferenceRowSchema,
  type ReplyRecord,
} from "../records/index.ts";
import { foreignNotices, foreignPromptNotices } from "./inputs/foreign-principles.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import {
  countPrompts,
  type PromptTotals,
  planComparisons,
  planOf,
  planReplies,
  tokensOf,
} from "./plans/plan.ts";
import { judgePlan, lettersBy } from "./plans/plan-letters.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { constitutionUnder, keptConstitution } from "./settings/arms.ts";
import { dataFlags, judgeFlag, loadFlag, modelFlag, runFlags } from "./settings/flags.ts";
import { datasetFolder } from "./settings/folders.ts";
import { fewShotFile, readProtocol } from "./settings/judge-protocol.ts";
import { labelSettings } from "./settings/judge-protocol-settings.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
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
} from "./settings/settings.ts";
import { isOf } from "./stages/asking.ts";
import { labelStage } from "./stages/data.ts";
import { hereFile } from "./stages/data-files.ts";
import { judgedStage } from "./stages/judging.ts";
import type { Notice } from "./stages/learned-rows.ts";
import { describeLeftOut, type LeftOutCounts, sumLeftOut, unfitNotices } from "./stages/left-out.ts";
import { type OneSide, openOneSide, sideStage } from "./stages/prompts.ts";
import { rowsStage } from "./stages/rows.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { addCounts, addReply, countLabels, noReplies } from "./stages/tallies.ts";
import { describeFinishes, describeLabels, describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { countLabelSummary, describeCard } from "./summaries/label-summary.ts";
import { askedWords, datasetWords, nextCommands, trainedWords } from "./summaries/next-command.ts";

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
  format: formatSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts or comparisons"),
  counts: promptCounts(20, 10, 10),
  sampling: pairSamplingSettings,
  label: labelSettings(0.45, 2),
  load: askedLoadSetting,
  ...callSettings,
});
type LabelConfig = z.output<typeof labelSchema>;

/** What is compared: samples of a policy for prompts, or pairs that a file brings. totals: of prompts, or of pairs. */
type Compared = { readonly totals: PromptTotals } & (
  | { readonly from: "prompts"; readonly prompts: OneSide }
  | {
      readonly from: "file";
      readonly file: string;
      readonly pairs: Sequence<ReplyPair>;
      readonly longestReply: number;
      readonly unfit: readonly UnfitRow[];
      readonly notices: readonly Notice[];
    }
);

const openCompared = async (config: LabelConfig, context: RecipeContext): Promise<Compared> => {
  const { comparisons, prompts, limit, format } = config;
  const { totals, add } = countPrompts();
  if (comparisons === undefined)
    return { from: "prompts", prompts: await openOneSide(config, "train", context, add), totals };
  if (prompts !== "sandbox") {
    throw new UserError(
      "comparisons-and-prompts",
      `--comparisons ${comparisons} and --prompts ${prompts}: comparisons bring their prompts and replies with them, so give one of the two.`,
    );
  }
  const file = await hereFile(comparisons, context);
  let longestReply = 0;
  const unfit: UnfitRow[] = [];
  const onUnfit = (row: UnfitRow): void => {
    unfit.push(row);
  };
  for await (const pair of readPairs(file, { limit, format, onUnfit })) {
    add(pair);
    longestReply = Math.max(longestReply, ...pair.replies.map(({ text }) => tokensOf(text)));
  }
  const again = { limit, format, onUnfit: () => undefined };
  const pairs = sequence(totals.count, () => readPairs(file, again));
  const notices = unfitNotices(comparisons, totals.count + unfit.length, unfit);
  return { from: "file", file, pairs, longestReply, unfit, notices, totals };
};

const withNotices = (compared: Compared, more: readonly Notice[]): Compared =>
  compared.from === "file"
    ? { ...compared, notices: [...compared.notices, ...more] }
    : { ...compared, prompts: { ...compared.prompts, notices: [...compared.prompts.notices, ...more] } };

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: LabelConfig, context: RecipeContext) => {
  const constitution = constitutionUnder(
    await loadConstitution(config.constitution),
    config.inverted,
    "judge",
  );
  const compared = await openCompared(config, context);
  const requested = await readProtocol(config.label, constitution);
  const judge = config.judge ?? config.model;
  const inputs = await checkInputs(
    {
      models: {
        ...(compared.from === "file" ? {} : { model: [config.model, "asked"] as const }),
        judge: [judge, "asked"],
      },
      files: {
        ...(compared.from === "file" ? { comparisons: compared.file } : promptFile(compared.prompts)),
        ...fewShotFile(config.label),
      },
      calls: config,
      constitution,
      load: config.load,
    },
    context,
  );
  const foreign = foreignNotices(constitution, judge, inputs.languages["judge"]);
  const stages = compared.from === "file" ? ["label", "rows"] : ["prompts", "label", "rows"];
  return {
    constitution,
    compared: withNotices(compared, foreign),
    requested,
    judge,
    inputs,
    request: { name: "label", config, stages, inputs },
  };
};
type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Of fewer rows, those that a reward model is tested on are too few to tell it from guessing. */
const fewRows = 100;

/** The same command with more of the sandbox's prompts, where rows are few; null where that is not to be had so. */
const moreRows = (config: LabelConfig, rows: number): string[] | null => {
  const { comparisons, prompts, model, judge, constitution, inverted, load, out } = config;
  if (rows >= fewRows || comparisons !== undefined || prompts !== "sandbox") return null;
  return [
    ...["label", ...askedWords(model), ...(judge === undefined ? [] : ["--judge", judge])],
    ...(constitution === constitutionSetting.parse(undefined) ? [] : ["--constitution", constitution]),
    ...(inverted ? ["--set", "inverted=true"] : []),
    ...(load === undefined ? [] : ["--load", load]),
    ...["harmful=200", "harmless=100", "lookalike=100"].flatMap((count) => ["--set", `counts.${count}`]),
    ...["--out", `${out}-more`],
  ];
};

const describeFewRows = ({ comparisons, prompts }: LabelConfig, rows: number): string[] => {
  if (rows >= fewRows) return [];
  const more =
    comparisons === undefined && prompts === "sandbox"
      ? "a reward model of so few is hardly told from guessing, so make more first"
      : `give ${comparisons === undefined ? "more prompts" : "more comparisons"}`;
  return [`${counted(rows, "row is", "rows are")} few to learn preferences from: ${more}.`];
};

const describeNext = (config: LabelConfig, rows: number, leftOut: LeftOutCounts): string[] => {
  if (rows === 0)
    return [`There are no rows to learn from: ${describeLeftOut(leftOut) || "no comparisons"}.`];
  const data = ["--data", join(config.out, "rows", "preferences.jsonl")];
  const model = trainedWords(config.model);
  const more = moreRows(config, rows);
  const [first, ...others] = [
    ...(more === null ? [] : [more]),
    ["train", "reward", ...model, ...data],
    ["train", "dpo", ...model, ...data],
    datasetWords(config.out),
  ];
  return [...describeFewRows(config, rows), ...nextCommands(first!, ...others)];
};

/** What was compared, with the samples that it was taken from and the pair of a file. */
type Item = {
  readonly id: string;
  readonly samples: readonly ReplyRecord[];
  readonly pair: ReplyPair | null;
};

/** What a labelling left. hasSamples: whether replies were sampled. */
type Made = {
  readonly items: Sequence<Item>;
  readonly labels: Sequence<LabelRecord>;
  readonly hasSamples: boolean;
};

const labelAll = async (
  pipeline: Pipeline,
  config: LabelConfig,
  { compared, constitution, requested, judge }: Prepared,
): Promise<Made> => {
  const judging = { name: "label", judge, constitution, requested };
  if (compared.from === "file") {
    const { pairs, notices } = compared;
    for (const notice of notices) pipeline.run.emit({ type: "warning", stage: "label", ...notice });
    const labels = await judgedStage(pipeline, { ...judging, pairs });
    const items = sequence(pairs.count, () =>
      mapped(pairs, (pair): Item => ({ id: pair.prompt, samples: [], pair })),
    );
    return { items, labels, hasSamples: false };
  }
  const prompts = await sideStage(pipeline, compared.prompts);
  const { samples, labels } = await labelStage(pipeline, {
    ...judging,
    after: ["prompts"],
    policy: config.model,
    prompts,
    sampling: { ...config.sampling, temperature: config.label.temperature },
    samples: config.label.samples,
  });
  const items = sequence(prompts.count, () =>
    mapped(inStep(prompts, samples, isOf), ([{ id }, own]): Item => ({ id, samples: own, pair: null })),
  );
  return { items, labels, hasSamples: true };
};

/** Rows of the labels, in their order. onLabel: told of every comparison that has come to an end. */
async function* rowsOf(
  { label: { hard }, seed }: LabelConfig,
  { items, labels }: Made,
  onLabel: (item: Item, label: LabelRecord, rows: number, leftOut: LeftOutCounts) => void = () => {},
): AsyncGenerator<PreferenceRow> {
  for await (const [item, own] of inStep(items, labels, isOf))
    for (const label of own) {
      const options = { runSeed: seed, stage: "rows", hard };
      const { rows, leftOut } = preferenceRows([label], options);
      onLabel(item, label, rows.length, leftOut);
      yield* rows;
    }
}

/** Reads all of it once: how replies and comparisons ended, how good the labels are, and how many rows there are. */
const summarise = async (config: LabelConfig, made: Made) => {
  const replies = noReplies();
  let counts = countLabels([]);
  const card = countLabelSummary();
  let rows = 0;
  let leftOut: LeftOutCounts = {};
  const read = rowsOf(config, made, ({ samples, pair }, label, added, left) => {
    for (const sample of samples) addReply(replies, sample);
    counts = addCounts(counts, countLabels([label]));
    card.add(label, pair);
    rows += added;
    leftOut = sumLeftOut(leftOut, left);
  });
  for await (const _ of read) {
    // Only what it counts is wanted.
  }
  return { replies, counts, summary: card.summary(config.seed), rows, leftOut };
};

const execute = async (config: LabelConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { request } = prepared;
  await using pipeline = await openStages(request, context);
  const { run } = pipeline;
  const made = await labelAll(pipeline, config, prepared);
  await saveConstitution(join(run.folder, keptConstitution), prepared.constitution);
  const { replies, counts, summary, rows, leftOut } = await summarise(config, made);
  const { hard } = config.label;
  const preferences = await rowsStage(pipeline, {
    after: ["label"],
    inputs: hard ? { hard } : {},
    file: "preferences.jsonl",
    schema: preferenceRowSchema,
    rows: () => rowsOf(config, made),
    count: rows,
    leftOut,
    what: "comparison",
  });
  await run.finish();
  const spent = await spentInRun(run.folder, request.stages);
  const told = describeFinishes(replies.finishes, config.sampling.maxTokens, "reply", "replies");
  return {
    lines: [
      ...(made.hasSamples ? [told] : []),
      ...describeLabels(counts, replies.missing),
      ...describeCard(summary),
      ...describeSpent(spent),
      `${counted(rows, "preference row")}: ${join(config.out, "rows", "preferences.jsonl")}`,
      ...describeNext(config, rows, leftOut),
    ],
    document: {
      folder: run.folder,
      preferences,
      prompts: made.items.count,
      rows,
      leftOut,
      ...counts,
      ...summary,
      ...(prepared.compared.from === "file" ? { unfit: prepared.compared.unfit.length } : {}),
      finishes: { samples: replies.finishes },
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
    const prepared = await prepare(config, context);
    const { constitution, compared, inputs, judge: judgeName, request } = prepared;
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const { model, judge } = inputs.speeds;
    const [policyPrice, price] = [config.model, judgeName].map((name) => priceOfModel(config.prices, name));
    const judging = { speed: judge!, ...lettersBy(judgeName), price };
    if (compared.from === "file") {
      const planned = judgePlan(config.label, prepared, { ...judging, maxTokens: compared.longestReply });
      const steps = [planComparisons("label", compared.totals, constitution, planned)];
      return planOf(steps, [...compared.notices]);
    }
    const { totals, prompts } = compared;
    const sampled = { speed: model!, maxTokens, samples: config.label.samples, price: policyPrice };
    const planned = judgePlan(config.label, prepared, { ...judging, maxTokens });
    const steps = [
      planReplies("sample", totals, sampled),
      planComparisons("label", totals, constitution, planned),
    ];
    return planOf(steps, [
      ...prompts.notices,
      ...(await foreignPromptNotices(prompts.prompts, config.model, inputs.languages["model"])),
    ]);
  },
  run: execute,
};
