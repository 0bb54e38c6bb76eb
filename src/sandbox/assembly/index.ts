// The assembly: people of the closed world who want different things of an assistant, what they say of replies and
// principles, and how content they truly are. The rest of the sandbox lends it requests, replies and areas.
export type { AccordScene } from "./accord.ts";
export type { AmendmentScene } from "./amendment.ts";
export { createBallots } from "./ballot.ts";
export { bestWishes } from "./best.ts";
export { randomStatements, randomWishes, statementsFor } from "./constitution.ts";
export {
  type ConstitutionScene,
  createConstitutionScenes,
  type RewriteScene,
} from "./constitution-scenes.ts";
export { conversationFiles, type SandboxConversation, sandboxConversation } from "./conversation.ts";
export { satisfactionOf, statementPreference, supportOf } from "./measure.ts";
export { minorityOf, sandboxPersonas, wishesOf } from "./persona.ts";
export { createPersonaScenes, type PersonaScene } from "./persona-scenes.ts";
export { createPolls, type PollScene, type PollVote, plainDescription, voteOn } from "./poll.ts";
export { createRatingScenes, ratedMetrics, type TalkRatingScene } from "./rating-scenes.ts";
export {
  type AssemblyScene,
  createAssembly,
  type GuidedScene,
  type ProposalScene,
  type RatingScene,
  type SupportScene,
} from "./scenes.ts";
export {
  otherCommentTexts,
  readComment,
  readStatement,
  type SentenceSplit,
  sentencesOf,
} from "./sentences.ts";
export { createStances, type StanceScene } from "./stance.ts";
export { type SandboxTaskOptions, sandboxTasks } from "./task.ts";
export { allWishes, contradict, nameOf, oppositeOf, type Topic, topicOf, topics, type Wish } from "./wish.ts";
