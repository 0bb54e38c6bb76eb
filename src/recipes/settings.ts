// Pieces of configuration that several recipes share, with their defaults. Every recipe's schema is made of these, so
// a setting has one name, one default and one meaning everywhere.

import { z } from "zod";
import { promptKinds } from "../records/index.ts";
import { loraTargets } from "../transformer/index.ts";

const count = z.number().int().nonnegative();
const positive = z.number().int().positive();
const rate = z.number().positive();

export const seedSetting = z.number().int().nonnegative().default(0).describe("seed of the whole run");
export const outSetting = z.string().min(1).describe("run folder");

export const modelSetting = z
  .string()
  .min(1)
  .default("embedded:covenant-tiny")
  .describe("model name: embedded:covenant-tiny, ./folder, http://host:port/v1#name, openai:name");

export const constitutionSetting = z
  .string()
  .min(1)
  .default("ethical")
  .describe("constitution: a library name or a YAML file");

/** How many prompts of each kind the sandbox gives. */
export const promptCounts = (harmful: number, harmless: number, lookalike: number) =>
  z
    .strictObject({
      harmful: count.default(harmful),
      harmless: count.default(harmless),
      lookalike: count.default(lookalike),
    })
    .prefault({});

/** How endpoints are called; decides no result, so it is no part of what a run is. */
export const endpointSettings = z
  .strictObject({
    concurrency: positive.default(8).describe("calls in flight at an endpoint"),
    timeoutSeconds: rate.default(120).describe("time for one call to an endpoint"),
    attempts: positive.default(6).describe("how often a call that fails for a passing reason is made in all"),
  })
  .prefault({});
export type EndpointSettings = z.output<typeof endpointSettings>;

export const promptsSetting = z
  .string()
  .min(1)
  .default("sandbox")
  .describe('"sandbox" for the closed world\'s own prompts, or a JSONL file (.gz too)');

export const promptKindSetting = z
  .enum(promptKinds)
  .optional()
  .describe("kind of prompts in a file whose rows do not say it");

export const samplingSettings = z
  .strictObject({
    temperature: z.number().nonnegative().default(0.6),
    topP: z.number().positive().max(1).default(1),
    maxTokens: positive.default(80),
  })
  .prefault({});
export type SamplingSettings = z.output<typeof samplingSettings>;

const scheduleKinds = z.enum(["constant", "linear", "cosine"]);

/** Low-rank adapters instead of full training; off unless given. */
export const loraSettings = z
  .strictObject({
    rank: positive.default(16),
    alpha: rate.default(32),
    targets: z
      .array(z.string().min(1))
      .min(1)
      .default([...loraTargets]),
  })
  .optional()
  .describe("train low-rank adapters (merged into the saved model) instead of all weights");
export type LoraSettings = z.output<typeof loraSettings>;

/** Optimiser and order of a training stage. */
export const trainingSettings = (defaults: {
  readonly learningRate: number;
  readonly batch: number;
  readonly epochs: number;
}) =>
  z
    .strictObject({
      learningRate: rate.default(defaults.learningRate),
      schedule: scheduleKinds.default("cosine"),
      warmupSteps: count.default(5),
      batch: positive.default(defaults.batch),
      epochs: positive.default(defaults.epochs),
      weightDecay: z.number().nonnegative().default(0.01),
      maxGradientNorm: rate.default(1),
      lora: loraSettings,
    })
    .prefault({});
export type TrainingSettings = z.output<ReturnType<typeof trainingSettings>>;

/** Pairs for labels are sampled more freely than answers, so that there is something to prefer. */
export const labelSettings = z
  .strictObject({ temperature: z.number().nonnegative().default(0.8) })
  .prefault({});

export const reviseSettings = z
  .strictObject({
    rounds: positive.default(2),
    mode: z.enum(["critique", "direct"]).default("critique"),
  })
  .prefault({});

export const sftMixSettings = {
  revisions: z.enum(["all", "last"]).default("last").describe("which revisions of a chain are learned"),
};

export const rewardSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 5e-4, batch: 32, epochs: 2 }).unwrap().shape,
    heldOutShare: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .describe("share of the pairs kept out to measure accuracy on"),
  })
  .prefault({});
export type RewardSettings = z.output<typeof rewardSettings>;

export const dpoSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 1.5e-4, batch: 32, epochs: 2 }).unwrap().shape,
    beta: rate.default(0.1),
    sftWeight: z
      .number()
      .nonnegative()
      .default(0)
      .describe("weight of the chosen reply's negative log-likelihood per token, beside the preference loss"),
  })
  .prefault({});
export type DpoSettings = z.output<typeof dpoSettings>;

export const ppoSettings = z
  .strictObject({
    steps: positive.default(30),
    batch: positive.default(64),
    minibatches: positive.default(2),
    epochs: positive.default(1),
    learningRate: rate.default(2e-4),
    schedule: scheduleKinds.default("linear"),
    warmupSteps: count.default(3),
    weightDecay: z.number().nonnegative().default(0),
    maxGradientNorm: rate.default(1),
    klCoefficient: z.number().nonnegative().default(0.015),
    clip: rate.default(0.2),
    valueClip: rate.default(0.2),
    valueCoefficient: rate.default(0.1),
    gamma: z.number().positive().max(1).default(1),
    lambda: z.number().positive().max(1).default(0.95),
    lora: loraSettings,
    missingEndPenalty: z.number().nonnegative().default(0.5),
    measureEvery: count
      .default(10)
      .describe("measure true harm every so many steps (the Goodhart curve); 0: never"),
  })
  .prefault({});
export type PpoSettings = z.output<typeof ppoSettings>;

export const sftSettings = z
  .strictObject({
    ...trainingSettings({ learningRate: 7e-4, batch: 32, epochs: 4 }).unwrap().shape,
    ...sftMixSettings,
  })
  .prefault({});
export type SftSettings = z.output<typeof sftSettings>;
