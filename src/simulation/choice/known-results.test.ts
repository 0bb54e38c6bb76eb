// Results that are known: published examples, and for every property that a rule is said to have a search for a
// counterexample; of those that a rule has not, the counterexample itself.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Ballot, decide, type Ranking, type RuleName, ruleNames, rules } from "./index.ts";

const line = { tiers: 1, atLeast: 0.5 };

/** "5 ACBED": five voters who rank so. */
const profile = (...lines: readonly string[]): Ranking[] =>
  lines.flatMap((text) => {
    const [count, order] = text.split(" ") as [string, string];
    const tiers = [...order].map((letter) => [letter]);
    return Array.from({ length: Number(count) }, (_, at) => ({
      type: "ranking" as const,
      voter: `${order} ${at}`,
      tiers,
    }));
  });

const rank = (rule: RuleName, candidates: string, ballots: readonly Ballot[], seats = 1, seed = 0) =>
  decide(rule, { candidates: [...candidates], ballots, seats, seed }, line);
const order = (...args: Parameters<typeof rank>): string =>
  rank(...args)
    .ranking.map(({ candidate }) => candidate)
    .join("");

describe("Schulze's method", () => {
  // Schulze's first example: 45 voters, five candidates.
  const published = profile(
    ...["5 ACBED", "5 ADECB", "8 BEDAC", "3 CABED", "7 CAEBD", "2 CBADE", "7 DCEBA", "8 EBADC"],
  );

  it("gives the published order E A C B D", () => {
    const outcome = rank("schulze", "ABCDE", published);
    expect(outcome.ranking).toEqual([
      { candidate: "E", score: 4 },
      { candidate: "A", score: 3 },
      { candidate: "C", score: 2 },
      { candidate: "B", score: 1 },
      { candidate: "D", score: 0 },
    ]);
    expect(outcome.lots).toEqual([]);
  });

  it("breaks a cycle of majorities at its weakest comparison", () => {
    // A over B 7 to 2, B over C 6 to 3, C over A 5 to 4.
    const cycle = profile("4 ABC", "2 BCA", "3 CAB");
    expect(order("schulze", "ABC", cycle)).toBe("ABC");
  });

  it("leaves a cycle of equals to the lot", () => {
    const cycle = profile("1 ABC", "1 BCA", "1 CAB");
    expect(rank("schulze", "ABC", cycle).lots[0]).toEqual(["A", "B", "C"]);
  });

  it("takes what is not ranked for worse than all that is, and among itself for equal", () => {
    const ballots = [...profile("2 A", "3 B"), ...profile("2 AC")];
    expect(order("schulze", "ABC", ballots)).toBe("ABC");
  });
});

describe("the winner of all comparisons (Condorcet)", () => {
  // B beats A 3 to 2 and C 4 to 1; A has most first choices.
  const ballots = profile("2 ABC", "1 BAC", "1 BCA", "1 CBA");

  it("is chosen by Schulze's method, whatever the ballots", () => {
    fc.assert(
      fc.property(fc.array(fc.shuffledSubarray([..."ABCD"], { minLength: 4 }), { maxLength: 9 }), (votes) => {
        const cast = votes.flatMap((vote, at) =>
          profile(`1 ${vote.join("")}`).map((ballot) => ({ ...ballot, voter: String(at) })),
        );
        const beats = (one: string, other: string): boolean =>
          2 * votes.filter((vote) => vote.indexOf(one) < vote.indexOf(other)).length > votes.length;
        const winner = [..."ABCD"].find((one) =>
          [..."ABCD"].every((other) => one === other || beats(one, other)),
        );
        if (winner !== undefined) expect(rank("schulze", "ABCD", cast).chosen).toEqual([winner]);
      }),
    );
    expect(order("schulze", "ABC", ballots)).toBe("BAC");
  });

  it("can lose under plurality and under Borda's count", () => {
    expect(rank("plurality", "ABC", profile("4 ABC", "3 BCA", "2 CBA")).chosen).toEqual(["A"]);
    // A beats B and C 3 to 2, but B is never last.
    expect(rank("borda", "ABC", profile("3 ABC", "2 BCA")).chosen).toEqual(["B"]);
  });
});

