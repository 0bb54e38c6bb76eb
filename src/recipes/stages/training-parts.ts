// What the training stages share: optimiser and schedule from settings, adapters or all weights, and saving a policy
// without its value head. What they make of rows is in learned-rows.ts.

import { join, resolve } from "node:path";
import { deriveSeed, UserError } from "../../core/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { type AdamWOptions, defaultAdamW } from "../../training/index.ts";
import {
  adapterScaleOf,
  addAdapters,
  baseNameFrom,
  createModelState,
  isHubName,
  type ModelState,
  type ModelTask,
  mergeAdapters,
  readHubName,
  saveAdapterFolder,
  saveModelFolder,
  takeScaleOut,
  type Weights,
} from "../../transformer/index.ts";
import type { LoraSettings, PolicyLoraSettings, TrainingSettings } from "../settings/settings.ts";
import type { LeftOutCounts } from "./left-out.ts";
import type { TrainableModel } from "./models.ts";

/** leftOut: rows that feedback did not make of what this stage learns from. */
export type StageBase = {
  readonly name: string;
  readonly after: readonly string[];
  readonly leftOut?: LeftOutCounts;
};

export const optimiserOf = (settings: { weightDecay: number; maxGradientNorm: number }): AdamWOptions => ({
  ...defaultAdamW,
  weightDecay: settings.weightDecay,
  maxGradientNorm: settings.maxGradientNorm,
});

export const scheduleOf = ({
  schedule,
  learningRate,
  warmupSteps,
}: Pick<TrainingSettings, "schedule" | "learningRate" | "warmupSteps">) => ({
  kind: schedule,
  peak: learningRate,
  warmupSteps,
});

/**
 * The seed of a training stage's own draws (order of rows, first weights). It goes by the last part of the stage's
 * name, so that arms train alike and a method trains alike in a run and by itself.
 */
export const trainingSeed = (runSeed: number, name: string): number =>
  deriveSeed(runSeed, "train", name.split("/").at(-1)!);

/** What every loop over epochs of rows takes from the settings, the model and the stage. */
export const epochsOf = (
  settings: TrainingSettings,
  { padding }: TrainableModel,
  { signal }: StageContext,
  seed: number,
) => ({
  batch: settings.batch,
  accumulation: settings.accumulation,
  epochs: settings.epochs,
  schedule: scheduleOf(settings),
  padding,
  seed,
  signal,
});

/** A state to train: all weights, or the base with adapters: fresh ones, or the one that goes on learning. */
export const stateToTrain = (
  model: TrainableModel,
  weights: Weights,
  {
    lora,
    gradientCheckpointing: checkpointing = false,
  }: {
    readonly lora?: PolicyLoraSettings | LoraSettings;
    readonly gradientCheckpointing?: boolean;
  },
  seed: number,
  task?: ModelTask,
): ModelState => {
  const { quantised } = model;
  const options = { quantised, checkpointing, ...(task === undefined ? {} : { task }) };
  if (lora === undefined) return createModelState(model.config, { ...weights }, options);
  const adapted =
    model.adapter === null
      ? addAdapters(model.config, weights, lora, seed)
      : takeScaleOut(weights, adapterScaleOf(lora));
  return createModelState(model.config, adapted, { ...options, lora: { dropout: 0, ...lora, seed } });
};

/** The folder of the run that a stage is of. */
export const runFolderOf = ({ folder, name }: Pick<StageContext, "folder" | "name">): string =>
  resolve(folder, ...name.split("/").map(() => ".."));

/** How an adapter in the stage's folder names its base: by a path from there where the run holds it, too. */
const baseOf = (stage: StageContext, folder: string, { origin }: TrainableModel) => {
  if (isHubName(origin.name)) {
    const { repository, revision } = readHubName(origin.name);
    return { base: repository, revision };
  }
  return { base: baseNameFrom(folder, resolve(origin.folder), runFolderOf(stage)) };
};

