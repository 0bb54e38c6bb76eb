// RL-CAI as a stage: PPO of a policy against a reward model.
// The loop itself is training/ppo.ts; here is what it needs around it: models, prompts, checkpoints.

import { join } from "node:path";
import { UserError } from "../../core/index.ts";
import type { LoadFormat } from "../../models/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  createKlControl,
  createPpoTrainer,
  ppoSignals,
  type RewardFunction,
  type StepMetrics,
  type TextForm,
  trainPpo,
} from "../../training/index.ts";
import { createGenerator, createScorer, type Generator, type Scorer } from "../../transformer/index.ts";
import type { PpoTrainingSettings } from "../settings/policy-settings.ts";
import { withoutWatching } from "../settings/watching.ts";
import { mergedNotices, startingState } from "./adapter-start.ts";
import { checkFinished, watchAlarms } from "./alarm-watch.ts";
import { mostOfPpo, noteLooks } from "./best-step.ts";
import type { Pipeline } from "./data.ts";
import { type Notice, warmupNotices, warnOf } from "./learned-rows.ts";
import { loadTrainable, nameInRun, type TrainableModel } from "./models.ts";
import { contextOf, encodePrompts, type PromptPlace } from "./policy-prompts.ts";
import { formatNotices, type OpenReward, openReward, trainedNotices } from "./reward-model.ts";
import { trainStage } from "./train-stage.ts";
import {
  fixed,
  optimiserOf,
  type StageBase,
  savePolicy,
  scheduleOf,
  stateToTrain,
  trainedFolder,
  trainingSeed,
} from "./training-parts.ts";

export type PpoStageOptions = StageBase & {
  readonly model: string;
  readonly rewardModel: string;
  /** Hold the reward model's projections in so few bits, as it was trained. */
  readonly rewardLoad?: LoadFormat | undefined;
  readonly prompts: readonly PromptRecord[];
  /** Where a prompt stands; not given: its id. */
  readonly placeOf?: PromptPlace;
  readonly maxTokens: number;
  readonly settings: PpoTrainingSettings;
  /** What prompts are; not given: chats. */
  readonly texts?: TextForm;
  /** A Jinja file, in place of the policy's own template. */
  readonly chatTemplate?: string | undefined;
  /** Looks at the policy before the first step (0) and after each (1, 2, ...): the Goodhart curve is measured here. */
  readonly measure?: (policy: MeasuredPolicy) => Promise<void>;
};

/** A policy in training, with what rewards it and what holds it. */
export type MeasuredPolicy = {
  readonly stage: StageContext;
  readonly step: number;
  readonly model: TrainableModel;
  readonly endToken: number;
  readonly generator: Generator;
  /** Log-probabilities under the policy as it is, and under the reference. */
  readonly policy: Scorer;
  readonly reference: Scorer;
  readonly reward: RewardFunction;
};

/** The token that ends a reply. Throws UserError for a model without one. */
export const endTokenOf = (model: TrainableModel, folder: string): number => {
  const [end] = model.generationConfig.endTokenIds;
  if (end !== undefined) return end;
  throw new UserError(
    "no-end-token",
    `Neither generation_config.json nor config.json of ${folder} names an eos_token_id, so replies would never end. Add it.`,
    { folder },
  );
};

/** Everything PPO works with: what is trained, what samples, rewards and holds back. */
const openPpo = async (options: PpoStageOptions, seed: number, context: Pipeline["context"]) => {
  const { chatTemplate, texts, settings } = options;
  const model = await loadTrainable(options.model, context, { ...settings, chatTemplate });
  const endToken = endTokenOf(model, options.model);
  const { hiddenSize } = model.config;
  const valueHead = { shape: [1, hiddenSize], data: new Float32Array(hiddenSize) };
  const weights = { ...model.weights, "score.weight": valueHead };
  const state = stateToTrain(model, weights, settings, seed);
  const rewardModel = await openReward(options.rewardModel, context, texts, options.rewardLoad);
  const { reward } = rewardModel;
  const parts = {
    reference: createScorer(startingState(model, state)),
    generator: createGenerator(state, model.generationConfig),
    policy: createScorer(state),
  };
  const trainer = createPpoTrainer(state, optimiserOf(settings), settings);
  return {
    ...parts,
    ...{ model, endToken, state, trainer, reward },
    rewardModel: { name: options.rewardModel, ...rewardModel },
    held: [rewardModel, ...Object.values(parts)],
  };
};

