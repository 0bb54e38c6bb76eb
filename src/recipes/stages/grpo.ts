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
  type SampledReply,
  type SamplingParts,
  type StepMetrics,
  sampleHeldOut,
  type TextForm,
  trainGrpo,
} from "../../training/index.ts";
import { createGenerator, createScorer, type ModelState } from "../../transformer/index.ts";
import type { GrpoSettings } from "../settings/policy-settings.ts";
import { withoutWatching } from "../settings/watching.ts";
import { mergedNotices, startingState } from "./adapter-start.ts";
import { checkFinished, watchAlarms } from "./alarm-watch.ts";
import { mostOfGrpo, noteLooks } from "./best-step.ts";
import { judgeAgainst, judgeReward } from "./judge-reward.ts";
import { warmupNotices, warnOf } from "./learned-rows.ts";
import { loadTrainable, nameInRun, type TrainableModel } from "./models.ts";
import { contextOf, type EncodedPrompts, encodePrompts, type PromptPlace } from "./policy-prompts.ts";
import { endTokenOf } from "./ppo.ts";
import { formatNotices, type OpenReward, openReward, trainedNotices } from "./reward-model.ts";
import { type CountUsage, type Pipeline, withStageModel } from "./stage-model.ts";
import { releasing, trainStage } from "./train-stage.ts";
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
  readonly rewardModel?: {
    readonly folder: string;
    readonly weight: number;
    readonly load?: LoadFormat | undefined;
  };
  readonly judge?: {
    readonly model: string;
    readonly constitution: Constitution;
    readonly weight: number;
    readonly load?: LoadFormat | undefined;
  };
  readonly prompts: readonly PromptRecord[];
  /** Where a prompt stands; not given: its id. */
  readonly placeOf?: PromptPlace;
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

/**
 * What samples, is trained, and holds back; no reference where nothing is to be held. compared: the starting model is
 * needed all the same, as replies are held against its own.
 */
const openGrpo = (model: TrainableModel, settings: GrpoSettings, seed: number, compared: boolean) => {
  const state = stateToTrain(model, model.weights, settings, seed);
  const starting = settings.beta > 0 || compared ? startingState(model, state) : null;
  const reference = settings.beta === 0 || starting === null ? null : createScorer(starting);
  const parts = { generator: createGenerator(state, model.generationConfig), policy: createScorer(state) };
  return {
    ...parts,
    state,
    starting,
    reference,
    trainer: createGrpoTrainer(state, optimiserOf(settings), settings),
    held: [...Object.values(parts), ...(reference === null ? [] : [reference])],
  };
};

type Judge = { readonly opened: Parameters<typeof judgeReward>[0]["judge"]; readonly countUsage: CountUsage };

/** Replies of the starting model to prompts kept out. */
const startingReplies = (
  starting: ModelState,
  model: TrainableModel,
  parts: Omit<SamplingParts, "generator">,
): Promise<readonly SampledReply[]> => {
  const generator = createGenerator(starting, model.generationConfig);
  return releasing([generator], () => sampleHeldOut({ ...parts, generator }, parts.prompts, 0));
};

type Rewarding = {
  readonly model: TrainableModel;
  readonly prompts: EncodedPrompts;
  readonly starting: ModelState | null;
  readonly judge: Judge | null;
  readonly rewardModel: OpenReward | null;
};

/**
 * What rewards replies that are learned, and those to prompts kept out: a judge holds these against the starting model's.
 */
