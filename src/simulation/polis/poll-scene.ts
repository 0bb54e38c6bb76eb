// Scenes of people who vote, told in the brief wording as a model that plays voters is asked, with the answer that is right: what
// a small model's documents are made of. What is right, whoever draws scenes says.

import type { Message, VoteKind } from "../../records/index.ts";
import { voteKinds } from "../../records/index.ts";
import {
  describeMessages,
  type ShownVote,
  voteMessages,
  voterByPersona,
  voterByVotes,
} from "./voter-wording.ts";

/** A vote by votes or by a description (persona), or a description made of votes. */
export type VoterScene =
  | {
      readonly kind: "by-votes";
      readonly shown: readonly ShownVote[];
      readonly statement: string;
      readonly vote: VoteKind;
    }
  | {
      readonly kind: "by-persona";
      readonly persona: string;
      readonly statement: string;
      readonly vote: VoteKind;
    }
  | { readonly kind: "description"; readonly shown: readonly ShownVote[]; readonly persona: string };

/** What is asked in a scene. */
export const voterTurns = (scene: VoterScene): Message[] => {
  switch (scene.kind) {
    case "by-votes":
      return voteMessages(voterByVotes("", scene.shown, "brief"), scene.statement, voteKinds, "brief");
    case "by-persona":
      return voteMessages(voterByPersona("", scene.persona, "brief"), scene.statement, voteKinds, "brief");
    case "description":
      return describeMessages("", scene.shown, 0, "brief");
    default:
      return scene satisfies never;
  }
};

/** What is right to answer. */
export const voterAnswer = (scene: VoterScene): string =>
  scene.kind === "description" ? scene.persona : scene.vote;
