// People decide on principles: they propose, say how much they support what, and object to what was drafted from it. Asks
// through functions that are given to it; knows no file but its prompts and what people bring as candidates.
export {
  type Ballots,
  ballotsOf,
  countBallots,
  type Decision,
  type SupportTable,
  tableOf,
} from "./ballots.ts";
export { candidatesOfFile, type FiledCandidate, mergeProposals, plainText } from "./candidates.ts";
export { isCandidateFile, loadCandidates } from "./candidates-file.ts";
export {
  type AskPhase,
  type DeliberationOptions,
  type DeliberationPhase,
  gatherComments,
  gatherProposals,
  gatherSupport,
  type ScriptedSupport,
  seededBy,
} from "./deliberation.ts";
export { type Draft, type Mediation, mediate, type Voice } from "./mediation.ts";
export { documentOfChoice, documentOfDraft } from "./result.ts";
export {
  briefProposalScene,
  briefSupportScene,
  type MediationQuestion,
  mediationMessages,
  type Opinion,
  objectionMessages,
  type ProposalQuestion,
  proposalMessages,
  type Scene,
  supportMessages,
  supportMetric,
  type VotePrompts,
  votePrompts,
  withOwnVoteTexts,
} from "./wording.ts";
