// Training: losses, the optimiser, and one visible loop per method. Yields step metrics; knows no disk.
// Where rows and rewards come from is not known here.
export { keptByToken, programBudget } from "./activations.ts";
export { estimateAdvantages, type KlEstimator, type Rollout, tokenRewards, whiten } from "./advantages.ts";
export {
  type Alarm,
  type AlarmCode,
  type AlarmThresholds,
  alarmsOf,
  grpoSignals,
  type PolicySignals,
  ppoSignals,
  standingAlarms,
} from "./alarms.ts";
export {
  createDpoTrainer,
  type DpoBatchSizes,
  type DpoLossOptions,
  type DpoOptions,
  type DpoRow,
  referenceLogProbabilities,
  referenceState,
  trainDpo,
} from "./dpo.ts";
export { type AdvantageScale, type GroupEstimator, groupAdvantages } from "./group-advantages.ts";
export {
  createGrpoTrainer,
  type GroupBatchSizes,
  type GroupLossType,
  type GrpoLossOptions,
  type GrpoOptions,
  trainGrpo,
} from "./grpo.ts";
export { type HeldOutPrompts, looksOf, sampleHeldOut } from "./held-out-prompts.ts";
export { createKlControl, type KlControl, type KlControlOptions } from "./kl-control.ts";
export { type EpochLoopOptions, type LoopOptions, loopSteps, rowsAPart, type StepMetrics } from "./loop.ts";
export { muonOperations } from "./muon.ts";
export { type AdamWOptions, defaultAdamW } from "./optimiser.ts";
export {
  createPpoTrainer,
  type PpoLossOptions,
  type PpoOptions,
  trainPpo,
} from "./ppo.ts";
export {
  createPretrainer,
  type PretrainingOptions,
  type PretrainingStep,
  pretrain,
  type WeightedDocument,
} from "./pretraining.ts";
export {
  createRewardTrainer,
  type PairBatchSizes,
  type RewardLossOptions,
  type RewardModelOptions,
  type RewardRow,
  rewardModelWeights,
  scoreOfLogit,
  trainRewardModel,
} from "./reward-model.ts";
export {
  endReward,
  type NamedReward,
  type RewardCall,
  type RewardFunction,
  rewardOfTokens,
  type SampledReply,
} from "./rewards.ts";
export type { SamplingParts } from "./rollouts.ts";
export { packedRowOf, packedRowTime } from "./row-parts.ts";
export {
  type ChatCodec,
  closingTokens,
  encodePrompt,
  encodePromptAs,
  encodeReply,
  fitRows,
  type LearnedPart,
  type LongRow,
  plainItem,
  preferenceItem,
  preferenceItems,
  type RowLimit,
  rowLength,
  rowTime,
  type SftItem,
  sftItems,
  sftRowItems,
  type TextForm,
  type TokenRows,
} from "./rows.ts";
export { learningRateAt, type ScheduleOptions } from "./schedule.ts";
export { createSftTrainer, type SftOptions, trainSft } from "./sft.ts";
export {
  type BatchPart,
  createTrainer,
  type LossGraph,
  type Moments,
  type Trainer,
  type TrainerSnapshot,
} from "./trainer.ts";
