// Evaluation: figures with intervals, a model's behaviour from verdicts, differences between models on the same prompts,
// ratings, and cards of judges and rewards.
export {
  type Baselines,
  baselines,
  type ChoiceRow,
  type CountedShare,
  countBaselines,
  isPreference,
  loadChoices,
  loadPreferences,
} from "./baselines.ts";
export { type BattleRatings, type RatedModel, rateBattles, type Standing } from "./battle-ratings.ts";
export { type BattleCounts, countBattles, leftOutBattles } from "./battles.ts";
export { goodhartCurve, goodhartTest, revisionCurve } from "./curves.ts";
export { pairedMean, runDifferences } from "./differences.ts";
export { countForCard, labelsCard } from "./labels-card.ts";
export { eloFromVerdicts } from "./rating.ts";
export { rewardModelAccuracy } from "./reward-model.ts";
export { bootstrapInterval, mean } from "./statistics.ts";
export { addValue, noValues, type Scale, type StudentEstimate, studentMean, type Values } from "./student.ts";
export { type Battle, outcomeOfLabel, type Tournament, tournament } from "./tournament.ts";
export {
  type AnswerTally,
  addAnswer,
  countMissing,
  noAnswers,
  tallyAnswers,
  type Unanswered,
  unansweredField,
} from "./unanswered.ts";
export { modelMetrics, unjudgedEnd } from "./verdicts.ts";
