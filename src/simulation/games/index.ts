// Games between simulated players: splits, public goods and trades; fixed players who hold to a policy, flexible ones who
// learn a principle from what they saw of play. Knows no file, no command and no model by name.
export { policyPrinciple } from "./counting.ts";
export { readDecision } from "./decision-reading.ts";
export { advance, type Game, type GameState, type View } from "./game.ts";
export { type InquiryGameScene, inquiryAnswer, inquiryTurns } from "./inquiry-scene.ts";
export {
  askingLearner,
  countingLearner,
  type Learner,
  type LearningTask,
  learningTurns,
  readPrinciple,
} from "./learner.ts";
export {
  type LearnerPrompts,
  type LearningVariant,
  type Lessons,
  learnerPrompts,
  learningVariants,
  withOwnLearnerTexts,
} from "./learner-prompts.ts";
export {
  addGame,
  emptyMeasures,
  type Measures,
  meanOf,
  type SeatMeasures,
  type Sum,
  shareOfProbe,
  type Who,
} from "./measures.ts";
export { readContribution, readOffer, readPick, readPrices } from "./number-reading.ts";
export { type Observation, observe, type Sight, sights } from "./observation.ts";
export { firstTurns, isQuestion, type PlayOptions, playTables, type Table } from "./play.ts";
export {
  type Level,
  levels,
  type Manner,
  manners,
  type Player,
  type Policy,
  policies,
} from "./player.ts";
export {
  apportion,
  type Experiment,
  flexibleSeatsOf,
  gamesOf,
  learns,
  type Match,
  type Member,
  seatsOf,
  type World,
} from "./population.ts";
export {
  askProbes,
  drawPrior,
  type Lesson,
  learnFrom,
  needsModel,
  nobodyLearns,
  type PlannedGame,
  type PlannedProbe,
  type Prior,
  planGames,
  playGames,
} from "./rounds.ts";
export { rulesOf } from "./rules.ts";
export { type GameScene, mannerAnswer, sceneAnswer, sceneTurns } from "./scene.ts";
export { ofThing, readThings, withThing } from "./thing-principle.ts";
export { type TradeGameScene, tradeAnswer, tradeTurns } from "./trade-scene.ts";
export { strategyPrinciple } from "./trade-wording.ts";
export {
  fixedText,
  flexibleText,
  type LearnedOn,
} from "./wording.ts";
