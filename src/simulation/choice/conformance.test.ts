// What every rule does, whatever it counts: nobody's ballot weighs more, no name weighs more, equal seeds give equal
// outcomes, and what all want alone comes first.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { type Ballot, decide, type Election, ruleNames } from "./index.ts";

const line = { tiers: 1, atLeast: 0.5 };
const letters = ["a", "b", "c", "d", "e"];

/** Rankings with ties and gaps: each candidate's tier, 3 for those that are not ranked. */
const rankingOf = (voter: string, tiers: readonly number[]): Ballot => ({
  type: "ranking",
  voter,
  tiers: [0, 1, 2]
    .map((tier) => letters.filter((_, at) => tiers[at] === tier && at < tiers.length))
    .filter((tier) => tier.length > 0),
});

const ballotOf = (candidates: number, voter: string): fc.Arbitrary<Ballot> => {
  const named = letters.slice(0, candidates);
  const tiers = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: candidates, maxLength: candidates });
  return fc.oneof(
    tiers.map((each) => rankingOf(voter, each)),
    fc.subarray(named).map((approved): Ballot => ({ type: "approval", voter, approved })),
    tiers.map(
      (each): Ballot => ({
        type: "utility",
        voter,
        utilities: Object.fromEntries(named.map((name, at) => [name, each[at]! / 10])),
      }),
    ),
  );
};

const elections: fc.Arbitrary<Election> = fc
  .record({
    candidates: fc.integer({ min: 1, max: 5 }),
    voters: fc.integer({ min: 0, max: 7 }),
    seed: fc.nat(),
  })
  .chain(({ candidates, voters, seed }) =>
    fc.record({
      candidates: fc.constant(letters.slice(0, candidates)),
      ballots: fc.tuple(...Array.from({ length: voters }, (_, at) => ballotOf(candidates, `voter ${at}`))),
      seats: fc.integer({ min: 1, max: candidates }),
      seed: fc.constant(seed),
    }),
  );

const renamed = (ballot: Ballot, name: (candidate: string) => string): Ballot => {
  switch (ballot.type) {
    case "ranking":
      return { ...ballot, tiers: ballot.tiers.map((tier) => tier.map(name)) };
    case "approval":
      return { ...ballot, approved: ballot.approved.map(name) };
    case "utility": {
      const entries = Object.entries(ballot.utilities);
      return {
        ...ballot,
        utilities: Object.fromEntries(entries.map(([one, worth]) => [name(one), worth])),
      };
    }
    default:
      return ballot satisfies never;
  }
};

describe.each(ruleNames)("%s", (rule) => {
  it("places every candidate once and chooses as many as there are seats", () => {
    fc.assert(
      fc.property(elections, (election) => {
        const { chosen, ranking } = decide(rule, election, line);
        const names = ranking.map(({ candidate }) => candidate);
        expect([...names].sort()).toEqual(election.candidates);
        expect(chosen).toEqual(names.slice(0, election.seats));
      }),
    );
  });

  it("is anonymous: the order of the ballots changes nothing, scores and lots included", () => {
    fc.assert(
      fc.property(elections, fc.nat(), (election, seed) => {
        const ballots = createRandom(seed).shuffle(election.ballots);
        expect(decide(rule, { ...election, ballots }, line)).toEqual(decide(rule, election, line));
      }),
    );
  });

  it("is neutral: under other names the same places are chosen", () => {
    const name = (candidate: string): string => `zyxwv`[letters.indexOf(candidate)]!;
    fc.assert(
      fc.property(elections, (election) => {
        const { ballots, candidates } = election;
        const under = {
          ...election,
          candidates: candidates.map(name),
          ballots: ballots.map((ballot) => renamed(ballot, name)),
        };
        const before = decide(rule, election, line);
        expect(decide(rule, under, line)).toEqual({
          chosen: before.chosen.map(name),
          ranking: before.ranking.map(({ candidate, score }) => ({ candidate: name(candidate), score })),
          lots: before.lots.map((lot) => lot.map(name)),
        });
      }),
    );
  });

  it("gives the same outcome again for the same seed, and lets the seed decide between equals alone", () => {
    const equal = { candidates: letters, ballots: [], seats: 2 };
    const of = (seed: number) => decide(rule, { ...equal, seed }, line);
    expect(of(3)).toEqual(of(3));
    expect(of(3).lots[0]).toEqual(letters);
    const firsts = new Set(Array.from({ length: 60 }, (_, seed) => of(seed).chosen[0]));
    expect(firsts.size).toBe(letters.length);
    const ballots: Ballot[] = [{ type: "ranking", voter: "one", tiers: [["c"], ["a"], ["e"], ["b"], ["d"]] }];
    const single = { candidates: letters, ballots, seats: 1 };
    for (let seed = 0; seed < 20; seed++)
      expect(decide(rule, { ...single, seed }, line).chosen).toEqual(["c"]);
  });

  it("is unanimous: a candidate whom everybody wants before all others is chosen first", () => {
    const alone = fc.record({
      winner: fc.constantFrom(...letters),
      others: fc.array(fc.shuffledSubarray(letters, { minLength: 5 }), { minLength: 1, maxLength: 6 }),
      seats: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(alone, ({ winner, others, seats, seed }) => {
        const ballots = others.map((order, at): Ballot => {
          const rest = order.filter((candidate) => candidate !== winner).map((one) => [one]);
          return { type: "ranking", voter: `voter ${at}`, tiers: [[winner], ...rest] };
        });
        const { chosen } = decide(rule, { candidates: letters, ballots, seats, seed }, line);
        expect(chosen).toContain(winner);
        if (seats === 1) expect(chosen).toEqual([winner]);
      }),
    );
  });

  it("refuses a vote that cannot be counted and says whose ballot it is", () => {
    const count = (more: object) => () =>
      decide(rule, { candidates: ["a", "b"], ballots: [], seats: 1, seed: 0, ...more }, line);
    expect(count({ seats: 3 })).toThrow("got 3 seats, expected 1 to 2");
    expect(count({ candidates: ["a", "a"] })).toThrow("a candidate is named twice");
    const of = (...approved: readonly string[]) => ({ type: "approval", voter: "Ann", approved });
    expect(count({ ballots: [of("x")] })).toThrow('"Ann" names "x", who is no candidate');
    expect(count({ ballots: [of("a", "a")] })).toThrow('"Ann" names a candidate twice');
    expect(count({ ballots: [of("a"), of("b")] })).toThrow('"Ann" votes twice');
    const utility = { type: "utility", voter: "Ann", utilities: { a: Number.NaN } };
    expect(count({ ballots: [utility] })).toThrow("a utility that is no number");
  });
});