const rewardsOf = (
  stage: StageContext,
  { settings, ...options }: GrpoStageOptions,
  { model, prompts, starting, judge, rewardModel }: Rewarding,
  sampling: Omit<SamplingParts, "generator" | "prompts">,
): { readonly rewards: NamedReward[]; readonly heldOut: NamedReward[] } => {
  const alone: NamedReward[] = [];
  if (rewardModel !== null && options.rewardModel !== undefined)
    alone.push(rewardOfTokens("model", rewardModel.reward, options.rewardModel.weight));
  const last = settings.missingEndPenalty > 0 ? [endReward(settings.missingEndPenalty)] : [];
  if (judge === null || options.judge === undefined)
    return { rewards: [...alone, ...last], heldOut: [...alone, ...last] };
  const { constitution, weight } = options.judge;
  const asked = { judge: judge.opened, countUsage: judge.countUsage, constitution, weight, model, stage };
  const judged = judgeReward({ ...asked, prompts: prompts.records, group: settings.group });
  const { records, tokens } = prompts.heldOut;
  if (starting === null) return { rewards: [...alone, judged, ...last], heldOut: [] };
  const opponents = () => startingReplies(starting, model, { ...sampling, prompts: tokens });
  const compared = judgeAgainst({ ...asked, prompts: records, opponents });
  return { rewards: [...alone, judged, ...last], heldOut: [...alone, compared, ...last] };
};

const signalsOf =
  ({ rewardModel }: Pick<GrpoStageOptions, "rewardModel">) =>
  (metrics: StepMetrics["metrics"]) =>
    grpoSignals(metrics, rewardModel === undefined);

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
  const { folder = "", load } = options.rewardModel ?? {};
  const rewardModel =
    options.rewardModel === undefined ? null : await openReward(folder, context, texts, load);
  const readers = { ...model, rewardContext: rewardModel?.context };
  const prompts = encodePrompts(options.prompts, readers, texts, ["grpo", settings], options.placeOf);
  const policy = { name: options.model, chatTemplate: model.chatTemplate };
  warnOf(stage, [
    ...prompts.notices,
    ...(rewardModel === null ? [] : formatNotices(policy, { name: folder, ...rewardModel }, texts)),
    ...(rewardModel === null ? [] : await trainedNotices(folder, load)),
    ...warmupNotices("grpo", settings, settings.steps),
    ...mergedNotices(options.model, model.isMerged, "grpo"),
  ]);
  const compared = judge !== null && prompts.heldOut.tokens.length > 0;
  const { held, starting, ...parts } = openGrpo(model, settings, seed, compared);
  const sampling = {
    maxTokens,
    context: contextOf(readers),
    endToken,
    seed,
    signal: stage.signal,
  };
  const { rewards, heldOut } = rewardsOf(
    stage,
    options,
    { model, prompts, starting, judge, rewardModel },
    sampling,
  );
  const loop = {
    ...settings,
    ...parts,
    ...sampling,
    scale: scaleOf(settings),
    rewards,
    prompts: prompts.tokens,
    heldOut: { prompts: prompts.heldOut.tokens, every: settings.evaluateEvery, rewards: heldOut },
    schedule: scheduleOf(settings),
    padding: model.padding,
  };
  const looks = noteLooks(mostOfGrpo);
  await trainStage({
    name,
    stage,
    clock: context.clock,
    state: parts.state,
    trainer: parts.trainer,
    totalSteps: settings.steps,
    keepBest: settings.keepBest,
    bestBy: mostOfGrpo,
    note: (metrics) => {
      const { reward, kl } = metrics;
      return `reward ${fixed(reward, 2)}${kl === undefined ? "" : `, KL ${fixed(kl, 3)} a token`}${looks(metrics)}`;
    },
    loop: (start) => trainGrpo({ ...loop, start }),
    onStep: watchAlarms(stage, settings.alarms, signalsOf(options)),
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
    reward: rewardModel && {
      folder: nameInRun(run.folder, rewardModel.folder),
      weight: rewardModel.weight,
      ...(rewardModel.load === undefined ? {} : { load: rewardModel.load }),
    },
    judge: judge && {
      model: judge.model,
      weight: judge.weight,
      constitution: hashConstitution(judge.constitution),
    },
    settings: withoutWatching(settings),
    maxTokens,
    prompts: options.prompts.map(({ id }) => id),
  };
  const { skipped } = await run.stage({ name, after, inputs }, async (stage) => {
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
  if (skipped) await checkFinished(run, name, settings.alarms, signalsOf(options));
  return join(run.folder, name, trainedFolder(settings));
};
