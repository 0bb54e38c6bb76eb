// Learning from preference rows as stages: the reward model and DPO.
// Where the rows come from is not known here: from labels of a run, or from a file of one's own.

import { join } from "node:path";
import { hashText } from "../../core/index.ts";
import { type PreferenceRow, preferenceRowSchema, rewardPairRecordSchema } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  createDpoTrainer,
  createRewardTrainer,
  dpoSteps,
  preferenceItems,
  referenceLogProbabilities,
  rewardModelWeights,
  rewardSteps,
  scoreOfLogit,
  trainDpo,
  trainRewardModel,
} from "../../training/index.ts";
import { createModelState, createScorer, type ModelState } from "../../transformer/index.ts";
import type { DpoSettings, RewardSettings, TrainingSettings } from "../settings.ts";
import type { Pipeline } from "./data.ts";
import { warnLeftOut } from "./left-out.ts";
import { loadTrainable, nameInRun, type TrainableModel } from "./models.ts";
import { releasing, trainStage } from "./train-stage.ts";
import {
  epochsOf,
  fixed,
  keepRows,
  optimiserOf,
  requireRows,
  type StageBase,
  savePolicy,
  saveTrained,
  stateToTrain,
  trainingSeed,
  warnFewRows,
  warnTooLong,
} from "./training-parts.ts";

export type PreferenceStageOptions<Settings> = StageBase & {
  readonly model: string;
  readonly rows: readonly PreferenceRow[];
  readonly settings: Settings;
};

/** The rows to learn as tokens. made: all rows, of which those that are not learned were kept out to measure on. */
const preferenceInputs = (
  learned: readonly PreferenceRow[],
  model: TrainableModel,
  stage: StageContext,
  { name, rows: made, leftOut = {}, settings }: PreferenceStageOptions<TrainingSettings>,
) => {
  const { items, kept, tooLong } = preferenceItems(learned, model.codec, model.config.maxPositions);
  warnTooLong(stage, tooLong, model.config.maxPositions);
  warnLeftOut(stage, leftOut, made.length, "comparison");
  requireRows(items.length, name, { made: made.length, held: made.length - learned.length, leftOut });
  warnFewRows(stage, items.length, settings.batch);
  return { items, probabilities: kept.map((row) => learned[row]!.probability) };
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
  const scores = await releasing([scorer], () => scorer.scores(items, { signal: stage.signal }));
  const records = kept.map((row, at) => {
    const { id, probability } = rows[row]!;
    const [chosen, rejected] = scores[at]!;
    return {
      id: `${name}/held-out/${id.startsWith(`${name}/`) ? id.slice(name.length + 1) : id}`,
      parents: [id],
      stage: name,
      seed: stage.seed,
      probability,
      chosen: scoreOfLogit(chosen!),
      rejected: scoreOfLogit(rejected!),
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
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const model = await loadTrainable(options.model, context);
      const seed = trainingSeed(run.seed, name);
      const weights = rewardModelWeights(model.config, model.weights, seed);
      const state = stateToTrain(model, weights, settings.lora, seed, "sequence-classification");
      const learned = rows.filter((row) => !isHeldOut(row, settings.heldOutShare));
      const { items, probabilities } = preferenceInputs(learned, model, stage, options);
      await keepRows(stage, preferenceRowSchema, rows);
      const trainer = createRewardTrainer(state, optimiserOf(settings));
      const loop = { trainer, items, probabilities, ...epochsOf(settings, model, stage, seed) };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: rewardSteps(loop),
        note: ({ loss, accuracy }) => `loss ${fixed(loss)}, accuracy ${fixed(accuracy, 2)}`,
        loop: (start) => trainRewardModel({ ...loop, start }),
        save: async () => {
          const heldOut = rows.filter((row) => isHeldOut(row, settings.heldOutShare));
          await scoreHeldOut(stage, name, state, model, heldOut);
          await saveTrained(stage, model, state);
        },
      });
    },
  );
  return join(run.folder, name, "model");
};

/** <name>/model: the policy after DPO on preference rows, with the starting model as reference. */
export const dpoStage = async (
  { run, context }: Pipeline,
  options: PreferenceStageOptions<DpoSettings>,
): Promise<string> => {
  const { name, after, rows, settings } = options;
  await run.stage(
    { name, after, inputs: { model: nameInRun(run.folder, options.model), rows, settings } },
    async (stage) => {
      const model = await loadTrainable(options.model, context);
      const seed = trainingSeed(run.seed, name);
      const { items, probabilities } = preferenceInputs(rows, model, stage, options);
      await keepRows(stage, preferenceRowSchema, rows);
      const scorer = createScorer(createModelState(model.config, model.weights));
      const reference = await releasing([scorer], () =>
        referenceLogProbabilities(scorer, items, stage.signal),
      );
      const state = stateToTrain(model, model.weights, settings.lora, seed);
      const trainer = createDpoTrainer(state, optimiserOf(settings), settings);
      const loop = {
        trainer,
        items,
        probabilities,
        reference,
        ...epochsOf(settings, model, stage, seed),
      };
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: dpoSteps(loop),
        note: (metrics) => `loss ${fixed(metrics["loss"])}, margin ${fixed(metrics["rewards/margins"], 2)}`,
        loop: (start) => trainDpo({ ...loop, start }),
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  return join(run.folder, name, "model");
};
