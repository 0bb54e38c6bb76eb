// The training half of the pipeline as stages: SL-CAI by SFT, the reward model, DPO and PPO.

import { join } from "node:path";
import { deriveSeed, hashText, UserError } from "../../core/index.ts";
import {
  type PreferenceRow,
  type PromptRecord,
  preferenceRowSchema,
  rewardPairRecordSchema,
  type SftRow,
  sftRowSchema,
} from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  type AdamWOptions,
  createDpoTrainer,
  createPpoTrainer,
  createRewardTrainer,
  createSftTrainer,
  defaultAdamW,
  dpoSteps,
  encodePrompt,
  preferenceItems,
  referenceLogProbabilities,
  rewardModelWeights,
  rewardSteps,
  type StepMetrics,
  sftItems,
  sftSteps,
  trainDpo,
  trainPpo,
  trainRewardModel,
  trainSft,
} from "../../training/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  type ModelState,
  type PackedItem,
  saveModelFolder,
} from "../../transformer/index.ts";
import type { DpoSettings, PpoSettings, RewardSettings, SftSettings, TrainingSettings } from "../settings.ts";
import type { Pipeline } from "./data.ts";
import { runLoop } from "./loop.ts";
import { loadTrainable, type TrainableModel } from "./models.ts";

type StageBase = { readonly name: string; readonly after: readonly string[] };

const optimiserOf = (settings: { weightDecay: number; maxGradientNorm: number }): AdamWOptions => ({
  ...defaultAdamW,
  weightDecay: settings.weightDecay,
  maxGradientNorm: settings.maxGradientNorm,
});

const scheduleOf = ({
  schedule,
  learningRate,
  warmupSteps,
}: Pick<TrainingSettings, "schedule" | "learningRate" | "warmupSteps">) => ({
  kind: schedule,
  peak: learningRate,
  warmupSteps,
});

const warnTooLong = (stage: StageContext, tooLong: number, limit: number): void => {
  if (tooLong > 0)
    stage.warn(
      "rows-too-long",
      `${tooLong} rows are longer than the model's context of ${limit} tokens and were left out.`,
    );
};

const requireRows = (kept: number, name: string): void => {
  if (kept === 0) {
    throw new UserError(
      "rows-empty",
      `${name}: there is no row to train on. Expected at least one row that fits the model's context.`,
    );
  }
};

const savePolicy = async (stage: StageContext, model: TrainableModel, state: ModelState): Promise<void> => {
  const { "score.weight": _valueHead, ...weights } = state.weights;
  await saveModelFolder(join(stage.folder, "model"), {
    config: model.config,
    weights,
    tokenizer: model.tokenizer.files,
    chatTemplate: model.chatTemplate,
  });
};

const fixed = (value: number | undefined, digits = 3): string => (value ?? Number.NaN).toFixed(digits);

/** Copies rows into the stage's folder, so that a run says what it learned from. */
const keepRows = async <Row>(
  stage: StageContext,
  schema: Parameters<StageContext["records"]>[1],
  rows: readonly Row[],
): Promise<void> => {
  const file = await stage.records("rows.jsonl", schema);
  await file.append(rows.slice(file.existing.length));
};

export type SftStageOptions = StageBase & {
  readonly model: string;
  readonly rows: readonly SftRow[];
  readonly settings: SftSettings;
};

/** <name>/model: the model folder after supervised fine-tuning on rows. */
export const sftStage = async ({ run, context }: Pipeline, options: SftStageOptions): Promise<string> => {
  const { name, after, rows, settings } = options;
  await run.stage({ name, after, inputs: { model: options.model, rows, settings } }, async (stage) => {
    const model = await loadTrainable(options.model);
    const state = createModelState(model.config, { ...model.weights });
    const { items, tooLong } = sftItems(rows, model.codec, model.config.maxPositions);
    warnTooLong(stage, tooLong, model.config.maxPositions);
    requireRows(items.length, name);
    await keepRows(stage, sftRowSchema, rows);
    const trainer = createSftTrainer(state, optimiserOf(settings));
    const loop = {
      trainer,
      items,
      batch: settings.batch,
      epochs: settings.epochs,
      schedule: scheduleOf(settings),
      padding: model.padding,
      seed: run.seed,
      signal: stage.signal,
    };
    await runLoop({
      name,
      stage,
      clock: context.clock,
      state,
      trainer,
      totalSteps: sftSteps(loop),
      note: ({ loss }) => `loss ${fixed(loss)}`,
      loop: (start) => trainSft({ ...loop, start }),
    });
    await trainer.release();
    await savePolicy(stage, model, state);
  });
  return join(run.folder, name, "model");
};