const strict = fc.array(fc.shuffledSubarray([..."ABCD"], { minLength: 4 }), { minLength: 1, maxLength: 9 });
const castOf = (votes: readonly (readonly string[])[]): Ranking[] =>
  votes.map((vote, at) => ({ type: "ranking", voter: String(at), tiers: vote.map((one) => [one]) }));

describe.each(ruleNames)("monotonicity of %s", (rule) => {
  it("keeps a winner that moves up on a ballot", () => {
    fc.assert(
      fc.property(strict, fc.nat(), fc.nat({ max: 8 }), (votes, seed, which) => {
        const winner = rank(rule, "ABCD", castOf(votes), 1, seed).chosen[0]!;
        const raised = votes.map((vote, at) => {
          const from = vote.indexOf(winner);
          if (at !== which % votes.length || from === 0) return vote;
          const rest = vote.filter((one) => one !== winner);
          return [...rest.slice(0, from - 1), winner, ...rest.slice(from - 1)];
        });
        expect(rank(rule, "ABCD", castOf(raised), 1, seed).chosen).toEqual([winner]);
      }),
    );
  });
});

describe.each(ruleNames)("monotonicity of %s on other ballots", (rule) => {
  it("keeps a winner that one more voter approves", () => {
    const sets = fc.array(fc.subarray([..."ABCD"]), { minLength: 1, maxLength: 9 });
    const cast = (votes: readonly (readonly string[])[]): Ballot[] =>
      votes.map((approved, at) => ({ type: "approval", voter: String(at), approved }));
    fc.assert(
      fc.property(sets, fc.nat(), fc.nat({ max: 8 }), (votes, seed, which) => {
        const winner = rank(rule, "ABCD", cast(votes), 1, seed).chosen[0]!;
        const raised = votes.map((approved, at) =>
          at !== which % votes.length || approved.includes(winner) ? approved : [...approved, winner],
        );
        expect(rank(rule, "ABCD", cast(raised), 1, seed).chosen).toEqual([winner]);
      }),
    );
  });

  it("keeps a winner that is worth more to one voter", () => {
    const tenth = fc.integer({ min: 0, max: 10 }).map((value) => value / 10);
    const worths = fc.array(fc.record({ A: tenth, B: tenth, C: tenth, D: tenth }), {
      minLength: 1,
      maxLength: 9,
    });
    const cast = (votes: readonly Record<string, number>[]): Ballot[] =>
      votes.map((utilities, at) => ({ type: "utility", voter: String(at), utilities }));
    fc.assert(
      fc.property(worths, fc.nat(), fc.nat({ max: 8 }), tenth, (votes, seed, which, more) => {
        const winner = rank(rule, "ABCD", cast(votes), 1, seed).chosen[0]! as "A";
        const raised = votes.map((utilities, at) =>
          at === which % votes.length ? { ...utilities, [winner]: utilities[winner] + more } : utilities,
        );
        expect(rank(rule, "ABCD", cast(raised), 1, seed).chosen).toEqual([winner]);
      }),
    );
  });
});

