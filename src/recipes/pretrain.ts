// `covenant pretrain`: makes an embedded model (assets/) from nothing: trains the tokenizer on the sandbox's language, then a
// small Llama on its documents (pretraining-documents.ts), and saves a Hugging Face folder.

import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { comparisonOptions } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import { openRun, type StageContext } from "../runs/index.ts";
import { usualAnswerWeight } from "../sandbox/index.ts";
import { createPretrainer, defaultAdamW, pretrain, type WeightedDocument } from "../training/index.ts";
import {
  compileChatTemplate,
  createModelState,
  createTokenizer,
  hiddenMatrices,
  initialParameters,
  loadModelFolder,
  type ModelConfig,
  parameterCount,
  roleTokens,
  roleTokenTemplate,
  saveModelFolder,
  type Tokenizer,
  type TokenizerFiles,
  trainTokenizer,
} from "../transformer/index.ts";
import { machineRate } from "./costs/machine-rate.ts";
import { checkThere } from "./inputs/open-stages.ts";
import {
  createDocuments,
  documentMix,
  longestDocument,
  type PretrainingDocument,
  vocabularyText,
} from "./inputs/pretraining-documents.ts";
import { planOf } from "./plans/plan.ts";
import { planPretraining } from "./plans/plan-training.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { providerContents } from "./settings/computing.ts";
import { runFlags } from "./settings/flags.ts";
import { asModelName } from "./settings/names.ts";
import { mixSetting } from "./settings/pretraining-mix.ts";
import { outSetting, seedSetting } from "./settings/settings.ts";
import { trainStage } from "./stages/train-stage.ts";
import { modelWords, nextCommands } from "./summaries/next-command.ts";

const positive = z.number().int().positive();

const settings = z.strictObject({
  out: outSetting("runs/pretrain"),
  model: outSetting("runs/covenant-tiny").describe("folder the model is saved in"),
  seed: seedSetting.default(20_260_101).describe("seed of the whole run"),
  vocabulary: positive
    .min(roleTokens.length + 256)
    .default(3712)
    .describe("tokens of the tokenizer"),
  vocabularyDocuments: positive.default(30_000).describe("documents that the tokenizer is made on"),
  hiddenSize: positive.default(256).describe("width of the model"),
  intermediateSize: positive.default(512).describe("width inside the feed-forward layers"),
  layers: positive.default(3).describe("layers"),
  heads: positive.default(4).describe("attention heads"),
  keyValueHeads: positive.default(2).describe("heads of keys and values"),
  context: positive.min(longestDocument.world).default(512).describe("tokens of the longest conversation"),
  steps: positive.default(4500).describe("optimiser steps"),
  rows: positive.default(12).describe("packed rows of a batch"),
  time: positive.min(longestDocument.world).default(256).describe("tokens of a row"),
  targets: positive.default(1216).describe("loss tokens of a batch"),
  learningRate: z.number().positive().default(2e-3).describe("learning rate at its peak"),
  warmupSteps: positive.default(100).describe("steps in which the learning rate rises"),
  weightDecay: z.number().nonnegative().default(0.05).describe("weight decay of matrices"),
  optimiser: z
    .enum(["adamw", "muon"])
    .default("muon")
    .describe("what moves the matrices of the layers: AdamW, as all else, or Muon"),
  answerWeight: z
    .number()
    .positive()
    .default(usualAnswerWeight)
    .describe("loss weight of the answer of a choice"),
  mix: mixSetting,
  invertedShare: z
    .strictObject({
      first: z.number().min(0).max(1).default(0.1).describe("share of inverted principles at first"),
      later: z.number().min(0).max(1).default(0.4).describe("and after the first quarter"),
    })
    .prefault({})
    .describe("share of inverted principles in the first quarter of the documents, and after it"),
  oneWishShare: z
    .strictObject({
      first: z.number().min(0).max(1).default(1).describe("share of voters with one wish alone at first"),
      later: z.number().min(0).max(1).default(0.1).describe("and after the first quarter"),
    })
    .prefault({})
    .describe("share of voters with one wish alone in the first quarter of the documents, and after it"),
  statementShare: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("share of the principles of critiques and choices that are statements people argue for"),
});

