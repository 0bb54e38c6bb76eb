// The closed language world: documents to train a model on, prompts for a run, and the oracle that measures it.
// Nothing here knows of models or training. The oracle answers the documents' comparisons and ballots; in a run it measures
// alone.
export * from "./assembly/index.ts";
export {
  type Corpus,
  type CorpusDocument,
  corpusMix,
  createCorpus,
  documentKinds,
  longestDocument,
  usualAnswerWeight,
} from "./corpus.ts";
export { type Area, areas } from "./lexicon/index.ts";
export { comparePreference, parseCritique, parseReply } from "./measure.ts";
export { isSandboxPromptId, sandboxPrompts } from "./prompts.ts";
export { isRequest, parseRequest, splitOfRequest } from "./request.ts";
export * from "./sharing/index.ts";
