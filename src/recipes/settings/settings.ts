// Pieces of configuration that several recipes share, with their defaults. Every recipe's schema is made of these, so
// a setting has one name, one default and one meaning everywhere.

import { z } from "zod";
import { revisionForms } from "../../constitution/index.ts";
import { expandHome } from "../../core/index.ts";
import { promptKinds } from "../../records/index.ts";
import { allTargets } from "../../transformer/index.ts";
import { readModelName } from "./names.ts";

export {
  type CallSettings,
  callSettings,
  type EndpointSettings,
  endpointSettings,
} from "./call-settings.ts";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const rate = z.number().positive();
export const seedSetting = count.default(0).describe("seed of the whole run");

/** A path or name of a file; "~" is the home folder. */
const path = z.string().min(1).overwrite(expandHome);

/** The folder a command writes its run to. */
export const outSetting = (folder: string) =>
  path
    .overwrite((out) => out.replace(/(?<=.)[\\/]+$/, ""))
    .default(folder)
    .describe("run folder");

const textsHelp =
  "what texts are: chat, each a turn in the model's chat template; plain, joined as they are, as in TRL; auto: chat where the model has a template";
/** What texts are in the rows or prompts of a training. */
export const textsSetting = z.enum(["auto", "chat", "plain"]).default("auto").describe(textsHelp);
export type TextsSetting = z.output<typeof textsSetting>;

export const chatTemplateSetting = path
  .optional()
  .describe("Jinja file in place of the model's chat template; it is saved with what is learned");

/** A file that a command cannot do without. needed: what to give, as a part of a sentence. */
export const fileSetting = (needed: string) =>
  z
    .string({ error: ({ input }) => (input === undefined ? needed : undefined) })
    .min(1)
    .overwrite(expandHome);

/** The name of a model without a default. */
export const modelName = z.string().min(1).overwrite(readModelName);

/** Models beside each other, each once. needed: what is said where none is named. */
export const modelNames = (needed?: string) =>
  z
    .array(modelName, { error: ({ input }) => (input === undefined ? needed : undefined) })
    .refine((names) => new Set(names).size === names.length, "a model is named twice; name each model once");

export const modelSetting = modelName
  .default("embedded:covenant-tiny")
  .describe(
    "model name: embedded:covenant-tiny, ./folder, hf:owner/name, http://host:port/v1#name, openai:name",
  );

/** A model whose weights are read here. */
export const folderModelSetting = modelName
  .default("embedded:covenant-tiny")
  .describe("model that runs here: embedded:covenant-tiny or ./folder");

/** A file of results. No key is named out: it is no run folder. */
export const resultsSetting = path
  .optional()
  .describe(
    "JSONL file for the results, a line a row (continued where the same command left it unfinished, else replaced)",
  );

export const constitutionSetting = path
  .default("ethical")
  .describe("constitution: a library name, a YAML file, or the published JSON of principles");

/** More of a kind would take minutes to draw and gigabytes to hold; files of prompts have no such bound. */
const mostDrawn = 1_000_000;
const drawnCount = count.max(
  mostDrawn,
  `the sandbox gives at most ${mostDrawn.toLocaleString("en-US")} prompts of a kind`,
);

/** How many prompts of each kind the sandbox gives. */
export const promptCounts = (harmful: number, harmless: number, lookalike: number, purpose = "") =>
  z
    .strictObject({
      harmful: drawnCount.default(harmful).describe(`harmful prompts of the sandbox ${purpose}`.trim()),
      harmless: drawnCount.default(harmless).describe(`harmless prompts of the sandbox ${purpose}`.trim()),
      lookalike: drawnCount
        .default(lookalike)
        .describe(`prompts of the sandbox that only sound harmful ${purpose}`.trim()),
    })
    .prefault({});

export const promptsSetting = path
  .default("sandbox")
  .describe(
    '"sandbox" for the closed world\'s own prompts, or a file: JSONL, JSON, CSV, TSV, Parquet (.gz too; or hf:datasets/owner/name/path)',
  );

export const comparisonsSetting = path
  .optional()
  .describe("file of comparisons that are there already, to be judged instead of sampled pairs");

export const promptKindSetting = z
  .enum(promptKinds)
  .optional()
  .describe("kind of prompts in a file whose rows do not say it");

export const samplingSettings = z
  .strictObject({
    temperature: z.number().nonnegative().default(0.35).describe("0: always the likeliest token"),
    topP: z.number().positive().max(1).default(1).describe("share of probability that is sampled from"),
    maxTokens: positive.default(80).describe("tokens a reply at most"),
  })
  .prefault({});
export type SamplingSettings = z.output<typeof samplingSettings>;

