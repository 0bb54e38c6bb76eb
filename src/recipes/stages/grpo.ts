// GRPO and RLOO as a stage: a policy against a reward model, an AI judge, or both.
// The loop itself is training/grpo.ts; here is what it needs around it: models, prompts, rewards, checkpoints.

import { join } from "node:path";
import { hashConstitution } from "../../constitution/index.ts";
import type { LoadFormat } from "../../models/index.ts";
import type { Constitution, PromptRecord } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import {
  createGrpoTrainer,
  endReward,
  grpoSignals,
  type NamedReward,
  rewardOfTokens,
  type TextForm,
  trainGrpo,
} from "../../training/index.ts";
import { createGenerator, createScorer } from "../../transformer/index.ts";
import type { GrpoSettings } from "../policy-settings.ts";
import { mergedNotices, startingState } from "./adapter-start.ts";
import { watchAlarms } from "./alarm-watch.ts";
import { judgeReward } from "./judge-reward.ts";
import { warmupNotices, warnOf } from "./learned-rows.ts";
import { loadTrainable, nameInRun, type TrainableModel } from "./models.ts";
import { encodePrompts } from "./policy-prompts.ts";
import { endTokenOf, openReward } from "./ppo.ts";
import { type CountUsage, type Pipeline, withStageModel } from "./stage-model.ts";
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

export type GrpoStageOptions = StageBase & {
  readonly model: string;
  /** What rewards: at least one of the two. */
  readonly rewardModel?: { readonly folder: string; readonly weight: number };
  readonly judge?: {
    readonly model: string;
    readonly constitution: Constitution;
    readonly weight: number;
    readonly load?: LoadFormat | undefined;
  };
  readonly prompts: readonly PromptRecord[];
  readonly maxTokens: number;
  readonly settings: GrpoSettings;
  /** What prompts are; not given: chats. */
  readonly texts?: TextForm;
  /** A Jinja file, in place of the policy's own template. */
  readonly chatTemplate?: string | undefined;
};

/** How advantages are scaled: by the estimator, where it is not said. */
const scaleOf = ({ scale, estimator }: GrpoSettings) =>
  scale !== "auto" ? scale : estimator === "rloo" ? "none" : "group";

/** What samples, is trained, and holds back; no reference where nothing is to be held. */
const openGrpo = (model: TrainableModel, settings: GrpoSettings, seed: number) => {
  const state = stateToTrain(model, model.weights, settings, seed);
  const reference = settings.beta === 0 ? null : createScorer(startingState(model, state));
  const parts = { generator: createGenerator(state, model.generationConfig), policy: createScorer(state) };
  return {
    ...parts,
    state,
    reference,
    trainer: createGrpoTrainer(state, optimiserOf(settings), settings),
    held: [...Object.values(parts), ...(reference === null ? [] : [reference])],
  };
};

type Judge = { readonly opened: Parameters<typeof judgeReward>[0]["judge"]; readonly countUsage: CountUsage };

/** The stage's work, with the judge opened where there is one. */
const trainWith = async (
  { context }: Pipeline,
  stage: StageContext,
  options: GrpoStageOptions,
  seed: number,
  judge: Judge | null,
): Promise<void> => {
  const { name, settings, maxTokens, texts = "chat", chatTemplate } = options;
  const model = await loadTrainable(options.model, context, { ...settings, chatTemplate });
  const endToken = endTokenOf(model, options.model);
  const prompts = encodePrompts(options.prompts, model.codec, model.config, texts);
  warnOf(stage, [
    ...prompts.notices,
    ...warmupNotices("grpo", settings, settings.steps),
    ...mergedNotices(options.model, model.isMerged, "grpo"),
  ]);
  const rewardModel =
    options.rewardModel === undefined
      ? null
      : {
          weight: options.rewardModel.weight,
          ...(await openReward(options.rewardModel.folder, context, texts)),
        };
  const { held, ...parts } = openGrpo(model, settings, seed);
  const rewards: NamedReward[] = [];
  if (rewardModel !== null) rewards.push(rewardOfTokens("model", rewardModel.reward, rewardModel.weight));
  if (judge !== null && options.judge !== undefined) {
    const { constitution, weight } = options.judge;
    const { opened, countUsage } = judge;
    const { group } = settings;
    rewards.push(
      judgeReward({
        judge: opened,
        countUsage,
        constitution,
        weight,
        model,
        prompts: prompts.records,
        group,
        stage,
      }),
    );
  }
  if (settings.missingEndPenalty > 0) rewards.push(endReward(settings.missingEndPenalty));
  const loop = {
    ...settings,
    ...parts,
    scale: scaleOf(settings),
    rewards,
    prompts: prompts.tokens,
    maxTokens,
    context: Math.min(model.config.maxPositions, rewardModel?.context ?? Number.POSITIVE_INFINITY),
    endToken,
    schedule: scheduleOf(settings),
    padding: model.padding,
    seed,
    signal: stage.signal,
  };
  await trainStage({
    name,
    stage,
    clock: context.clock,
    state: parts.state,
    trainer: parts.trainer,
    totalSteps: settings.steps,
    note: ({ reward, kl }) =>
      `reward ${fixed(reward, 2)}${kl === undefined ? "" : `, KL ${fixed(kl, 3)} a token`}`,
    loop: (start) => trainGrpo({ ...loop, start }),
    onStep: watchAlarms(stage, settings.alarms, (metrics) => grpoSignals(metrics, rewardModel === null)),
    held: [...held, ...(rewardModel === null ? [] : [rewardModel])],
    save: () => savePolicy(stage, model, parts.state),
  });
};

/** <name>/model: the policy after GRPO or RLOO, held near the starting model where beta says so. */
export const grpoStage = async (pipeline: Pipeline, options: GrpoStageOptions): Promise<string> => {
  const { run } = pipeline;
  const { name, after, settings, maxTokens, rewardModel, judge } = options;
  const inputs = {
    model: nameInRun(run.folder, options.model),
    reward: rewardModel && { ...rewardModel, folder: nameInRun(run.folder, rewardModel.folder) },
    judge: judge && {
      model: judge.model,
      weight: judge.weight,
      constitution: hashConstitution(judge.constitution),
    },
    settings,
    maxTokens,
    prompts: options.prompts.map(({ id }) => id),
  };
  await run.stage({ name, after, inputs }, async (stage) => {
    const seed = trainingSeed(run.seed, name);
    if (judge === undefined) {
      await trainWith(pipeline, stage, options, seed, null);
      return;
    }
    const judging = judge.load === undefined ? pipeline : { ...pipeline, load: judge.load };
    await withStageModel(judging, stage, judge.model, (opened, countUsage) =>
      trainWith(pipeline, stage, options, seed, { opened, countUsage }),
    );
  });
  return join(run.folder, name, trainedFolder(settings));
};
