// What a rule of social choice is: ballots, candidates, seats and a seed go in, the chosen set comes out, with a ranking of
// all candidates and the scores that say why. Equals are told apart by lot: the seed shuffles the places of the list of
// candidates, and whoever's place comes first wins. So an outcome depends neither on the order of the ballots nor on names.

import { createRandom, deriveSeed, UserError } from "../../core/index.ts";
import { type Ballot, namedIn } from "./ballot.ts";

/** candidates: their names, each once. seats: how many are chosen, 1 to all of them. */
export type Election<Kind extends Ballot = Ballot> = {
  readonly candidates: readonly string[];
  readonly ballots: readonly Kind[];
  readonly seats: number;
  readonly seed: number;
};

/** A candidate at its place. score: what it had when it was placed, in the rule's own unit. */
export type Placed = { readonly candidate: string; readonly score: number };

/**
 * chosen: the first of the ranking, as many as there are seats. ranking: all candidates. lots: candidates that the rule
 * held to be equal, so that the seed told them apart.
 */
export type Outcome = {
  readonly chosen: readonly string[];
  readonly ranking: readonly Placed[];
  readonly lots: readonly (readonly string[])[];
};

/** reads: the kind of ballots. what: in a sentence. score: what a score counts. */
export type Rule<Kind extends Ballot> = {
  readonly name: string;
  readonly reads: Kind["type"];
  readonly what: string;
  readonly score: string;
  /** Throws UserError election-invalid where names, ballots or seats do not fit. */
  choose(election: Election<Kind>): Outcome;
};

const fault = (problem: string, facts: object): UserError =>
  new UserError("election-invalid", `This vote cannot be counted: ${problem}.`, { ...facts });

/** Throws UserError election-invalid with what does not fit and whose ballot it is. */
export const checkElection = ({ candidates, ballots, seats }: Election): void => {
  const known = new Set(candidates);
  if (known.size < candidates.length) throw fault("a candidate is named twice", { candidates });
  if (!Number.isInteger(seats) || seats < 1 || seats > candidates.length)
    throw fault(`got ${seats} seats, expected 1 to ${candidates.length}, the number of candidates`, {
      seats,
    });
  const voters = new Set<string>();
  for (const ballot of ballots) {
    const { voter } = ballot;
    if (voters.has(voter)) throw fault(`"${voter}" votes twice`, { voter });
    voters.add(voter);
    const named = namedIn(ballot);
    const unknown = named.find((candidate) => !known.has(candidate));
    if (unknown !== undefined) throw fault(`"${voter}" names "${unknown}", who is no candidate`, { voter });
    if (new Set(named).size < named.length) throw fault(`"${voter}" names a candidate twice`, { voter });
    if (ballot.type === "utility" && !Object.values(ballot.utilities).every(Number.isFinite))
      throw fault(`"${voter}" gives a utility that is no number`, { voter });
  }
};

/** Scores that differ by less than rounding are equal. */
export const rounded = (score: number): number => Math.round(score * 1e9) / 1e9;

/** Candidates by their places in the list, from 0. */
export type Lottery = (candidates: readonly number[]) => number;

/** Who of several wins by lot. */
export const drawLots = ({ candidates, seed }: Election): Lottery => {
  const order = createRandom(deriveSeed(seed, "lots")).order(candidates.length);
  const turn = new Uint32Array(order.length);
  order.forEach((candidate, at) => {
    turn[candidate] = at;
  });
  return (among) => among.reduce((first, one) => (turn[one]! < turn[first]! ? one : first));
};

/**
 * How a rule fills one place after the other. best: those of the rest that come next, more than one where they are
 * equal; score: of a candidate when `placed` stand before it.
 */
export type Placing = {
  best(rest: readonly number[], placed: readonly number[]): readonly number[];
  score(candidate: number, placed: readonly number[]): number;
};

/** Those with the highest score. */
export const highest = (rest: readonly number[], score: (candidate: number) => number): number[] => {
  const scores = rest.map((candidate) => rounded(score(candidate)));
  const most = scores.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
  return rest.filter((_, at) => scores[at] === most);
};

/** Fills all places. */
export const placeAll = (
  election: Election,
  { best, score }: Placing,
  lottery = drawLots(election),
): Outcome => {
  const { candidates, seats } = election;
  const name = (candidate: number): string => candidates[candidate] as string;
  let rest = candidates.map((_, candidate) => candidate);
  const placed: number[] = [];
  const ranking: Placed[] = [];
  const lots: (readonly string[])[] = [];
  while (rest.length > 0) {
    const equals = best(rest, placed);
    const next = lottery(equals);
    const names = equals.map(name);
    if (names.length > 1 && !names.every((one) => lots.at(-1)?.includes(one) === true)) lots.push(names);
    ranking.push({ candidate: name(next), score: rounded(score(next, placed)) });
    placed.push(next);
    rest = rest.filter((candidate) => candidate !== next);
  }
  return { chosen: ranking.slice(0, seats).map(({ candidate }) => candidate), ranking, lots };
};

/** A rule whose election is checked before it counts. */
export const defineRule = <Kind extends Ballot>(rule: Rule<Kind>): Rule<Kind> => ({
  ...rule,
  choose(election) {
    checkElection(election);
    return rule.choose(election);
  },
});

/** The places of names in the list of candidates. */
export const placesOf = ({ candidates }: Pick<Election, "candidates">): ReadonlyMap<string, number> =>
  new Map(candidates.map((candidate, at) => [candidate, at]));
