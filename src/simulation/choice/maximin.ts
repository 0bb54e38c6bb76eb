// The worst-off user first (Rawls 1971; leximin: Sen 1970): a user's welfare is the sum of what the chosen are worth to
// them; of two sets the one is better whose worst-off user has more, among equals whose second worst-off has more, and so
// on. Seat by seat, or the best set of all. Utilities count in billionths, so that sums are exact.

import type { Utility } from "./ballot.ts";
import { defineRule, type Election, type Placing, placeAll } from "./rule.ts";
import { chooseSlate } from "./slates.ts";

const unit = 1e9;

/** worth[candidate][user], in billionths. */
const worthOf = ({ candidates, ballots }: Election<Utility>): readonly Float64Array[] => {
  const utilities = ballots.map((ballot) => new Map(Object.entries(ballot.utilities)));
  return candidates.map((candidate) =>
    Float64Array.from(utilities, (of) => Math.round((of.get(candidate) ?? 0) * unit)),
  );
};

/** More than 0 where the first is better; both in ascending order. */
const compareWelfare = (one: Float64Array, other: Float64Array): number => {
  for (let at = 0; at < one.length; at++) {
    const difference = one[at]! - other[at]!;
    if (difference !== 0) return difference;
  }
  return 0;
};

const welfareOf = (worth: readonly Float64Array[], slate: readonly number[], users: number): Float64Array => {
  const sums = new Float64Array(users);
  for (const candidate of slate) {
    const worths = worth[candidate]!;
    for (let user = 0; user < users; user++) sums[user] = sums[user]! + worths[user]!;
  }
  return sums;
};

const seatBySeat = ({ ballots }: Election<Utility>, worth: readonly Float64Array[]): Placing => ({
  best(rest, placed) {
    const before = welfareOf(worth, placed, ballots.length);
    let best: number[] = [];
    let most: Float64Array | undefined;
    for (const candidate of rest) {
      const here = before.map((sum, user) => sum + worth[candidate]![user]!).sort();
      const order = most === undefined ? 1 : compareWelfare(here, most);
      if (order > 0) {
        best = [];
        most = here;
      }
      if (order >= 0) best.push(candidate);
    }
    return best;
  },
  score(candidate, placed) {
    const least = welfareOf(worth, [...placed, candidate], ballots.length).reduce(
      (one, other) => Math.min(one, other),
      Number.POSITIVE_INFINITY,
    );
    return ballots.length === 0 ? 0 : least / unit;
  },
});

export const maximin = defineRule<Utility>({
  name: "maximin",
  reads: "utility",
  what: "seat by seat whoever leaves the worst-off user best off",
  score: "welfare of the worst-off user with it",
  choose: (election) => placeAll(election, seatBySeat(election, worthOf(election))),
});

export const maximinExact = defineRule<Utility>({
  name: "maximin-exact",
  reads: "utility",
  what: "the set that leaves the worst-off user best off",
  score: "welfare of the worst-off user with it",
  choose(election) {
    const worth = worthOf(election);
    const value = (slate: readonly number[]): Float64Array =>
      welfareOf(worth, slate, election.ballots.length).sort();
    return chooseSlate(election, { value, compare: compareWelfare }, seatBySeat(election, worth));
  },
});
