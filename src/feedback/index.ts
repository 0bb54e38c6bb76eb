// AI feedback: prompts, critique and revision, preference labels, and the rows that training learns from.
// Knows no model by name, and writes no file.
export { inOrder, isAnswered, type Pace, paceOf } from "./chunk.ts";
export {
  type CleaningRule,
  type Cut,
  type CutCounts,
  cleaningRules,
  cleanReply,
  type ReplyPurpose,
} from "./cleaning.ts";
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
export { loadPrompts, type PromptOptions, readPrompts, splitOf } from "./prompts.ts";
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