export type PreferenceStageOptions<Settings> = StageBase & {
  readonly model: string;
  readonly rows: readonly PreferenceRow[];
  readonly settings: Settings;
};

const preferenceInputs = (
  rows: readonly PreferenceRow[],
  model: TrainableModel,
  stage: StageContext,
  name: string,
) => {
  const { items, kept, tooLong } = preferenceItems(rows, model.codec, model.config.maxPositions);
  warnTooLong(stage, tooLong, model.config.maxPositions);
  requireRows(items.length, name);
  return { items, probabilities: kept.map((row) => rows[row]!.probability) };
};

/** Which side a row is on: decided by its prompt, so that both replies of a prompt never stand on two sides. */
const isHeldOut = (row: PreferenceRow, share: number): boolean =>
  hashText(`held-out\u001f${JSON.stringify(row.prompt)}`) / 2 ** 32 < share;

/** Scores held-out pairs with the trained reward model and writes them to held-out.jsonl. */
const scoreHeldOut = async (
  stage: StageContext,
  name: string,
  state: ModelState,
  model: TrainableModel,
  rows: readonly PreferenceRow[],
): Promise<void> => {
  const file = await stage.records("held-out.jsonl", rewardPairRecordSchema);
  const { items, kept } = preferenceItems(rows, model.codec, model.config.maxPositions);
  const scorer = createScorer(state);
  const scores = await scorer.scores(items, { signal: stage.signal });
  await scorer.release();
  const records = kept.map((row, at) => {
    const { id, probability } = rows[row]!;
    const [chosen, rejected] = scores[at]!;
    return {
      id: `${name}/held-out/${id}`,
      parents: [id],
      stage: name,
      seed: stage.seed,
      probability,
      chosen: chosen!,
      rejected: rejected!,
    };
  });
  await file.append(records.slice(file.existing.length));
};

/**
 * <name>/model: a reward model (LlamaForSequenceClassification) trained on preference rows with soft labels;
 * <name>/held-out.jsonl: its scores on the pairs that were kept out of training.
 */
export const rewardStage = async (
  { run, context }: Pipeline,
  options: PreferenceStageOptions<RewardSettings>,
): Promise<string> => {
  const { name, after, rows, settings } = options;
  await run.stage({ name, after, inputs: { model: options.model, rows, settings } }, async (stage) => {
    const model = await loadTrainable(options.model);
    const weights = rewardModelWeights(model.config, model.weights, run.seed);
    const state = createModelState(model.config, weights, { task: "sequence-classification" });
    const learned = rows.filter((row) => !isHeldOut(row, settings.heldOutShare));
    const { items, probabilities } = preferenceInputs(learned, model, stage, name);
    await keepRows(stage, preferenceRowSchema, rows);
    const trainer = createRewardTrainer(state, optimiserOf(settings));
    const loop = {
      trainer,
      items,
      probabilities,
      batch: settings.batch,
      epochs: settings.epochs,
      schedule: scheduleOf(settings),
      padding: model.padding,
      seed: run.seed,
      signal: stage.signal,
    };
    await runLoop({
      name,
      stage,
      clock: context.clock,
      state,
      trainer,
      totalSteps: rewardSteps(loop),
      note: ({ loss, accuracy }) => `loss ${fixed(loss)}, accuracy ${fixed(accuracy, 2)}`,
      loop: (start) => trainRewardModel({ ...loop, start }),
    });
    await trainer.release();
    await scoreHeldOut(
      stage,
      name,
      state,
      model,
      rows.filter((row) => isHeldOut(row, settings.heldOutShare)),
    );
    await saveModelFolder(join(stage.folder, "model"), {
      config: model.config,
      weights: state.weights,
      tokenizer: model.tokenizer.files,
      chatTemplate: model.chatTemplate,
      task: "sequence-classification",
    });
  });
  return join(run.folder, name, "model");
};

