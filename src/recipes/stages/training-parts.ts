// What the training stages share: optimiser and schedule from settings, rows kept out, too long or too few, adapters or
// all weights, and saving a policy without its value head.

import { join, resolve } from "node:path";
import { deriveSeed, hashText, UserError } from "../../core/index.ts";
import type { StageContext } from "../../runs/index.ts";
import { type AdamWOptions, defaultAdamW, type LongRow } from "../../training/index.ts";
import {
  adapterScaleOf,
  addAdapters,
  baseNameFrom,
  createModelState,
  fitsContext,
  isHubName,
  type ModelConfig,
  type ModelState,
  type ModelTask,
  mergeAdapters,
  readHubName,
  saveAdapterFolder,
  saveModelFolder,
  takeScaleOut,
  type Weights,
} from "../../transformer/index.ts";
import type { LoraSettings, PolicyLoraSettings, TrainingSettings } from "../settings.ts";
import { counted } from "../wording.ts";
import { describeLeftOut, type LeftOutCounts } from "./left-out.ts";
import type { TrainableModel } from "./models.ts";

/**
 * leftOut: rows that feedback did not make of what this stage learns from. placeOf: where a row stands ("rows.jsonl,
 * line 4"); not given: its id.
 */
export type StageBase = {
  readonly name: string;
  readonly after: readonly string[];
  readonly leftOut?: LeftOutCounts;
  readonly placeOf?: (row: { readonly id: string }) => string;
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

/** Tokens that a row may have. */
export const rowLimit = (
  settings: { readonly maxTokens?: number | undefined; readonly overlong?: "skip" | "cut" },
  { maxPositions }: ModelConfig,
) => ({
  limit: Math.min(settings.maxTokens ?? maxPositions, maxPositions),
  overlong: settings.overlong ?? "skip",
});

const shownPlaces = 10;

/** Warns of rows that were too long, naming where they stand. limit: tokens that a row may have. */
export const warnTooLong = <Row extends { readonly id: string }>(
  stage: Pick<StageContext, "warn">,
  rows: readonly Row[],
  { skipped, cut, limit }: { skipped: readonly LongRow[]; cut: readonly LongRow[]; limit: number },
  placeOf: NonNullable<StageBase["placeOf"]> = ({ id }) => id,
): void => {
  const tell = (code: string, long: readonly LongRow[], what: string): void => {
    if (long.length === 0) return;
    const places = long
      .slice(0, shownPlaces)
      .map(({ row, tokens }) => `${placeOf(rows[row]!)} (${counted(tokens, "token")})`);
    const more = long.length > shownPlaces ? `, and ${long.length - shownPlaces} more` : "";
    stage.warn(
      code,
      `${long.length} of ${counted(rows.length, "row")} ${long.length === 1 ? "is" : "are"} longer than ${limit} tokens and ${what}: ${places.join(", ")}${more}.`,
    );
  };
  tell("rows-too-long", skipped, skipped.length === 1 ? "was left out" : "were left out");
  tell("rows-cut", cut, cut.length === 1 ? "was cut" : "were cut");
};

/**
 * Rows to learn and rows kept out, by a hash of what they answer: rows of one prompt never stand on two sides, and a row
 * stands on the same side in every run.
 */
export const splitRows = <Row>(
  rows: readonly Row[],
  share: number,
  promptOf: (row: Row) => unknown,
): { readonly learned: readonly Row[]; readonly heldOut: readonly Row[] } => {
  const isHeldOut = (row: Row): boolean =>
    hashText(`held-out\u001f${JSON.stringify(promptOf(row))}`) / 2 ** 32 < share;
  return { learned: rows.filter((row) => !isHeldOut(row)), heldOut: rows.filter(isHeldOut) };
};

/** Rows kept out as a loop takes them. Throws UserError when the best weights are asked for and no row is kept out. */
export const heldOutOf = <Row>(rows: readonly Row[], { evaluateEvery, keepBest }: TrainingSettings) => {
  if (keepBest && rows.length === 0)
    throw new UserError(
      "nothing-held-out",
      "keepBest saves the weights with the least loss on rows kept out of training, but no row is kept out. Raise evaluationShare (of a reward model: heldOutShare), give more rows, or leave keepBest out.",
    );
  return rows.length === 0 ? {} : { heldOut: { rows, every: evaluateEvery } };
};

/** The encoded prompts that leave room for a reply; the others are warned of. Throws UserError when none is left. */
export const promptsThatFit = (
  stage: Pick<StageContext, "warn">,
  prompts: readonly (readonly number[])[],
  config: ModelConfig,
): readonly (readonly number[])[] => {
  const fitting = prompts.filter(({ length }) => fitsContext(config, length));
  const tooLong = prompts.length - fitting.length;
  if (fitting.length === 0) {
    throw new UserError(
      "prompts-too-long",
      `All ${prompts.length} prompts are too long for the model's context of ${config.maxPositions} tokens. Give shorter ones, or a model with a longer context.`,
    );
  }
  if (tooLong > 0) {
    stage.warn(
      "prompts-too-long",
      `${tooLong} of ${prompts.length} prompts leave no room for a reply in the model's context of ${config.maxPositions} tokens and were left out.`,
    );
  }
  return fitting;
};

/** Warns where there are fewer rows than a step takes. */
export const warnFewRows = (stage: StageContext, rows: number, batch: number): void => {
  if (rows < batch)
    stage.warn(
      "rows-few",
      `Only ${counted(rows, "row")} to learn from, fewer than one batch of ${batch}: expect little, and that little by chance.`,
    );
};

/** Rows as they were made: how many, and what was left out before. held: kept out of training on purpose. */
export type RowsMade = { readonly made: number; readonly held?: number; readonly leftOut?: LeftOutCounts };

/** Throws UserError, with the cause, when no row is left to train on. */
export const requireRows = (kept: number, name: string, { made, held = 0, leftOut = {} }: RowsMade): void => {
  if (kept > 0) return;
  const tooLong = made - held;
  const causes = [
    describeLeftOut(leftOut),
    held > 0 ? `${held} kept out to measure on` : "",
    tooLong > 0 ? `${tooLong} longer than the model's context` : "",
  ].filter((cause) => cause !== "");
  throw new UserError(
    "rows-empty",
    `${name}: there is no row to train on (${causes.length === 0 ? "none was given" : causes.join(", ")}). Expected at least one: give more prompts, raise sampling.maxTokens where texts were cut, or choose a model with a longer context.`,
  );
};

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

/** How an adapter in the stage's folder names its base: by a path from there where the run holds it, too. */
const baseOf = (stage: StageContext, folder: string, { origin }: TrainableModel) => {
  if (isHubName(origin.name)) {
    const { repository, revision } = readHubName(origin.name);
    return { base: repository, revision };
  }
  const runFolder = resolve(stage.folder, ...stage.name.split("/").map(() => ".."));
  return { base: baseNameFrom(folder, resolve(origin.folder), runFolder) };
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

/** Throws UserError for weights in fewer bits without adapters that learn. block: the key of the settings. */
export const requireLearning = (
  { load, lora }: { readonly load?: "4bit" | undefined; readonly lora?: unknown },
  block: string,
): void => {
  if (load === undefined || lora !== undefined) return;
  throw new UserError(
    "load-without-lora",
    `${block}.load is ${load}, and weights in so few bits cannot learn. Train adapters on them: --set ${block}.lora.rank=16, or leave out ${block}.load.`,
  );
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

/** Copies rows into the stage's folder, so that a run says what it learned from. */
export const keepRows = async <Row>(
  stage: StageContext,
  schema: Parameters<StageContext["records"]>[1],
  rows: readonly Row[],
): Promise<void> => {
  const file = await stage.records("rows.jsonl", schema);
  await file.append(rows.slice(file.existing));
};
