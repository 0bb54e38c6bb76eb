// AI feedback: prompts, critique and revision, preference labels, and the rows that training learns from.
// Knows no model by name, and writes no file.
export { loadChains, readChains } from "./chains.ts";
export { isAnswered } from "./chunk.ts";
export {
  type CleaningRule,
  type Cut,
  type CutCounts,
  cleaningRules,
  cleanReply,
  type ReplyPurpose,
} from "./cleaning.ts";
export { type KnownComparison, loadComparisons, readComparisons } from "./comparisons.ts";
export { commonPrompt, mergeTurns, messagesEndingWith, parseDialogue } from "./dialogue.ts";
export { type GroupVerdicts, type JudgeGroupsOptions, judgeGroups, type ReplyGroup } from "./groups.ts";
export {
  assertJudgeReads,
  assertJudgeScores,
  type LabelChunk,
  type LabelOptions,
  labelBatch,
  normaliseChoice,
} from "./labels.ts";
export { leastAlike, type PairReply, pairSamples, type ReplyPair } from "./pairs.ts";
export { type Area, areasNamed, areasOf, withOther } from "./prompts/areas.ts";
export {
  type AreaChunk,
  type ClassifyOptions,
  classifyPrompts,
  renderClassification,
} from "./prompts/classification.ts";
export { formatNamed, promptFormats } from "./prompts/formats.ts";
export {
  createHarvest,
  type GenerationCounts,
  type GenerationOptions,
  generateCalls,
} from "./prompts/generation.ts";
export { type AreaReply, judgeViolations, type PenetrationOptions } from "./prompts/penetration.ts";
export {
  loadPrompts,
  type PromptOptions,
  type ReadingNotes,
  readPrompts,
  splitOf,
} from "./prompts/reading.ts";
export { createSelection, type SelectionCaps } from "./prompts/selection.ts";
export {
  createTidy,
  noTidyCounts,
  type TidyCounts,
  type TidySettings,
  tidyRules,
} from "./prompts/tidying.ts";
export { type ReplyChunk, type SampleOptions, sampleReplies } from "./replies.ts";
export {
  type RevisionChunk,
  type RevisionItem,
  type RevisionOptions,
  reviseBatch,
  revisionItems,
} from "./revision.ts";
export {
  type LeftOut,
  mixSftRows,
  preferenceRows,
  type RowOptions,
  sftRowsFromReplies,
  sftRowsFromRevisions,
} from "./rows.ts";
