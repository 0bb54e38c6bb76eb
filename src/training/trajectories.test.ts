// Fifty steps of each method beside TRL's: the same model, rows and settings give the same loss and gradient norm at
// every step. tools/parity/make_trajectories.py wrote what TRL and PEFT came to.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Message, SftRow } from "../records/index.ts";
import {
  addAdapters,
  createModelState,
  createScorer,
  loadModelFolder,
  type ModelState,
  type ModelTask,
  type PackedItem,
} from "../transformer/index.ts";
import {
  createDpoTrainer,
  type DpoLossOptions,
  referenceLogProbabilities,
  referenceState,
  trainDpo,
} from "./dpo.ts";
import type { StepMetrics } from "./loop.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createRewardTrainer, trainRewardModel } from "./reward-model.ts";
import { type ChatCodec, preferenceItems, type RowLimit, sftItems } from "./rows.ts";
import { createSftTrainer, trainSft } from "./sft.ts";

type Pair = { prompt: Message[]; chosen: Message[]; rejected: Message[]; margin: number };
type Run = { losses: number[]; norms: number[]; adapters?: Record<string, number[]> };
type Golden = {
  readonly order: { rows: number; batch: number; epochs: number; seed: number };
  readonly settings: {
    learningRate: number;
    schedule: "cosine";
    warmupSteps: number;
    weightDecay: number;
    maxGradientNorm: number;
  };
  readonly lora: { rank: number; alpha: number; targets: string[] };
  readonly beta: number;
  readonly smoothing: number;
  readonly chats: { messages: Message[] }[];
  readonly texts: { text: string }[];
  readonly pairs: Pair[];
  readonly runs: Record<string, Run>;
};

const goldenFolder = new URL("../../test/golden/", import.meta.url);
const golden = JSON.parse(readFileSync(new URL("trajectories.json", goldenFolder), "utf8")) as Golden;
const { settings, lora, beta } = golden;
const books = { id: "row", parents: [], stage: "data", seed: 0 };
const limit: RowLimit = { limit: 256, overlong: "skip" };

/** The model that TRL began with, with PEFT's first adapters where a run has adapters. */
const open = async (task: ModelTask, adapters?: Run["adapters"]) => {
  const name = task === "causal-lm" ? "untied" : "scored";
  const loaded = await loadModelFolder(fileURLToPath(new URL(`llama-random/${name}`, goldenFolder)));
  const codec: ChatCodec = { tokenizer: loaded.tokenizer, template: loaded.chatTemplate! };
  if (adapters === undefined)
    return { codec, state: createModelState(loaded.config, { ...loaded.weights }, { task }) };
  const weights = addAdapters(loaded.config, loaded.weights, lora, 0);
  for (const [adapter, values] of Object.entries(adapters))
    weights[adapter] = { shape: weights[adapter]!.shape, data: Float32Array.from(values) };
  const adapterScale = lora.alpha / lora.rank;
  return { codec, state: createModelState(loaded.config, weights, { task, adapterScale }) };
};

const optimiser = {
  ...defaultAdamW,
  weightDecay: settings.weightDecay,
  maxGradientNorm: settings.maxGradientNorm,
};

const loop = {
  batch: golden.order.batch,
  epochs: golden.order.epochs,
  seed: golden.order.seed,
  schedule: { kind: settings.schedule, peak: settings.learningRate, warmupSteps: settings.warmupSteps },
  padding: 1,
};

/** The furthest that a step's loss or gradient norm lies from TRL's, as a share of it. */
const furthest = async (steps: AsyncIterable<StepMetrics>, run: Run): Promise<number> => {
  let far = 0;
  let count = 0;
  for await (const { step, metrics } of steps) {
    for (const [got, wanted] of [
      [metrics["loss"]!, run.losses[step]!],
      [metrics["grad_norm"]!, run.norms[step]!],
    ] as const)
      far = Math.max(far, Math.abs(got - wanted) / Math.abs(wanted));
    count++;
  }
  expect(count).toBe(50);
  return far;
};

const closeEnough = 0.005;

const chats: SftRow[] = golden.chats.map(({ messages }) => ({ ...books, messages }));
const texts: SftRow[] = golden.texts.map(({ text }) => ({ ...books, text }));
const completions: SftRow[] = golden.chats.map(({ messages }) => ({
  ...books,
  prompt: messages.slice(0, -1),
  completion: messages.at(-1)!.content,
}));
const pairs = golden.pairs.map(({ prompt, chosen, rejected }) => ({
  prompt,
  chosen: chosen[0]!.content,
  rejected: rejected[0]!.content,
}));

describe("supervised fine-tuning goes TRL's way", () => {
  it.each([
    ["sft-chats", chats],
    ["sft-completions", completions],
    ["sft-texts", texts],
    ["sft-lora", chats],
  ])("%s", async (name, given) => {
    const run = golden.runs[name]!;
    const { codec, state } = await open("causal-lm", run.adapters);
    const { items: rows } = sftItems(given, codec, { ...limit, learn: "replies" });
    const trainer = createSftTrainer(state, optimiser);
    expect(await furthest(trainSft({ ...loop, trainer, rows }), run)).toBeLessThan(closeEnough);
    await trainer.release();
  });
});

describe("the reward model goes TRL's way", () => {
  it.each([
    ["reward-centred", 0.05, false],
    ["reward-margin", 0.01, true],
  ] as const)("%s", async (name, centring, withMargins) => {
    const { codec, state } = await open("sequence-classification");
    const { items } = preferenceItems(pairs, codec, limit);
    const rows = items.map((item, at) => ({
      item,
      probability: 1,
      margin: withMargins ? golden.pairs[at]!.margin : 0,
    }));
    const trainer = createRewardTrainer(state, optimiser, { centring });
    const steps = trainRewardModel({ ...loop, trainer, rows });
    expect(await furthest(steps, golden.runs[name]!)).toBeLessThan(closeEnough);
    await trainer.release();
  });
});

const withReference = async (state: ModelState, items: readonly PackedItem[]) => {
  const scorer = createScorer(referenceState(state));
  const reference = await referenceLogProbabilities(scorer, items);
  await scorer.release();
  return items.map((item, at) => ({ item, probability: 1, reference: reference[at]! }));
};

describe("DPO goes TRL's way", () => {
  it.each<[string, Partial<DpoLossOptions>]>([
    ["dpo", {}],
    ["dpo-smoothed", { labelSmoothing: golden.smoothing }],
    ["dpo-ipo", { loss: "ipo" }],
    ["dpo-lora", {}],
  ])("%s", async (name, change) => {
    const run = golden.runs[name]!;
    const { codec, state } = await open("causal-lm", run.adapters);
    const rows = await withReference(state, preferenceItems(pairs, codec, limit).items);
    const options: DpoLossOptions = { loss: "sigmoid", beta, labelSmoothing: 0, sftWeight: 0, ...change };
    const trainer = createDpoTrainer(state, optimiser, options);
    expect(await furthest(trainDpo({ ...loop, trainer, rows }), run)).toBeLessThan(closeEnough);
    await trainer.release();
  });
});
