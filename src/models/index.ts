// Whatever answers a prompt: the specification, names, opening, middleware, and scripted models for tests.
// Knows nothing of constitutions or of training.

export { type Account, readAccounts, type StageAccounts, sumAccounts } from "./account.ts";
export { type AnswerStore, openAnswerStore } from "./answer-store.ts";
export { type AnsweredBy, answeredByOf } from "./answered-by.ts";
export { type Budget, checkSpent } from "./budget.ts";
export { unwrapped, withoutLead } from "./choice-lead.ts";
export { isRetriable } from "./failure.ts";
export { missingKey } from "./key.ts";
export { type Ledger, moneyOf, openLedger, type Price, spentOf } from "./ledger.ts";
export { withCache } from "./middleware/cache.ts";
export {
  type BorneNumbers,
  type ConcurrencyControl,
  type ConcurrencyOptions,
  withAdaptiveConcurrency,
} from "./middleware/concurrency.ts";
export { withLedger } from "./middleware/ledger.ts";
export { withRecording } from "./middleware/record.ts";
export { type RetryEvent, type RetryOptions, withRetry } from "./middleware/retry.ts";
export { type TimeoutOptions, withTimeout } from "./middleware/timeout.ts";
export { type ModelName, parseModelName } from "./name.ts";
export {
  type FolderOptions,
  isEndpoint,
  isReplay,
  isToBeFetched,
  loadElsewhere,
  membersOf,
  modelFolderOf,
  type OpenModel,
  openModel,
  priceOfModel,
  runsHere,
  type ScoringByName,
  scoringByName,
} from "./open.ts";
export type { FetchProgress, ModelNotice, OpenOptions } from "./open-options.ts";
export { type PoolOptions, poolModel } from "./pool.ts";
export type { LoadFormat } from "./providers/embedded.ts";
export { missingReplay } from "./providers/replay.ts";
export {
  type Script,
  type ScriptedCall,
  type ScriptedModel,
  type ScriptedReply,
  scriptedModel,
} from "./providers/scripted.ts";
export {
  createForeignTextCheck,
  createForeignTextWatch,
  isSmallLanguage,
} from "./providers/small-language.ts";
export { openRecorder, type Recorder } from "./recorder.ts";
export { type AskedRequest, requestKey } from "./request-key.ts";
export type * from "./specification.ts";
export { codeIn, leadingThought, withoutLeadingThought } from "./thought.ts";
export { choiceTokens, estimatePrompt, estimateTokens } from "./token-estimate.ts";
