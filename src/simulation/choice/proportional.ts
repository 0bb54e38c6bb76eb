// Proportional approval voting (Thiele 1895): a user's first chosen candidate counts 1, the second 1/2, the third 1/3, so
// that a group gets seats by its size. Seat by seat, or the best set of all. A set's sum is taken over how many users
// have how many of theirs in it, which does not depend on the order of the ballots.

import type { Approval } from "./ballot.ts";
import { defineRule, type Election, highest, type Placing, placeAll, placesOf } from "./rule.ts";
import { chooseSlate } from "./slates.ts";

/** Of each candidate, the places of the ballots that approve it. */
const approversOf = ({ candidates, ballots }: Election<Approval>): readonly (readonly number[])[] => {
  const places = placesOf({ candidates });
  const approvers: number[][] = candidates.map(() => []);
  ballots.forEach(({ approved }, ballot) => {
    for (const candidate of approved) approvers[places.get(candidate)!]!.push(ballot);
  });
  return approvers;
};

/** Sum of count / part, over the parts in their order. */
const sumOfParts = (counts: readonly number[]): number =>
  counts.reduce((sum, count, at) => sum + count / (at + 1), 0);

/** What a candidate adds: a user who has n chosen already counts 1/(n+1). */
const seatBySeat = ({ ballots }: Election<Approval>, approvers: readonly (readonly number[])[]): Placing => {
  const have = new Uint32Array(ballots.length);
  let counted = 0;
  const follow = (placed: readonly number[]): void => {
    for (; counted < placed.length; counted++)
      for (const ballot of approvers[placed[counted]!]!) have[ballot] = have[ballot]! + 1;
  };
  const score = (candidate: number, placed: readonly number[]): number => {
    follow(placed);
    const counts: number[] = Array.from({ length: placed.length + 1 }, () => 0);
    for (const ballot of approvers[candidate]!) counts[have[ballot]!]!++;
    return sumOfParts(counts);
  };
  return {
    score,
    best: (rest, placed) => highest(rest, (candidate) => score(candidate, placed)),
  };
};

export const proportional = defineRule<Approval>({
  name: "proportional",
  reads: "approval",
  what: "seat by seat whoever adds most, where a user's further choices count 1/2, 1/3, ...",
  score: "what it adds",
  choose: (election) => placeAll(election, seatBySeat(election, approversOf(election))),
});

export const proportionalExact = defineRule<Approval>({
  name: "proportional-exact",
  reads: "approval",
  what: "the set of which users have most, where a user's further choices count 1/2, 1/3, ...",
  score: "what it adds",
  choose(election) {
    const approvers = approversOf(election);
    const have = new Uint32Array(election.ballots.length);
    const value = (slate: readonly number[]): number => {
      have.fill(0);
      const counts: number[] = slate.map(() => 0);
      for (const candidate of slate) for (const ballot of approvers[candidate]!) counts[have[ballot]!++]!++;
      return Math.round(sumOfParts(counts) * 1e9);
    };
    const compare = (one: number, other: number): number => one - other;
    return chooseSlate(election, { value, compare }, seatBySeat(election, approvers));
  },
});
