// Rules that add up points a ballot: plurality, approval, Borda. The points are counted in whole numbers wherever they can
// be, so that sums do not depend on the order of the ballots.

import type { Approval, Ballot, Ranking } from "./ballot.ts";
import { defineRule, type Election, highest, type Outcome, placeAll, placesOf } from "./rule.ts";

const byScores = (election: Election, scores: ArrayLike<number>): Outcome => {
  const score = (candidate: number): number => scores[candidate] ?? 0;
  return placeAll(election, { best: (rest) => highest(rest, score), score });
};

/** Adds points to candidates by their places in the list. */
const addUp = <Kind extends Ballot>(
  election: Election<Kind>,
  points: (ballot: Kind, add: (candidate: string, points: number) => void) => void,
): Float64Array => {
  const places = placesOf(election);
  const sums = new Float64Array(election.candidates.length);
  for (const ballot of election.ballots) {
    points(ballot, (candidate, more) => {
      const at = places.get(candidate)!;
      sums[at] = sums[at]! + more;
    });
  }
  return sums;
};

/** First choices alone. Several first choices share one vote: counted by how many share it, then divided. */
export const plurality = defineRule<Ranking>({
  name: "plurality",
  reads: "ranking",
  what: "whoever most users rank first",
  score: "first choices",
  choose(election) {
    const sharers = [...new Set(election.ballots.map(({ tiers }) => tiers[0]?.length ?? 0))].sort(
      (one, other) => one - other,
    );
    const scores = new Float64Array(election.candidates.length);
    for (const shared of sharers.filter((number) => number > 0)) {
      const firsts = addUp(election, ({ tiers }, add) => {
        const first = tiers[0] ?? [];
        if (first.length === shared) for (const candidate of first) add(candidate, 1);
      });
      firsts.forEach((count, at) => {
        scores[at] = scores[at]! + count / shared;
      });
    }
    return byScores(election, scores);
  },
});

export const approval = defineRule<Approval>({
  name: "approval",
  reads: "approval",
  what: "whoever most users approve",
  score: "approvals",
  choose: (election) =>
    byScores(
      election,
      addUp(election, ({ approved }, add) => {
        for (const candidate of approved) add(candidate, 1);
      }),
    ),
});

/**
 * Borda's count with averaged points: of each ballot as many points as candidates stand below, and half a point for each
 * equal. So every ballot gives as many points in all, whether it ranks few or many.
 */
export const borda = defineRule<Ranking>({
  name: "borda",
  reads: "ranking",
  what: "whoever stands above most others, over all ballots",
  score: "Borda points",
  choose(election) {
    const count = election.candidates.length;
    const doubled = addUp(election, ({ tiers }, add) => {
      const named = new Set(tiers.flat());
      const unnamed = election.candidates.filter((candidate) => !named.has(candidate));
      let below = count;
      for (const tier of [...tiers, unnamed]) {
        below -= tier.length;
        for (const candidate of tier) add(candidate, 2 * below + tier.length - 1);
      }
    });
    return byScores(
      election,
      doubled.map((points) => points / 2),
    );
  },
});
