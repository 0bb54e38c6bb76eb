// Which voters a model plays, by which of their votes, and which held-out votes it is asked about. Everything is drawn by the
// seed and the voter's id, and chosen from known votes alone, so that nothing of a held-out vote reaches a model.

import { createRandom, deriveSeed, groupBy } from "../../core/index.ts";
import type { VoteKind, VoterId } from "../../records/index.ts";
import { mostDivisive, supportOf } from "./consensus.ts";
import { type HeldOutVote, kindOfVote, type VoteSplit } from "./held-out.ts";
import type { OpinionGroups } from "./opinion-groups.ts";
import { type Statement, unseen } from "./vote-matrix.ts";

/**
 * voters: so many, or all. questions: held-out votes of each voter at most. shown: known votes of each at most; choose:
 * those on the statements that divide opinion groups most, or drawn.
 */
export type SampleSettings = {
  readonly voters: number | "all";
  readonly questions?: number | undefined;
  readonly shown: number;
  readonly choose: "telling" | "drawn";
  readonly seed: number;
};

/** voter: the place in the matrix. shown, heldOut: in the order of the statements. */
export type SampledVoter = {
  readonly voter: number;
  readonly id: VoterId;
  readonly shown: readonly { readonly statement: Statement; readonly vote: VoteKind }[];
  readonly heldOut: readonly HeldOutVote[];
};

/** Statements by their place: how far up each stands among those that divide the groups, then those that divide nobody. */
const placesByDivision = ({ known }: VoteSplit, groups: OpinionGroups): readonly number[] => {
  const supports = supportOf(known, groups);
  const dividing = mostDivisive(supports, supports.length);
  const ranked = new Set([...dividing, ...supports]);
  const places = new Map([...ranked].map(({ statement }, place) => [statement.id, place]));
  return known.statements.map(({ id }) => places.get(id)!);
};

const ascending = (one: number, other: number): number => one - other;

/** Draws so many, in ascending order of what they are; all where there are no more. */
const drawn = <Item>(items: readonly Item[], most: number, seed: number): Item[] => {
  if (items.length <= most) return [...items];
  const chosen = new Set(createRandom(seed).shuffle(items).slice(0, most));
  return items.filter((item) => chosen.has(item));
};

/** The voters, in the order of the matrix. groups: by which statements are told to divide, of known votes. */
export const sampleVoters = (
  split: VoteSplit,
  groups: OpinionGroups,
  { voters, questions, shown, choose, seed }: SampleSettings,
): SampledVoter[] => {
  const { statements, voters: all, votes } = split.known;
  const byVoter = groupBy(split.heldOut, ({ voter }) => voter);
  const places = choose === "telling" ? placesByDivision(split, groups) : null;
  const order = [...byVoter.keys()].sort(ascending);
  const chosen = voters === "all" ? order : drawn(order, voters, deriveSeed(seed, "voters"));
  return chosen.map((voter) => {
    const { id } = all[voter]!;
    const voteAt = (statement: number): number => votes[voter * statements.length + statement]!;
    const known = statements.map((_, at) => at).filter((at) => voteAt(at) !== unseen);
    const told =
      places === null
        ? drawn(known, shown, deriveSeed(seed, "shown", id))
        : known
            .toSorted((one, other) => places[one]! - places[other]!)
            .slice(0, shown)
            .sort(ascending);
    const asked = byVoter.get(voter)!;
    return {
      ...{ voter, id },
      shown: told.map((at) => ({ statement: statements[at]!, vote: kindOfVote(voteAt(at)) })),
      heldOut: drawn(asked, questions ?? asked.length, deriveSeed(seed, "questions", id)),
    };
  });
};