/** What a model cannot be built from, or a corpus not be drawn from, though every single setting is possible. */
export const pretrainSchema = settings.superRefine(
  ({ hiddenSize, heads, keyValueHeads, mix, time, context }, { addIssue }) => {
    const refuse = (field: string, message: string) => addIssue({ code: "custom", path: [field], message });
    if (hiddenSize % (2 * heads) !== 0)
      refuse(
        "heads",
        `hiddenSize ${hiddenSize} cannot be shared among ${heads} heads: it must be a multiple of ${2 * heads}, because every head is an even number wide`,
      );
    if (heads % keyValueHeads !== 0)
      refuse(
        "keyValueHeads",
        `${heads} heads cannot share ${keyValueHeads} heads of keys and values: heads must be a multiple of keyValueHeads`,
      );
    const scenes = mix.assembly + mix.sharing + mix.variant + mix.inquiry + mix.manner + mix.rating;
    const longest = scenes > 0 ? longestDocument.scene : longestDocument.world;
    for (const [field, size] of Object.entries({ time, context }))
      if (size < longest && size >= longestDocument.world)
        refuse(field, `documents of this mix are up to ${longest} tokens long: expected at least ${longest}`);
    if (Object.values(mix).every((share) => share === 0))
      refuse("mix", "all of its shares are 0: at least one kind of document needs more");
  },
);
export type PretrainConfig = z.output<typeof pretrainSchema>;

/** Mean tokens of a document, measured; they only decide where the first quarter ends. */
const meanTokens = {
  chat: 109,
  critique: 109,
  choice: 109,
  assembly: 109,
  sharing: 109,
  ballot: 60,
  stance: 40,
  persona: 50,
  trade: 72,
  variant: 90,
  poll: 66,
  inquiry: 120,
  manner: 90,
  rating: 200,
} as const satisfies Readonly<Record<keyof PretrainConfig["mix"], number>>;

const documentsPerQuarter = ({ mix, steps, rows, time }: PretrainConfig): number => {
  const tokens = documentMix.reduce((sum, kind) => sum + mix[kind] * meanTokens[kind], 0);
  const shares = documentMix.reduce((sum, kind) => sum + mix[kind], 0);
  return (0.25 * steps * rows * time * shares) / tokens;
};

const end = "<|end|>";
const pad = "<|pad|>";

const documentOptions = (config: PretrainConfig, when: "first" | "later") => ({
  seed: config.seed,
  mix: config.mix,
  invertedShare: config.invertedShare[when],
  oneWishShare: config.oneWishShare[when],
  statementShare: config.statementShare,
  answerWeight: config.answerWeight,
});

const tokenizerFiles = (config: PretrainConfig): TokenizerFiles =>
  trainTokenizer(vocabularyText(documentOptions(config, "later"), config.vocabularyDocuments), {
    vocabularySize: config.vocabulary,
    specialTokens: roleTokens,
    end,
    pad,
    chatTemplate: roleTokenTemplate,
    maxPositions: config.context,
  });

/** The id of a token that the tokenizer was made with. */
const ownToken = (tokenizer: Tokenizer, token: string): number => tokenizer.idOf(token)!;

const shapeOf = (config: PretrainConfig): ModelConfig => ({
  family: "llama",
  vocabularySize: config.vocabulary,
  hiddenSize: config.hiddenSize,
  intermediateSize: config.intermediateSize,
  layers: config.layers,
  heads: config.heads,
  keyValueHeads: config.keyValueHeads,
  headSize: config.hiddenSize / config.heads,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: config.context,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [],
  padTokenId: null,
});

