// Schulze's method (Schulze 2011, Social Choice and Welfare 36): a candidate beats another when its strongest path of won
// comparisons to the other is stronger than the way back; a path is as strong as its weakest comparison, in votes that
// won it. Deviation: none; where the relation leaves several unbeaten, the lot decides and the rest is looked at again.

import type { Ranking } from "./ballot.ts";
import { defineRule, type Election, placeAll, placesOf } from "./rule.ts";

/** preferred[i * count + j]: how many users rank candidate i above candidate j. What is not ranked is below all that is. */
export const comparePairs = ({ candidates, ballots }: Election<Ranking>): Uint32Array => {
  const places = placesOf({ candidates });
  const count = candidates.length;
  const preferred = new Uint32Array(count * count);
  const tierOf = new Uint32Array(count);
  for (const { tiers } of ballots) {
    tierOf.fill(tiers.length);
    tiers.forEach((tier, at) => {
      for (const candidate of tier) tierOf[places.get(candidate)!] = at;
    });
    for (let one = 0; one < count; one++) {
      for (let other = 0; other < count; other++)
        if (tierOf[one]! < tierOf[other]!) preferred[one * count + other]!++;
    }
  }
  return preferred;
};

/** strongest[i * count + j]: the strength of the strongest path from i to j, by Floyd and Warshall's way; 0 without one. */
export const strongestPaths = (preferred: Uint32Array, count: number): Uint32Array => {
  const strongest = new Uint32Array(count * count);
  for (let one = 0; one < count; one++) {
    for (let other = 0; other < count; other++) {
      const votes = preferred[one * count + other]!;
      if (votes > preferred[other * count + one]!) strongest[one * count + other] = votes;
    }
  }
  for (let over = 0; over < count; over++) {
    for (let from = 0; from < count; from++) {
      if (from === over) continue;
      for (let to = 0; to < count; to++) {
        if (to === from || to === over) continue;
        const detour = Math.min(strongest[from * count + over]!, strongest[over * count + to]!);
        if (detour > strongest[from * count + to]!) strongest[from * count + to] = detour;
      }
    }
  }
  return strongest;
};

export const schulze = defineRule<Ranking>({
  name: "schulze",
  reads: "ranking",
  what: "whoever no other beats, directly or over a path of comparisons",
  score: "candidates beaten by the stronger path",
  choose(election) {
    const count = election.candidates.length;
    const strongest = strongestPaths(comparePairs(election), count);
    const beats = (one: number, other: number): boolean =>
      strongest[one * count + other]! > strongest[other * count + one]!;
    const all = election.candidates.map((_, candidate) => candidate);
    return placeAll(election, {
      best: (rest) => rest.filter((candidate) => !rest.some((other) => beats(other, candidate))),
      score: (candidate) => all.filter((other) => beats(candidate, other)).length,
    });
  },
});
