// What the public said on Polis: exports read and cleaned, opinion groups, what all groups agree on, and a constitution
// drafted from it. Reads two files. Whether something can tell held-out votes: the majority, neighbours, or a model that
// plays the voters.
export {
  agreedByAll,
  mostDivisive,
  type StatementSupport,
  supportOf,
} from "./consensus.ts";
export {
  type CleaningCounts,
  type CleaningSettings,
  type Conversation,
  readConversation,
} from "./conversation.ts";
export { draftConstitution } from "./draft.ts";
export {
  type CalibrationBin,
  type ForecastMeasures,
  type HeldOutVote,
  measureForecasts,
  measurePredictor,
  type ScoredForecast,
  scoreForecast,
  splitVotes,
  type VoteForecast,
  type VotePredictor,
  type VoteQuestion,
  type VoteSplit,
} from "./held-out.ts";
export {
  type DescribedVoter,
  type DescriptionSettings,
  describeVoters,
  forecastVotes,
  givesChances,
  type RequestedVoting,
  shownOf,
  type VoteItem,
  type VotingProtocol,
  voteOf,
  votingMethod,
} from "./model-voters.ts";
export {
  compareGroups,
  computeGroups,
  exportedGroups,
  type GroupAgreement,
  groupSizes,
  type OpinionGroups,
} from "./opinion-groups.ts";
export { type VoterScene, voterAnswer, voterTurns } from "./poll-scene.ts";
export { majorityPredictor, neighbourPredictor } from "./vote-baselines.ts";
export {
  agree,
  agreementOf,
  disagree,
  pass,
  type Statement,
  type Tally,
  tallyAll,
  unseen,
  type VoteMatrix,
} from "./vote-matrix.ts";
export { type SampledVoter, type SampleSettings, sampleVoters } from "./voter-sample.ts";
export {
  describeMessages,
  type OptionOrder,
  type ShownVote,
  voteMessages,
  voterByPersona,
  voterByVotes,
} from "./voter-wording.ts";