const klControlOf = ({ klCoefficient: initial, klTarget: target, klGain: gain }: PpoTrainingSettings) =>
  createKlControl({ initial, target, gain });

/** What decides what the stage learns. */
const inputsOf = (folder: string, { settings, maxTokens, rewardLoad, ...options }: PpoStageOptions) => ({
  model: nameInRun(folder, options.model),
  reward: nameInRun(folder, options.rewardModel),
  ...(rewardLoad === undefined ? {} : { rewardLoad }),
  settings: withoutWatching(settings),
  maxTokens,
  prompts: options.prompts.map(({ id }) => id),
});

/** What a person should know of the models of a stage and of its settings. */
const noticesOf = async (
  { settings, texts = "chat", ...options }: PpoStageOptions,
  { chatTemplate, isMerged }: TrainableModel,
  reward: Pick<OpenReward, "chatTemplate">,
): Promise<Notice[]> => [
  ...formatNotices(
    { name: options.model, chatTemplate },
    { name: options.rewardModel, chatTemplate: reward.chatTemplate },
    texts,
  ),
  ...(await trainedNotices(options.rewardModel, options.rewardLoad)),
  ...warmupNotices("ppo", settings, settings.steps),
  ...mergedNotices(options.model, isMerged, "ppo"),
];

/** <name>/model: the policy after PPO against a reward model, held near the starting model by a KL penalty. */
export const ppoStage = async ({ run, context }: Pipeline, options: PpoStageOptions): Promise<string> => {
  const { name, after, settings, maxTokens, texts = "chat" } = options;
  const signalsOf = (metrics: StepMetrics["metrics"]) => ppoSignals(metrics, settings.batch);
  const { skipped } = await run.stage(
    { name, after, inputs: inputsOf(run.folder, options) },
    async (stage) => {
      const seed = trainingSeed(run.seed, name);
      const { held, rewardModel, ...parts } = await openPpo(options, seed, context);
      const { model, state, trainer } = parts;
      const klControl = klControlOf(settings);
      const watch = watchAlarms(stage, settings.alarms, signalsOf);
      const readers = { ...model, rewardContext: rewardModel.context };
      const prompts = encodePrompts(options.prompts, readers, texts, ["ppo", settings], options.placeOf);
      warnOf(stage, [...prompts.notices, ...(await noticesOf(options, model, rewardModel))]);
      const observe = async (step: number): Promise<void> => options.measure?.({ ...parts, stage, step });
      const loop = {
        ...settings,
        ...parts,
        klControl,
        prompts: prompts.tokens,
        heldOut: {
          prompts: prompts.heldOut.tokens,
          every: settings.evaluateEvery,
          klCoefficient: settings.klCoefficient,
        },
        maxTokens,
        context: contextOf(readers),
        schedule: scheduleOf(settings),
        padding: model.padding,
        seed,
        signal: stage.signal,
      };
      const looks = noteLooks(mostOfPpo);
      await trainStage({
        name,
        stage,
        clock: context.clock,
        state,
        trainer,
        totalSteps: settings.steps,
        keepBest: settings.keepBest,
        bestBy: mostOfPpo,
        note: (metrics) =>
          `score ${fixed(metrics["objective/scores"], 2)}, KL estimate ${fixed(metrics["objective/kl"], 2)}${looks(metrics)}`,
        loop: async function* (start) {
          if (start === 0) await observe(0);
          yield* trainPpo({ ...loop, start });
        },
        extras: {
          snapshot: () => ({ klCoefficient: klControl.value() }),
          restore: ({ klCoefficient }) => klControl.restore(klCoefficient!),
        },
        onStep: async (outcome) => {
          await watch(outcome);
          await observe(outcome.step + 1);
        },
        held,
        save: () => savePolicy(stage, model, state),
      });
    },
  );
  if (skipped) await checkFinished(run, name, settings.alarms, signalsOf);
  return join(run.folder, name, trainedFolder(settings));
};
