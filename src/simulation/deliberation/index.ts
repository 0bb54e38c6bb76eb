// People decide on principles: they propose, say how much they support what, and object to what was drafted from it. Asks
// through functions that are given to it; knows no file but its prompts.
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
} from "./wording.ts";