describe("clones", () => {
  /** B stands twice, as B and as b, side by side on each ballot, in an order that differs from ballot to ballot. */
  const cloned = (votes: readonly (readonly string[])[]): string[][] =>
    votes.map((vote, at) =>
      vote.flatMap((one) => (one === "B" ? (at % 2 === 0 ? ["B", "b"] : ["b", "B"]) : [one])),
    );

  it("change nothing under Schulze's method: a winner stays, or is the clone", () => {
    fc.assert(
      fc.property(strict, (votes) => {
        const before = rank("schulze", "ABCD", castOf(votes));
        // Where the lot decides, another list of candidates is another lot.
        fc.pre(before.lots.length === 0);
        const after = rank("schulze", "ABCDb", castOf(cloned(votes)));
        fc.pre(after.lots.every((lot) => lot.every((one) => one.toUpperCase() === "B")));
        expect(after.chosen[0]!.toUpperCase()).toBe(before.chosen[0]);
      }),
      { numRuns: 300 },
    );
  });

  it("change nothing under approval, where they are approved together", () => {
    const of =
      (...approved: readonly string[]) =>
      (_: unknown, at: number) => ({
        type: "approval" as const,
        voter: `${approved} ${at}`,
        approved,
      });
    const times = (count: number, ...approved: readonly string[]) =>
      Array.from({ length: count }, of(...approved));
    expect(rank("approval", "AB", [...times(4, "B"), ...times(3, "A")]).chosen).toEqual(["B"]);
    const after = rank("approval", "ABb", [...times(4, "B", "b"), ...times(3, "A")]);
    expect(["B", "b"]).toContain(after.chosen[0]);
  });

  it("split plurality's votes: the winner loses once it stands twice", () => {
    const votes = profile("4 BA", "3 AB").map(({ tiers }) => tiers.flat());
    expect(rank("plurality", "AB", castOf(votes)).chosen).toEqual(["B"]);
    expect(rank("plurality", "ABb", castOf(cloned(votes))).chosen).toEqual(["A"]);
  });

  it("help each other under Borda's count: a loser wins once it stands twice", () => {
    const votes = profile("3 AB", "2 BA").map(({ tiers }) => tiers.flat());
    expect(rank("borda", "AB", castOf(votes)).chosen).toEqual(["A"]);
    expect(rank("borda", "ABb", profile("3 ABb", "2 BbA")).chosen).toEqual(["B"]);
  });
});

describe("proportional approval", () => {
  /** Parties: so many voters each, who approve the candidates of their own party alone. */
  const parties = (...sizes: readonly number[]): { candidates: string[]; ballots: Ballot[] } => {
    const lists = sizes.map((_, party) => Array.from({ length: 6 }, (_, at) => `${party}.${at}`));
    const ballots = sizes.flatMap((size, party) =>
      Array.from({ length: size }, (_, at) => ({
        type: "approval" as const,
        voter: `${party}/${at}`,
        approved: lists[party]!,
      })),
    );
    return { candidates: lists.flat(), ballots };
  };
  const seatsOf = (chosen: readonly string[], party: number): number =>
    chosen.filter((one) => one.startsWith(`${party}.`)).length;

  it("gives parties their seats by D'Hondt's rule, where approval gives the largest one all", () => {
    const { candidates, ballots } = parties(60, 30, 10);
    const election = { candidates, ballots, seats: 6, seed: 1 };
    const { chosen } = decide("proportional", election, line);
    expect([0, 1, 2].map((party) => seatsOf(chosen, party))).toEqual([4, 2, 0]);
    expect(seatsOf(decide("approval", election, line).chosen, 0)).toBe(6);
  });

  const approvals = fc.array(fc.subarray([..."ABCDE"]), { minLength: 1, maxLength: 8 });
  const worth = (ballots: readonly (readonly string[])[], chosen: readonly string[]): number =>
    ballots.reduce((sum, approved) => {
      const have = approved.filter((one) => chosen.includes(one)).length;
      return (
        sum + Array.from({ length: have }, (_, at) => 1 / (at + 1)).reduce((one, other) => one + other, 0)
      );
    }, 0);

  it("finds the best set of all where it is asked for, never a worse one than seat by seat", () => {
    fc.assert(
      fc.property(approvals, fc.integer({ min: 1, max: 5 }), fc.nat(), (votes, seats, seed) => {
        const ballots = votes.map(
          (approved, at): Ballot => ({ type: "approval", voter: String(at), approved }),
        );
        const exact = worth(votes, rank("proportional-exact", "ABCDE", ballots, seats, seed).chosen);
        const seatwise = worth(votes, rank("proportional", "ABCDE", ballots, seats, seed).chosen);
        expect(exact).toBeGreaterThanOrEqual(seatwise - 1e-9);
        const sets = [...Array(32).keys()]
          .map((bits) => [..."ABCDE"].filter((_, at) => (bits >> at) % 2 === 1))
          .filter((set) => set.length === seats);
        expect(exact).toBeCloseTo(Math.max(...sets.map((set) => worth(votes, set))), 9);
      }),
    );
  });

  it("seat by seat keeps whom fewer seats chose; the best set of all can drop them", () => {
    // A is approved by most. The best pair is B and C, which between them leave nobody out.
    const of = (count: number, approved: string): Ballot[] =>
      Array.from({ length: count }, (_, at) => ({
        type: "approval",
        voter: `${approved} ${at}`,
        approved: [...approved],
      }));
    const ballots = [...of(3, "AB"), ...of(3, "AC"), ...of(2, "B"), ...of(2, "C")];
    for (const rule of ["proportional", "proportional-exact"] as const)
      expect(rank(rule, "ABC", ballots, 1).chosen, rule).toEqual(["A"]);
    expect(rank("proportional", "ABC", ballots, 2).chosen).toContain("A");
    expect([...rank("proportional-exact", "ABC", ballots, 2).chosen].sort()).toEqual(["B", "C"]);
  });

  it("says when there are too many sets to look at", () => {
    const candidates = Array.from({ length: 60 }, (_, at) => String(at));
    const election = { candidates, ballots: [], seats: 30, seed: 0 };
    expect(() => decide("proportional-exact", election, line)).toThrow("too many to compare all of them");
  });
});