const modelConfig = (config: PretrainConfig, tokenizer: Tokenizer): ModelConfig => ({
  ...shapeOf(config),
  vocabularySize: tokenizer.vocabularySize,
  endTokenIds: [ownToken(tokenizer, end)],
  padTokenId: ownToken(tokenizer, pad),
});

/** Where the options of a choice differ, when the content is one of them: only that token carries the answer. */
const letterOf = (content: string, tokenizer: Tokenizer): number | null => {
  if (!(comparisonOptions as readonly string[]).includes(content)) return null;
  const [first, second] = comparisonOptions.map((option) =>
    tokenizer.encode(option, { specialTokens: false }),
  );
  return first!.findIndex((id, at) => id !== second![at]);
};

/** Tokens in which a reply begins to help or to refuse: "I am glad", "I am sorry". */
const openingTokens = 4;

/** What a token of a message counts: figures and the opening have weights of their own; of a choice the letter has the weight. */
const tokenWeights = (
  { content, weight, figures = weight, opening = weight }: PretrainingDocument[number],
  ids: readonly number[],
  tokenizer: Tokenizer,
): number[] => {
  const letter = letterOf(content, tokenizer);
  if (letter !== null) return ids.map((_, at) => (at === letter ? weight : 1));
  const isFigure = (id: number): boolean =>
    figures !== weight && /\d/.test(tokenizer.decode([id], { skipSpecial: true }));
  return ids.map((id, at) => (isFigure(id) ? figures : at < openingTokens ? opening : weight));
};

/** Token ids and loss weights of a document; the end of every learned assistant message counts 1. */
const weigh = (document: PretrainingDocument, tokenizer: Tokenizer): WeightedDocument => {
  const ids: number[] = [];
  const weights: number[] = [];
  const closing = ownToken(tokenizer, end);
  for (const part of document) {
    const text = tokenizer.encode(part.content, { specialTokens: false });
    ids.push(ownToken(tokenizer, `<|${part.role}|>`), ...text, closing);
    weights.push(0, ...tokenWeights(part, text, tokenizer));
    weights.push(part.role === "assistant" && part.weight > 0 ? 1 : 0);
  }
  return { ids, weights };
};

/**
 * Documents by number, the easier ones first: few inverted principles, so that the judge learns the position before the
 * polarity; voters with one wish, so that a model learns what a principle has to do with a wish before which wish it is.
 */
const documentStream = (config: PretrainConfig, tokenizer: Tokenizer) => {
  const first = createDocuments(documentOptions(config, "first"));
  const later = createDocuments(documentOptions(config, "later"));
  const quarter = documentsPerQuarter(config);
  return (index: number): WeightedDocument => weigh((index < quarter ? first : later)(index), tokenizer);
};

const train = async (
  config: PretrainConfig,
  stage: StageContext,
  context: RecipeContext,
): Promise<string> => {
  const files = tokenizerFiles(config);
  const tokenizer = createTokenizer(files);
  const shape = modelConfig(config, tokenizer);
  const state = createModelState(shape, initialParameters(shape, config.seed));
  const trainer = createPretrainer(state, {
    ...{ ...defaultAdamW, beta2: 0.98, weightDecay: config.weightDecay },
    muon: new Set(config.optimiser === "muon" ? hiddenMatrices(shape) : []),
  });
  const folder = join(stage.folder, "model");
  await trainStage({
    name: "pretrain",
    stage,
    clock: context.clock,
    state,
    trainer,
    totalSteps: config.steps,
    note: ({ loss }) => `loss ${(loss ?? 0).toFixed(3)}, ${parameterCount(shape)} parameters`,
    loop: (start) =>
      pretrain({
        trainer,
        document: documentStream(config, tokenizer),
        seed: config.seed,
        rows: config.rows,
        time: config.time,
        targets: config.targets,
        padding: shape.padTokenId ?? 0,
        schedule: {
          kind: "cosine",
          peak: config.learningRate,
          warmupSteps: config.warmupSteps,
          totalSteps: config.steps,
        },
        start,
        signal: stage.signal,
      }),
    save: () =>
      saveModelFolder(folder, {
        config: shape,
        weights: state.weights,
        tokenizer: files,
        chatTemplate: compileChatTemplate(roleTokenTemplate),
      }),
  });
  return folder;
};

