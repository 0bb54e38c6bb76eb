// Whatever answers a prompt: the specification, names, opening, middleware, and scripted models for tests.
// Knows nothing of constitutions or of training.
export { isRetriable } from "./failure.ts";
export { type RetryEvent, type RetryOptions, withRetry } from "./middleware/retry.ts";
export { type TimeoutOptions, withTimeout } from "./middleware/timeout.ts";
export { type ModelName, parseModelName } from "./name.ts";
export {
  type FetchProgress,
  type FolderOptions,
  isEndpoint,
  isToBeFetched,
  loadElsewhere,
  type ModelNotice,
  modelFolderOf,
  type OpenOptions,
  openModel,
  runsHere,
} from "./open.ts";
export type { LoadFormat } from "./providers/embedded.ts";
export {
  type Script,
  type ScriptedCall,
  type ScriptedModel,
  type ScriptedReply,
  scriptedModel,
} from "./providers/scripted.ts";
export type * from "./specification.ts";