describe("the worst-off user first", () => {
  const of = (voter: string, utilities: Record<string, number>): Ballot => ({
    type: "utility",
    voter,
    utilities,
  });
  // Most want A and care little about the rest; one person can bear B alone.
  const ballots = [
    of("one", { A: 1, B: 0.6, C: 0.1 }),
    of("two", { A: 1, B: 0.6, C: 0.1 }),
    of("three", { A: 0, B: 0.5, C: 1 }),
  ];

  it("chooses what the worst-off can live with, where plurality serves most", () => {
    expect(rank("plurality", "ABC", ballots).chosen).toEqual(["A"]);
    const { ranking } = rank("maximin", "ABC", ballots);
    expect(ranking[0]).toEqual({ candidate: "B", score: 0.5 });
  });

  it("looks at the second worst-off where the worst-off have the same", () => {
    const same = [
      of("one", { A: 0.2, B: 0.2 }),
      of("two", { A: 0.4, B: 0.3 }),
      of("three", { A: 0.4, B: 1 }),
    ];
    expect(rank("maximin", "AB", same)).toMatchObject({ chosen: ["A"], lots: [] });
  });

  it("adds up over a set: the best set can hold nobody's second best", () => {
    // Seat by seat C comes first, since it leaves nobody with nothing; the best pair is A and B.
    const split = [of("one", { A: 1, C: 0.2 }), of("two", { B: 1, C: 0.2 })];
    expect(rank("maximin", "ABC", split, 2).chosen[0]).toBe("C");
    expect([...rank("maximin-exact", "ABC", split, 2).chosen].sort()).toEqual(["A", "B"]);
  });

  it("never leaves the worst-off with less than another rule's set does", () => {
    const users = fc.array(fc.record({ A: fc.nat(10), B: fc.nat(10), C: fc.nat(10), D: fc.nat(10) }), {
      minLength: 1,
      maxLength: 6,
    });
    const names = [...ruleNames];
    fc.assert(
      fc.property(users, fc.integer({ min: 1, max: 4 }), fc.constantFrom(...names), (worths, seats, rule) => {
        const cast = worths.map((utilities, at) => of(String(at), utilities));
        const least = (chosen: readonly string[]): number =>
          Math.min(
            ...worths.map((utilities) =>
              chosen.reduce((sum, one) => sum + utilities[one as keyof typeof utilities], 0),
            ),
          );
        const best = least(rank("maximin-exact", "ABCD", cast, seats).chosen);
        expect(best).toBeGreaterThanOrEqual(least(rank(rule, "ABCD", cast, seats).chosen));
      }),
    );
  });
});

describe("the rules", () => {
  it("say their own names", () => {
    for (const name of ruleNames) expect(rules[name].name).toBe(name);
  });
});