/** The same where the temperature is that of pairs (labelSettings). */
export const pairSamplingSettings = z
  .strictObject(samplingSettings.unwrap().omit({ temperature: true }).shape)
  .prefault({});

/** The same where the method says how it samples. */
export const replySettings = z
  .strictObject(samplingSettings.unwrap().pick({ maxTokens: true }).shape)
  .prefault({});

export const batchSetting = positive.describe("replies that are generated at a time");

/**
 * How tokens are drawn, for commands that show all of it. temperature: where neither the settings nor the model's
 * generation_config.json says one.
 */
export const tokenSamplingSettings = (temperature: number, maxTokens: number) => ({
  greedy: z.boolean().default(false).describe("always the likeliest token, whatever the temperature"),
  temperature: z
    .number()
    .nonnegative()
    .optional()
    .describe(`0: always the likeliest token; default: generation_config.json's, else ${temperature}`),
  topK: count
    .optional()
    .describe("only so many of the likeliest tokens; 0: all; default: generation_config.json's, else 0"),
  topP: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe("share of probability that is sampled from; default: generation_config.json's, else 1"),
  minP: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "only tokens at least this share as likely as the likeliest; default: generation_config.json's, else 0",
    ),
  repetitionPenalty: rate
    .optional()
    .describe(
      "above 1: tokens that were there already lose; default: generation_config.json's, else 1 (none does)",
    ),
  stop: z.array(z.string().min(1)).default([]).describe("texts that end a reply and are no part of it"),
  maxTokens: positive.default(maxTokens).describe("tokens a reply at most"),
});

const scheduleKinds = z.enum(["constant", "linear", "cosine"]);

/** What every training has, with the meaning that it has everywhere. */
export const optimiserSettings = {
  learningRate: rate.max(1).describe("learning rate at its peak"),
  schedule: scheduleKinds.describe("how the learning rate falls"),
  warmupSteps: count.describe("steps in which the learning rate rises"),
  batch: positive.describe("rows a step"),
  epochs: positive.describe("times that all rows are learned"),
  weightDecay: z.number().nonnegative().lt(1).describe("weight decay of AdamW"),
  maxGradientNorm: rate.describe("gradients are cut at this norm"),
};

/** Low-rank adapters instead of full training; off unless given. */
export const loraSettings = z
  .strictObject({
    rank: positive.default(16).describe("rank of the adapters"),
    alpha: rate
      .default(32)
      .describe("scale of the adapters: alpha / rank, or alpha / sqrt(rank) with rsLora"),
    rsLora: z.boolean().default(false).describe("rank-stabilised: the scale falls with the rank's root"),
    dropout: z
      .number()
      .nonnegative()
      .lt(1)
      .default(0)
      .describe("share of the adapters' inputs dropped in training"),
    targets: z
      .array(z.string().min(1))
      .min(1)
      .default([allTargets])
      .describe("projections that get adapters, by their last names, e.g. q_proj"),
  })
  .optional()
  .describe("train low-rank adapters instead of all weights (saved as adapter/, and merged as model/)");
export type LoraSettings = z.output<typeof loraSettings>;
export type PolicyLoraSettings = z.output<typeof policyLoraSettings>;

/** Share of the rows that is kept out of training; a prompt's rows are all on one side. */
const evaluationShare = z
  .number()
  .min(0)
  .max(0.9)
  .default(0)
  .describe("share of the rows kept out of training, on which the loss is taken on the way");

const overlong = z
  .enum(["skip", "cut"])
  .default("skip")
  .describe("a row that is too long: leave it out, or cut its end off");

/**
 * Adapters of a policy that is learned by reward: without dropout, which would make the ratio of the policy to the one
 * that was sampled from differ from one before anything is learned.
 */
export const policyLoraSettings = loraSettings
  .unwrap()
  .omit({ dropout: true })
  .optional()
  .describe("train low-rank adapters instead of all weights (saved as adapter/, and merged as model/)");

/** A frozen model whose projections are held in fewer bits, for the commands that read one. */
export const loadSetting = z
  .enum(["4bit", "8bit"])
  .optional()
  .describe("hold projections in so few bits: 4bit (NF4), an eighth of the memory; 8bit (int8), faster");

/** The same for the reward model of a training by reward. */
export const rewardLoadSetting = loadSetting.describe(
  "hold the reward model's projections in so few bits, as its adapter was trained: 4bit (NF4) or 8bit (int8)",
);

/** What makes a training smaller. */
export const memorySettings = {
  load: z
    .enum(["4bit"])
    .optional()
    .describe("hold frozen projections in 4 bits (NF4, QLoRA); needs lora, and saves the adapter alone"),
  gradientCheckpointing: z
    .boolean()
    .default(false)
    .describe("compute layers again in the backward pass: less memory, a third more time"),
};