/** Throws UserError when the model could not be saved in the end: better said before than after half an hour. */
const requireTarget = async (folder: string): Promise<void> => {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return;
  const names = found.isDirectory() ? await readdir(folder) : [];
  if (found.isDirectory() && (names.length === 0 || names.includes("config.json"))) return;
  throw new UserError(
    "not-a-model-folder",
    `${folder} is there and is no model folder, so the model is not saved over it. Choose another --model.`,
    { folder },
  );
};

const requestOf = ({ out, model: _, ...decisive }: PretrainConfig, context: RecipeContext) => ({
  folder: out,
  name: "pretrain",
  config: decisive,
  seed: decisive.seed,
  contents: providerContents(context),
  fresh: context.fresh,
});

/** A conversation in the sandbox's words. */
const pollFiles = [
  ...["--comments", "examples/polis-sandbox/comments.csv"],
  ...["--votes", "examples/polis-sandbox/participants-votes.csv"],
];

/** The command that a model of this mix was made for. */
const useOf = (mix: PretrainConfig["mix"], words: readonly string[]): string[] => {
  const simulated = (kind: string, file = "tiny") =>
    ["simulate", kind, "--config", `configs/simulate/${kind}/${file}.yaml`] as const;
  if (mix.chat + mix.critique + mix.choice > 0) return ["revise", ...words];
  if (mix.assembly + mix.rating > 0) return [...simulated("contract"), ...words];
  if (mix.sharing + mix.trade + mix.variant + mix.inquiry + mix.manner > 0)
    return [...simulated("games"), ...words];
  if (mix.ballot > 0) return [...simulated("vote", "minority"), "--set", `roles.user.model=${words.at(-1)}`];
  if (mix.stance > 0)
    return [
      ...[...simulated("contract"), "--meta-prompt", "contract"],
      ...["--set", `roles.meta.model=${words.at(-1)}`],
    ];
  if (mix.poll > 0) return ["polis", "predict", ...pollFiles, "--wording", "brief", ...words];
  return ["persona", "generate", "--wording", "brief", "--traits", "discreet, in haste", ...words];
};

/** `covenant pretrain`. */
export const recipe: Recipe<typeof pretrainSchema> = {
  command: ["pretrain"],
  summary: "make an embedded model from scratch on the sandbox's language",
  schema: pretrainSchema,
  flags: {
    ...runFlags,
    model: { path: "model", description: "folder the model is saved in", placeholder: "folder" },
    steps: { path: "steps", description: "optimiser steps", placeholder: "number" },
  },
  async plan(config, context) {
    await requireTarget(config.model);
    await checkThere(requestOf(config, context), context);
    const speed = { config: shapeOf(config), task: "causal-lm", rate: await machineRate(context) } as const;
    return planOf([planPretraining("pretrain", config, speed)]);
  },
  async run(config, context) {
    await requireTarget(config.model);
    const request = requestOf(config, context);
    await using run = await openRun({
      ...request,
      stages: ["pretrain"],
      clock: context.clock,
      onEvent: context.emit,
      signal: context.signal,
    });
    await run.stage({ name: "pretrain", inputs: request.config }, async (stage) => {
      await train(config, stage, context);
    });
    await run.finish();
    const made = await loadModelFolder(join(run.folder, "pretrain", "model"));
    const target = resolve(config.model);
    await saveModelFolder(target, { ...made, tokenizer: made.tokenizer.files });
    const named = asModelName(config.model);
    return {
      lines: [`Model: ${named}`, ...nextCommands(useOf(config.mix, modelWords(named)))],
      document: { model: target, folder: run.folder },
    };
  },
};
