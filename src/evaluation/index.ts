// Evaluation: figures with intervals, a model's behaviour from verdicts, ratings, and cards of judges and rewards.
export { cohensKappa, krippendorffsAlpha } from "./agreement.ts";
export { fitRatings, type PlayerComparison, type RatingOptions, rate } from "./bradley-terry.ts";
export { type Diversity, distinct, diversityOf, selfSimilarity } from "./diversity.ts";
export { calibrationBins, calibrationError, labelsCard, type TruePreference } from "./labels-card.ts";
export {
  compareHarmlessness,
  compareHelpfulness,
  type EloOptions,
  eloFromVerdicts,
  type RatedVerdict,
} from "./rating.ts";
export { type GoodhartMeasurement, goodhartCurve, rewardModelAccuracy } from "./reward-model.ts";
export { bootstrapInterval, emptyEstimate, mean, proportion, quantile, share } from "./statistics.ts";
export {
  harmRate,
  helpfulRate,
  isHarmful,
  isHelpful,
  isRefusal,
  type JudgedReply,
  modelMetrics,
  revisionCurve,
} from "./verdicts.ts";
