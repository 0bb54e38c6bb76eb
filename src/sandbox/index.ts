// The closed language world: documents to train a model on, prompts for a run, and the oracle that measures it.
export {
  type Corpus,
  type CorpusDocument,
  type CorpusOptions,
  createCorpus,
  type DocumentKind,
  longestDocument,
  type Segment,
  vocabularyText,
} from "./corpus.ts";
export type { ParsedCritique } from "./critique.ts";
export type { Finding } from "./critique-phrases.ts";
export { type Area, areas } from "./lexicon/index.ts";
export { comparePreference, isArea, parseCritique, parseReply } from "./measure.ts";
export { type SandboxPromptOptions, sandboxPrompts } from "./prompts.ts";
export { longestReply } from "./reply.ts";
export { type ParsedRequest, parseRequest } from "./request.ts";
