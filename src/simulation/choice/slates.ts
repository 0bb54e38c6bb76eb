// Sets of candidates that are best as sets, found by looking at every one of them: slow, obvious, and only for few
// candidates. What makes a set good is said by whoever asks.

import { UserError } from "../../core/index.ts";
import { drawLots, type Election, type Outcome, type Placing, placeAll } from "./rule.ts";

/** Sets that may be looked at, times ballots: some seconds. */
const mostWork = 50_000_000;

const countSlates = (candidates: number, seats: number): number => {
  let count = 1;
  for (let seat = 1; seat <= seats; seat++) count = (count * (candidates - seats + seat)) / seat;
  return Math.round(count);
};

/** Whether all sets of so many seats can be compared. */
export const canCompareSlates = (candidates: number, seats: number, ballots: number): boolean =>
  countSlates(candidates, seats) * Math.max(1, ballots) <= mostWork;

/** Every set of so many places, each in ascending order. */
export function* slatesOf(candidates: number, seats: number): Generator<readonly number[]> {
  const slate = Array.from({ length: seats }, (_, at) => at);
  for (;;) {
    yield slate;
    let at = seats - 1;
    while (at >= 0 && slate[at] === candidates - seats + at) at--;
    if (at < 0) return;
    slate[at] = slate[at]! + 1;
    for (let next = at + 1; next < seats; next++) slate[next] = slate[next - 1]! + 1;
  }
}

/** How sets are compared. compare: more than 0 where the first is the better one. */
export type SlateOrder<Value> = {
  value(slate: readonly number[]): Value;
  compare(one: Value, other: Value): number;
};

const findBest = <Value>(
  { candidates, seats, ballots }: Election,
  { value, compare }: SlateOrder<Value>,
): (readonly number[])[] => {
  if (!canCompareSlates(candidates.length, seats, ballots.length))
    throw new UserError(
      "slates-too-many",
      `There are ${countSlates(candidates.length, seats).toLocaleString("en-US")} sets of ${seats} of ${candidates.length} candidates, too many to compare all of them. Choose fewer seats or candidates, or the rule that fills one seat after the other.`,
      { candidates: candidates.length, seats },
    );
  let best: (readonly number[])[] = [];
  let most: Value | undefined;
  for (const slate of slatesOf(candidates.length, seats)) {
    const here = value(slate);
    const order = most === undefined ? 1 : compare(here, most);
    if (order < 0) continue;
    if (order > 0) {
      best = [];
      most = here;
    }
    best.push([...slate]);
  }
  return best;
};

/** Of equal sets the one that the lot favours: who is drawn first must be in it, and so on. */
const drawSlate = (slates: readonly (readonly number[])[], lottery: (among: number[]) => number) => {
  let left = slates;
  const certain = new Set<number>();
  while (left.length > 1) {
    const open = [...new Set(left.flat())].filter((candidate) => !certain.has(candidate));
    const next = lottery(open);
    certain.add(next);
    left = left.filter((slate) => slate.includes(next));
  }
  return left[0]!;
};

/**
 * The outcome whose chosen set is the best of all. The order within it, and of the rest after it, is that of the placing.
 * Throws UserError slates-too-many.
 */
export const chooseSlate = <Value>(
  election: Election,
  order: SlateOrder<Value>,
  { best, score }: Placing,
): Outcome => {
  const lottery = drawLots(election);
  const slates = findBest(election, order);
  const slate = drawSlate(slates, lottery);
  const inside = new Set(slate);
  const outcome = placeAll(
    election,
    {
      best(rest, placed) {
        const first = rest.filter((candidate) => inside.has(candidate));
        return best(first.length > 0 ? first : rest, placed);
      },
      score,
    },
    lottery,
  );
  if (slates.length === 1) return outcome;
  const open = [...new Set(slates.flat())].filter(
    (candidate) => !slates.every((one) => one.includes(candidate)),
  );
  const names = open.sort((one, other) => one - other).map((candidate) => election.candidates[candidate]!);
  return { ...outcome, lots: [names, ...outcome.lots] };
};