/** <name>/model: the policy after DPO on preference rows, with the starting model as reference. */
export const dpoStage = async (
  { run, context }: Pipeline,
  options: PreferenceStageOptions<DpoSettings>,
): Promise<string> => {
  const { name, after, rows, settings } = options;
  await run.stage({ name, after, inputs: { model: options.model, rows, settings } }, async (stage) => {
    const model = await loadTrainable(options.model);
    const { items, probabilities } = preferenceInputs(rows, model, stage, name);
    await keepRows(stage, preferenceRowSchema, rows);
    const scorer = createScorer(createModelState(model.config, model.weights));
    const reference = await referenceLogProbabilities(scorer, items, stage.signal);
    await scorer.release();
    const state = createModelState(model.config, { ...model.weights });
    const trainer = createDpoTrainer(state, optimiserOf(settings), settings.beta);
    const loop = {
      trainer,
      items,
      probabilities,
      reference,
      batch: settings.batch,
      epochs: settings.epochs,
      schedule: scheduleOf(settings),
      padding: model.padding,
      seed: run.seed,
      signal: stage.signal,
    };
    await runLoop({
      name,
      stage,
      clock: context.clock,
      state,
      trainer,
      totalSteps: dpoSteps(loop),
      note: (metrics) => `loss ${fixed(metrics["loss"])}, margin ${fixed(metrics["rewards/margins"], 2)}`,
      loop: (start) => trainDpo({ ...loop, start }),
    });
    await trainer.release();
    await savePolicy(stage, model, state);
  });
  return join(run.folder, name, "model");
};

export type PpoStageOptions = StageBase & {
  readonly model: string;
  readonly rewardModel: string;
  readonly prompts: readonly PromptRecord[];
  readonly maxTokens: number;
  readonly settings: PpoSettings;
  /** Looks at the policy after a step (1, 2, ...): the Goodhart curve is measured here. */
  readonly measure?: (
    stage: StageContext,
    step: number,
    metrics: StepMetrics["metrics"],
    state: ModelState,
    model: TrainableModel,
  ) => Promise<void>;
};

const openReward = async (folder: string) => {
  const model = await loadTrainable(folder);
  if (model.weights["score.weight"] === undefined) {
    throw new UserError(
      "not-a-reward-model",
      `${folder} is not a reward model: it has no score head. Point to the folder that "covenant train reward" wrote.`,
      { folder },
    );
  }
  return createScorer(createModelState(model.config, model.weights, { task: "sequence-classification" }));
};

const endTokenOf = (model: TrainableModel, folder: string): number => {
  const [end] = model.config.endTokenIds;
  if (end !== undefined) return end;
  throw new UserError(
    "no-end-token",
    `${folder}/config.json names no eos_token_id, so replies would never end. Add it.`,
    { folder },
  );
};

/** <name>/model: the policy after PPO against a reward model, held near the starting model by a KL penalty. */
export const ppoStage = async ({ run, context }: Pipeline, options: PpoStageOptions): Promise<string> => {
  const { name, after, settings, maxTokens } = options;
  const inputs = {
    model: options.model,
    reward: options.rewardModel,
    settings,
    maxTokens,
    prompts: options.prompts.map(({ id }) => id),
  };
  await run.stage({ name, after, inputs }, async (stage) => {
    const model = await loadTrainable(options.model);
    const valueHead = {
      shape: [1, model.config.hiddenSize],
      data: new Float32Array(model.config.hiddenSize),
    };
    const state = createModelState(model.config, { ...model.weights, "score.weight": valueHead });
    const reference = createScorer(createModelState(model.config, model.weights));
    const reward = await openReward(options.rewardModel);
    const generator = createGenerator(state);
    const trainer = createPpoTrainer(state, optimiserOf(settings), settings);
    const loop = {
      ...settings,
      trainer,
      state,
      generator,
      reference,
      reward: async (items: readonly PackedItem[], signal?: AbortSignal) =>
        (await reward.scores(items, signal === undefined ? {} : { signal })).map(([score]) => score!),
      prompts: options.prompts.map(({ messages }) => encodePrompt(model.codec, messages)),
      maxTokens,
      endToken: endTokenOf(model, options.model),
      schedule: scheduleOf(settings),
      padding: model.padding,
      seed: deriveSeed(run.seed, "ppo"),
      signal: stage.signal,
    };
    await runLoop({
      name,
      stage,
      clock: context.clock,
      state,
      trainer,
      totalSteps: settings.steps,
      note: (metrics) =>
        `score ${fixed(metrics["objective/scores"], 2)}, KL ${fixed(metrics["objective/kl"], 2)}`,
      loop: (start) => trainPpo({ ...loop, start }),
      onStep: async ({ step, metrics }) => options.measure?.(stage, step + 1, metrics, state, model),
    });
    for (const held of [trainer, reference, reward, generator]) await held.release();
    await savePolicy(stage, model, state);
  });
  return join(run.folder, name, "model");
};
