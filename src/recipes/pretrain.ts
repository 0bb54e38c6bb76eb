// `covenant pretrain`: makes assets/covenant-tiny from nothing: trains the tokenizer on the sandbox's language, then a
// small Llama on its documents (chats, critiques with revisions, choices), and saves a Hugging Face folder.

import { join, resolve } from "node:path";
import { z } from "zod";
import { comparisonOptions } from "../constitution/index.ts";
import { openRun, type StageContext } from "../runs/index.ts";
import { type CorpusDocument, createCorpus, vocabularyText } from "../sandbox/index.ts";
import { createPretrainer, defaultAdamW, pretrain, type WeightedDocument } from "../training/index.ts";
import {
  compileChatTemplate,
  createModelState,
  createTokenizer,
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
import type { Recipe, RecipeContext } from "./recipe.ts";
import { seedSetting } from "./settings.ts";
import { discardCheckpoint, runLoop } from "./stages/loop.ts";

const positive = z.number().int().positive();

export const pretrainSchema = z.strictObject({
  out: z.string().min(1).default("runs/pretrain").describe("run folder"),
  model: z.string().min(1).default("runs/covenant-tiny").describe("folder the model is saved in"),
  seed: seedSetting.default(20_260_101),
  vocabulary: positive.default(3072),
  hiddenSize: positive.default(256),
  intermediateSize: positive.default(512),
  layers: positive.default(3),
  heads: positive.default(4),
  keyValueHeads: positive.default(2),
  context: positive.default(512),
  steps: positive.default(10500),
  rows: positive.default(8).describe("packed rows of a batch"),
  time: positive.default(384).describe("tokens of a row"),
  targets: positive.default(1536).describe("loss tokens of a batch"),
  learningRate: z.number().positive().default(2e-3),
  warmupSteps: positive.default(100),
  weightDecay: z.number().nonnegative().default(0.05),
  answerWeight: z.number().positive().default(16).describe("loss weight of the answer of a choice"),
  mix: z
    .strictObject({
      chat: z.number().nonnegative().default(0.23),
      critique: z.number().nonnegative().default(0.3),
      choice: z.number().nonnegative().default(0.47),
    })
    .prefault({})
    .describe("shares of the kinds of documents"),
  invertedShare: z
    .strictObject({
      first: z.number().min(0).max(1).default(0.1),
      later: z.number().min(0).max(1).default(0.4),
    })
    .prefault({})
    .describe("share of inverted principles in the first quarter of the documents, and after it"),
});
export type PretrainConfig = z.output<typeof pretrainSchema>;

/** Mean tokens of a document, measured; only decides where the first quarter ends. */
const documentTokens = 114;

const end = "<|end|>";
const pad = "<|pad|>";

const tokenizerFiles = (config: PretrainConfig): TokenizerFiles =>
  trainTokenizer(vocabularyText({ seed: config.seed, documents: 8000 }), {
    vocabularySize: config.vocabulary,
    specialTokens: roleTokens,
    end,
    pad,
    chatTemplate: roleTokenTemplate,
    maxPositions: config.context,
  });

const required = (tokenizer: Tokenizer, token: string): number => tokenizer.idOf(token)!;

const modelConfig = (config: PretrainConfig, tokenizer: Tokenizer): ModelConfig => ({
  family: "llama",
  vocabularySize: tokenizer.vocabularySize,
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
  endTokenIds: [required(tokenizer, end)],
  padTokenId: required(tokenizer, pad),
});

/** Where the options of a choice differ, when the content is one of them: only that token carries the answer. */
const letterOf = (content: string, tokenizer: Tokenizer): number | null => {
  if (!(comparisonOptions as readonly string[]).includes(content)) return null;
  const [first, second] = comparisonOptions.map((option) =>
    tokenizer.encode(option, { specialTokens: false }),
  );
  return first!.findIndex((id, at) => id !== second![at]);
};

/** Token ids and loss weights of a document; the end of every learned assistant message counts 1. */
const weigh = (document: CorpusDocument, tokenizer: Tokenizer): WeightedDocument => {
  const ids: number[] = [];
  const weights: number[] = [];
  const closing = required(tokenizer, end);
  for (const { role, content, weight } of document.segments) {
    const text = tokenizer.encode(content, { specialTokens: false });
    ids.push(required(tokenizer, `<|${role}|>`), ...text, closing);
    const letter = letterOf(content, tokenizer);
    weights.push(0, ...text.map((_, at) => (letter === null || at === letter ? weight : 1)));
    weights.push(role === "assistant" && weight > 0 ? 1 : 0);
  }
  return { ids, weights };
};

/** Documents by number: few inverted principles at first, so that the judge learns the position before the polarity. */
const documentStream = (config: PretrainConfig, tokenizer: Tokenizer) => {
  const corpora = [config.invertedShare.first, config.invertedShare.later].map((invertedShare) =>
    createCorpus({
      seed: config.seed,
      split: "train",
      invertedShare,
      answerWeight: config.answerWeight,
      mix: config.mix,
    }),
  );
  const quarter = (0.25 * config.steps * config.rows * config.time) / documentTokens;
  return (index: number): WeightedDocument =>
    weigh(corpora[index < quarter ? 0 : 1]!.document(index), tokenizer);
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
  const trainer = createPretrainer(state, { ...defaultAdamW, beta2: 0.98, weightDecay: config.weightDecay });
  await runLoop({
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
  });
  await trainer.release();
  const folder = join(stage.folder, "model");
  await saveModelFolder(folder, {
    config: shape,
    weights: state.weights,
    tokenizer: files,
    chatTemplate: compileChatTemplate(roleTokenTemplate),
  });
  await discardCheckpoint(stage);
  return folder;
};

/** `covenant pretrain`. */
export const recipe: Recipe<typeof pretrainSchema> = {
  command: ["pretrain"],
  summary: "make the embedded model from scratch on the sandbox's language",
  schema: pretrainSchema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    model: { path: "model", description: "folder the model is saved in", placeholder: "folder" },
    seed: { path: "seed", description: "seed", placeholder: "number" },
    steps: { path: "steps", description: "optimiser steps", placeholder: "number" },
  },
  async plan(config) {
    const tokens = config.steps * config.rows * config.time;
    const seconds = config.steps * 0.22;
    return {
      steps: [{ stage: "pretrain", what: `${config.steps} steps`, calls: 0, tokens }],
      seconds,
      dollars: 0,
    };
  },
  async run(config, context) {
    const { out, model, ...decisive } = config;
    await using run = await openRun({
      folder: out,
      name: "pretrain",
      config: decisive,
      seed: config.seed,
      stages: ["pretrain"],
      clock: context.clock,
      onEvent: context.emit,
      signal: context.signal,
      fresh: context.fresh,
    });
    await run.stage({ name: "pretrain", inputs: decisive }, async (stage) => {
      await train(config, stage, context);
    });
    await run.finish();
    const made = await loadModelFolder(join(run.folder, "pretrain", "model"));
    const target = resolve(model);
    await saveModelFolder(target, { ...made, tokenizer: made.tokenizer.files });
    return { lines: [`Model: ${target}`], document: { model: target, folder: run.folder } };
  },
};
