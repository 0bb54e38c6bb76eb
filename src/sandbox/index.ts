// The closed language world: documents to train a model on, prompts for a run, and the oracle that measures it.
// Nothing here knows of models or training; what an oracle says is for measuring alone.
export { type Corpus, type CorpusDocument, createCorpus, vocabularyText } from "./corpus.ts";
export { type Area, areas } from "./lexicon/index.ts";
export { comparePreference, parseReply } from "./measure.ts";
export { sandboxPrompts } from "./prompts.ts";
export { parseRequest, splitOfRequest } from "./request.ts";