/** Saves adapters as <stage>/adapter, in PEFT's format. */
const saveAdapter = async (stage: StageContext, model: TrainableModel, state: ModelState): Promise<void> => {
  const { config, task, weights, adapterScale: scale, lora } = state;
  if (lora === null) return;
  const { alpha, rsLora = false, dropout } = lora;
  const folder = join(stage.folder, "adapter");
  const settings = { config, task, weights, scale, alpha, rsLora, dropout, ...baseOf(stage, folder, model) };
  const { tokenizer, chatTemplate, adapter } = model;
  const brought = (adapter?.whole ?? []).filter((name) => name in weights);
  const whole = [...brought, ...(task === "sequence-classification" ? ["score.weight"] : [])];
  await saveAdapterFolder(folder, { ...settings, whole, tokenizer: tokenizer.files, chatTemplate });
};

/** Settings of a training that can contradict each other. group: replies to each of a batch's prompts. */
export type TrainingSizes = {
  readonly load?: "4bit" | undefined;
  readonly lora?: unknown;
  readonly batch: number;
  readonly group?: number;
  readonly minibatches?: number;
  readonly accumulation: number;
};

/**
 * Throws UserError for settings that contradict each other: weights in fewer bits without adapters that learn, and more
 * parts than there are rows. block: the key of the settings.
 */
export const requireConsistent = (
  { load, lora, batch, group = 1, minibatches, accumulation }: TrainingSizes,
  block: string,
): void => {
  if (load !== undefined && lora === undefined)
    throw new UserError(
      "load-without-lora",
      `${block}.load is ${load}, and weights in so few bits cannot learn. Train adapters on them: --set ${block}.lora.rank=16 (to go on with an adapter, the rank that it has), or leave out --load (${block}.load).`,
    );
  const replies = batch * group;
  const what = minibatches === undefined ? "rows" : "replies";
  const refuse = (key: string, parts: number, of: string, most: number): UserError =>
    new UserError(
      "too-many-parts",
      `${block}.${key} is ${parts}, and ${of} has ${most} ${what}: a part would have none. Expected at most ${most}, or a larger ${block}.batch.`,
      { block, [key]: parts, most },
    );
  if (minibatches !== undefined && minibatches > replies)
    throw refuse("minibatches", minibatches, "a step", replies);
  const update = Math.ceil(replies / (minibatches ?? 1));
  if (accumulation > update)
    throw refuse("accumulation", accumulation, minibatches === undefined ? "a step" : "an update", update);
};

/** The folder in a stage's that holds what was learned: an adapter alone, where its base is there in fewer bits. */
export const trainedFolder = ({ load }: { readonly load?: "4bit" | undefined }): "model" | "adapter" =>
  load === undefined ? "model" : "adapter";

/**
 * Saves what was learned as <stage>/model, adapters merged, and adapters beside it as <stage>/adapter; over a base in
 * fewer bits the adapter alone.
 */
export const saveTrained = async (
  stage: StageContext,
  model: TrainableModel,
  state: ModelState,
  leftOut: readonly string[] = [],
): Promise<void> => {
  await saveAdapter(stage, model, state);
  if (Object.keys(state.quantised).length > 0) return;
  const merged = mergeAdapters(state.config, state.weights, state.adapterScale);
  const weights = Object.fromEntries(Object.entries(merged).filter(([name]) => !leftOut.includes(name)));
  await saveModelFolder(join(stage.folder, "model"), {
    config: model.config,
    weights,
    tokenizer: model.tokenizer.files,
    chatTemplate: model.chatTemplate,
    generationConfig: model.generationConfig,
    task: state.task,
  });
};

/** Saves a policy without its value head. */
export const savePolicy = async (
  stage: StageContext,
  model: TrainableModel,
  state: ModelState,
): Promise<void> => {
  await saveTrained(stage, model, state, ["score.weight"]);
};

/** "0.123"; what rounds to zero has no sign. */
export const fixed = (value: number | undefined, digits = 3): string => {
  const text = (value ?? Number.NaN).toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
};
