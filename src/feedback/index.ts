// AI feedback: prompts, critique and revision, preference labels, and the rows that training learns from.
// Knows no model by name, and writes no file.
export { readChains } from "./chains.ts";
export { inOrder, isAnswered, type Pace, paceOf, piecesOf, type Stream } from "./chunk.ts";
export {
  type CleaningRule,
  type Cut,
  type CutCounts,
  cleaningRules,
  cleanReply,
  type ReplyPurpose,
} from "./cleaning.ts";
export { type ComparisonOptions, type ReadingOptions, readComparisons, readPairs } from "./comparisons.ts";
export { commonPrompt, mergeTurns, messagesEndingWith, messagesInCells, parseDialogue } from "./dialogue.ts";
export { type GroupVerdicts, type JudgeGroupsOptions, judgeGroups, type ReplyGroup } from "./groups.ts";
export { requirePrinciples } from "./labels/comparison-task.ts";
export { type FewShots, loadFewShots } from "./labels/few-shots.ts";
export {
  adviceOnSilence,
  describeFlips,
  describeLikedPlace,
  describeReasons,
  firstPlacesIn,
  type JudgeWatch,
  verdictWords,
  watchJudge,
} from "./labels/guards.ts";
export { type JudgeProtocol, plainProtocol } from "./labels/judge-protocol.ts";
export { type LabelChunk, type LabelOptions, labelBatch } from "./labels/label.ts";
export {
  callsEach,
  exampleTokens,
  judgeGivesScores,
  methodOf,
  protocolFor,
  type RequestedProtocol,
  requireFewShots,
} from "./labels/method.ts";
export { isFlipped, normaliseChoice } from "./labels/reading.ts";
export { type MissingOpposite, type OppositesOutcome, writeOpposites } from "./opposites.ts";
export { hasOrderOf, leastAlike, type PairReply, pairOf, type ReplyPair } from "./pairs.ts";
export { createAcrossFiles, createUniqueIds } from "./prompts/across-files.ts";
export { type Area, areasNamed, areasOf, belongsToNone, describeArea, withOther } from "./prompts/areas.ts";
export {
  type AreaChunk,
  type ClassifyOptions,
  classifiedLine,
  classifyPrompts,
  mostAsked,
  packPace,
  renderClassification,
} from "./prompts/classification.ts";
export { type FormattedRow, formatNamed, promptFormats, readFormatted } from "./prompts/formats.ts";
export {
  createHarvest,
  type Examples,
  type GenerationCounts,
  type GenerationOptions,
  generateCalls,
  renderGeneration,
} from "./prompts/generation.ts";
export { type AnsweredPair, type AnsweredPairs, pairAnswers } from "./prompts/mt-bench-answers.ts";
export {
  type AreaReply,
  blankVerdict,
  givesVerdicts,
  judgeViolations,
  type PenetrationOptions,
  type RequestedVerdicts,
  verdictReading,
} from "./prompts/penetration.ts";
export {
  type PromptOptions,
  type ReadingNotes,
  readPrompts,
  splitOf,
} from "./prompts/reading.ts";
export { createSelection, type SelectedPlaces, type SelectionCaps } from "./prompts/selection.ts";
export {
  createTidy,
  noTidyCounts,
  type TidyCounts,
  type TidySettings,
  tidyRules,
  trimEnds,
} from "./prompts/tidying.ts";
export { type RecheckOutcome, recheckReplies, scoresRecheck, type TestedReply } from "./recheck.ts";
export { type ReplyChunk, type SampleOptions, sampleReplies } from "./replies.ts";
export {
  type RevisionChunk,
  type RevisionEvent,
  type RevisionItem,
  type RevisionOptions,
  reviseBatch,
  revisionItem,
} from "./revision.ts";
export {
  type LearnedRevisions,
  type LeftOut,
  mixedOrder,
  mixSftRows,
  preferenceRows,
  type RowOptions,
  sftRowsFromReplies,
  sftRowsFromRevisions,
} from "./rows.ts";
export {
  countUnfit,
  type UnfitCount,
  type UnfitReason,
  type UnfitRow,
  unfitOf,
  unfitPair,
  unfitText,
} from "./unfit.ts";
