// RL-CAI as a stage: PPO of a policy against a reward model.
// The loop itself is training/ppo.ts; here is what it needs around it: models, prompts, checkpoints.

import { join } from "node:path";
import { UserError } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  closingTokens,
  createKlControl,
  createPpoTrainer,
  ppoSignals,
  type RewardFunction,
  scoreOfLogit,
  type TextForm,
  trainPpo,
} from "../../training/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  type Generator,
  type PackedItem,
  type Scorer,
} from "../../transformer/index.ts";
import type { PpoTrainingSettings } from "../settings/policy-settings.ts";
import { withoutWatching } from "../settings/watching.ts";
import { mergedNotices, startingState } from "./adapter-start.ts";
import { watchAlarms } from "./alarm-watch.ts";
import { mostOfPpo, noteLooks } from "./best-step.ts";
import type { Pipeline } from "./data.ts";
import { warmupNotices, warnOf } from "./learned-rows.ts";
import { loadTrainable, nameInRun, type TrainableModel } from "./models.ts";
import { encodePrompts, type PromptPlace } from "./policy-prompts.ts";
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

/** A reward model as a reward. context: tokens that prompt and reply may have for it. release it when done. */
export type OpenReward = {
  readonly reward: RewardFunction;
  readonly context: number;
  release(): Promise<void>;
};

/**
 * A reward model as a reward: the sigmoid of its logit, 0 to 1, at a reply's end, where it was trained to give it: behind
 * what its chat template puts after the end token; of plain texts, at the end token itself.
 */
export const openReward = async (
  folder: string,
  context: Pipeline["context"],
  texts: TextForm = "chat",
): Promise<OpenReward> => {
  const model = await loadTrainable(folder, context);
  if (model.weights["score.weight"] === undefined) {
    throw new UserError(
      "not-a-reward-model",
      `${folder} is not a reward model: it has no score head. Point to the folder that "covenant train reward" wrote.`,
      { folder },
    );
  }
  const scorer = createScorer(
    createModelState(model.config, model.weights, { task: "sequence-classification" }),
  );
  const endTokens = new Set(model.generationConfig.endTokenIds);
  const isPlain = texts === "plain" || model.chatTemplate === null;
  const closing = isPlain ? [] : closingTokens(model.codec, endTokens);
  const closed = (item: PackedItem): PackedItem => ({
    trunk: item.trunk,
    branches: item.branches.map((reply) => (endTokens.has(reply.at(-1)!) ? [...reply, ...closing] : reply)),
  });
  return {
    reward: async (items, signal) => {
      const logits = await scorer.scores(items.map(closed), signal === undefined ? {} : { signal });
      return logits.map(([logit]) => scoreOfLogit(logit!));
    },
    context: model.config.maxPositions - closing.length,
    release: () => scorer.release(),
  };
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
  const rewardModel = await openReward(options.rewardModel, context, texts);
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
    context: Math.min(model.config.maxPositions, rewardModel.context),
    held: [rewardModel, ...Object.values(parts)],
  };
};

const klControlOf = ({ klCoefficient: initial, klTarget: target, klGain: gain }: PpoTrainingSettings) =>
  createKlControl({ initial, target, gain });

/** <name>/model: the policy after PPO against a reward model, held near the starting model by a KL penalty. */
export const ppoStage = async ({ run, context }: Pipeline, options: PpoStageOptions): Promise<string> => {
  const { name, after, settings, maxTokens, texts = "chat" } = options;
  const inputs = {
    model: nameInRun(run.folder, options.model),
    reward: nameInRun(run.folder, options.rewardModel),
    settings: withoutWatching(settings),
    maxTokens,
    prompts: options.prompts.map(({ id }) => id),
  };
  await run.stage({ name, after, inputs }, async (stage) => {
    const seed = trainingSeed(run.seed, name);
    const { held, context: limit, ...parts } = await openPpo(options, seed, context);
    const { model, state, trainer } = parts;
    const klControl = klControlOf(settings);
    const watch = watchAlarms(stage, settings.alarms, (metrics) => ppoSignals(metrics, settings.batch));
    const prompts = encodePrompts(options.prompts, model, texts, ["ppo", settings], options.placeOf);
    warnOf(stage, [
      ...prompts.notices,
      ...warmupNotices("ppo", settings, settings.steps),
      ...mergedNotices(options.model, model.isMerged, "ppo"),
    ]);
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
      context: limit,
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
  });
  return join(run.folder, name, trainedFolder(settings));
};