/** The same where some of the models that a command asks may run elsewhere. */
export const askedLoadSetting = loadSetting.describe(
  "hold projections of the models that answer and judge here in so few bits: 4bit (NF4), an eighth of the memory; 8bit (int8), faster",
);

/** Optimiser and order of a training stage. */
export const trainingSettings = (defaults: {
  readonly learningRate: number;
  readonly batch: number;
  readonly epochs: number;
}) =>
  z
    .strictObject({
      learningRate: optimiserSettings.learningRate.default(defaults.learningRate),
      schedule: optimiserSettings.schedule.default("cosine"),
      warmupSteps: optimiserSettings.warmupSteps.default(5),
      batch: optimiserSettings.batch.default(defaults.batch),
      epochs: optimiserSettings.epochs.default(defaults.epochs),
      weightDecay: optimiserSettings.weightDecay.default(0.01),
      maxGradientNorm: optimiserSettings.maxGradientNorm.default(1),
      accumulation: positive
        .default(1)
        .describe("parts that a step's rows are computed in: less memory, the same result"),
      maxTokens: positive.optional().describe("tokens a row at most; default: the model's context"),
      evaluateEvery: count
        .default(0)
        .describe("steps between two looks at the rows kept out; 0: once an epoch"),
      keepBest: z
        .boolean()
        .default(false)
        .describe("save the weights with the least loss on the rows kept out, not the last ones"),
      lora: loraSettings,
      ...memorySettings,
    })
    .prefault({});
export type TrainingSettings = z.output<ReturnType<typeof trainingSettings>>;

export const reviseSettings = z
  .strictObject({
    rounds: positive.default(3).describe("rounds of critique and revision"),
    mode: z
      .enum(["critique", "direct"])
      .default("critique")
      .describe("critique, then revise; or revise directly"),
    form: z
      .enum(revisionForms)
      .optional()
      .describe(
        "how the model is asked: in chat messages, or by one transcript as in Bai et al.; default: chat",
      ),
    fewShots: path
      .optional()
      .describe("worked examples of critique and revision, shown before every request: a file"),
    principles: positive
      .optional()
      .describe("revise by so many of the constitution's principles, drawn by the seed; default: all"),
    recheck: count
      .optional()
      .describe("test the last reply against every principle, and revise it at most so many times more"),
    voteTokens: positive
      .default(16)
      .describe("tokens of a verdict of recheck at most; a model that thinks before it needs many more"),
  })
  .prefault({});

export type ReviseSettings = z.output<typeof reviseSettings>;

export const sftMixSettings = {
  revisions: z
    .union([z.enum(["all", "last"]), positive])
    .default("last")
    .describe("which revisions of a chain are learned: all, last, or a number n (the first n, SL-CAI-n)"),
};

export const rewardSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 1e-3, batch: 32, epochs: 2 }).unwrap().shape,
    heldOutShare: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .describe("share of the pairs kept out to measure accuracy on"),
    centring: z
      .number()
      .nonnegative()
      .default(0.01)
      .describe("weight of a pair's squared sum of scores, which keeps scores near zero"),
    atChance: z
      .enum(["fail", "warn"])
      .default("fail")
      .describe("when accuracy on the pairs kept out cannot be told from guessing"),
  })
  .prefault({});
export type RewardSettings = z.output<typeof rewardSettings>;

export const dpoSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 2e-5, batch: 32, epochs: 1 }).unwrap().shape,
    loss: z.enum(["sigmoid", "ipo"]).default("sigmoid").describe("loss of a pair: DPO's own, or IPO's"),
    beta: rate.default(0.3).describe("how strongly DPO holds the model near where it started"),
    labelSmoothing: z
      .number()
      .min(0)
      .lt(0.5)
      .default(0)
      .describe("share of the labels that is taken to be wrong (conservative DPO)"),
    evaluationShare,
    overlong,
    sftWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the chosen reply's negative log-likelihood per token, beside the preference loss"),
  })
  .prefault({});
export type DpoSettings = z.output<typeof dpoSettings>;

/** Supervised fine-tuning on rows that are there already. */
export const sftTrainingSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 3e-4, batch: 32, epochs: 3 }).unwrap().shape,
    learn: z
      .enum(["replies", "all"])
      .default("replies")
      .describe("what of a chat is learned: the assistant's replies, or every token"),
    evaluationShare,
    overlong,
  })
  .prefault({});
export type SftTrainingSettings = z.output<typeof sftTrainingSettings>;

export const sftSettings = z
  .strictObject({ ...sftTrainingSettings.unwrap().shape, ...sftMixSettings })
  .prefault({});
