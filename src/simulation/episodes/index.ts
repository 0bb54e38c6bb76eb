// Episodes: users and assistants talk, users rate and comment, and a model makes a constitution of it. Asks through a function
// that is given to it; knows no file but its prompts.
export { briefCommentsAtOnce, briefForms } from "./brief-forms.ts";
export { type Cast, castOf, type Graph, ratersOf, type Talk, type UserSeat } from "./cast.ts";
export { type ContentFrom, isContent } from "./content.ts";
export {
  type Ask,
  type EpisodeOptions,
  type Phase,
  type PhaseTask,
  playRun,
  type RoleSampling,
  windowOf,
} from "./episode.ts";
export type { Exchange, OthersRatings } from "./exchange.ts";
export {
  changesBetween,
  documentOf,
  documentSimilarity,
  documentText,
  type LearnedSource,
  saysTheSame,
} from "./learned.ts";
export {
  type MetaForm,
  type MetaPrompt,
  type MetaPromptName,
  type MetaQuestion,
  metaForms,
  metaMessages,
  metaPromptNames,
  type SortingPrompt,
  type WritingPrompt,
  withOwnMetaTexts,
} from "./meta-prompt.ts";
export {
  type MetaBounds,
  type MetaReading,
  metaAnswerForm,
  type ReadPrinciple,
  type Referred,
  readMeta,
  referredTo,
} from "./meta-reading.ts";
export { moreAnswerForm, moreMessages, readMore } from "./more-principles.ts";
export { type Rating, ratingForm, readRating, unaskedRating } from "./rating.ts";
export { mostCompared, similarities, similarity, similarityTable } from "./similarity.ts";
export { documentsOfSorted } from "./sorted-documents.ts";
export { sortingText } from "./sorting.ts";
export { type AskStances, type Sorting, sortComments } from "./stance-questions.ts";
export type { Stance } from "./stances.ts";
export { sentencesIn, standingFor } from "./standing.ts";
export { type Comment, emptyTranscript, type Transcript } from "./transcript.ts";
export { type Contract, numbered, type Said } from "./wording.ts";
export { type EpisodeWording, episodeWordings } from "./wordings.ts";
