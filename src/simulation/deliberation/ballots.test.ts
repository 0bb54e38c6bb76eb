// Ballots from support: what is missing speaks neither for nor against a candidate, and is never a zero.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ruleNames } from "../choice/index.ts";
import { ballotsOf, countBallots, type SupportTable, tableOf } from "./ballots.ts";

const support = fc.option(fc.integer({ min: 0, max: 10 }), { nil: null });
const table: fc.Arbitrary<SupportTable> = fc
  .record({ users: fc.integer({ min: 1, max: 6 }), candidates: fc.integer({ min: 1, max: 5 }) })
  .chain(({ users, candidates }) =>
    fc
      .array(fc.array(support, { minLength: candidates, maxLength: candidates }), {
        minLength: users,
        maxLength: users,
      })
      .map((rows) => ({
        users: rows.map((_, at) => `user-${at + 1}`),
        candidates: Array.from({ length: candidates }, (_, at) => `principle-${at + 1}`),
        support: rows,
      })),
  );
const line = fc.integer({ min: 0, max: 10 });

const given = (row: readonly (number | null)[]): number[] => row.filter((one) => one !== null);

describe("ballots from support", () => {
  it("hold every number as it was given, and the user's own mean where one is missing", () => {
    fc.assert(
      fc.property(table, line, (said, from) => {
        for (const { voter, utilities } of ballotsOf(said, from).utilities) {
          const row = said.support[said.users.indexOf(voter)]!;
          const own = given(row);
          const mean = own.reduce((sum, one) => sum + one, 0) / own.length;
          for (const [at, candidate] of said.candidates.entries())
            expect(utilities[candidate]).toBe(row[at] ?? mean);
        }
      }),
    );
  });

  it("approve what was given from the line on, and nothing that is missing", () => {
    fc.assert(
      fc.property(table, line, (said, from) => {
        for (const { voter, approved } of ballotsOf(said, from).approvals) {
          const row = said.support[said.users.indexOf(voter)]!;
          expect(approved).toEqual(said.candidates.filter((_, at) => (row[at] ?? -1) >= from));
        }
      }),
    );
  });

  it("are there for everybody who gave a number, and the others are named", () => {
    fc.assert(
      fc.property(table, line, (said, from) => {
        const { utilities, approvals, unheard } = ballotsOf(said, from);
        const heard = said.users.filter((_, at) => given(said.support[at]!).length > 0);
        expect(utilities.map(({ voter }) => voter)).toEqual(heard);
        expect(approvals.map(({ voter }) => voter)).toEqual(heard);
        expect([...heard, ...unheard].sort()).toEqual([...said.users].sort());
      }),
    );
  });

  it("let no choice by rankings depend on a user who says the same of everything", () => {
    fc.assert(
      fc.property(table, line, fc.integer({ min: 0, max: 10 }), (said, seed, level) => {
        const { candidates } = said;
        if (ballotsOf(said, 6).utilities.length === 0) return;
        const more: SupportTable = {
          candidates,
          users: [...said.users, "even"],
          support: [...said.support, candidates.map((_, at) => (at % 2 === 0 ? level : null))],
        };
        const chosenOf = (votes: SupportTable) =>
          (["borda", "schulze"] as const).map(
            (rule) => countBallots(rule, ballotsOf(votes, 6), { candidates, seats: 1, seed }).chosen,
          );
        expect(chosenOf(more)).toEqual(chosenOf(said));
      }),
    );
  });
});

describe("counting", () => {
  it("gives every rule's set of so many seats with its welfare, from the same ballots", () => {
    fc.assert(
      fc.property(table, fc.integer(), (said, seed) => {
        const ballots = ballotsOf(said, 6);
        if (ballots.utilities.length === 0) return;
        const { candidates } = said;
        for (const seats of [1, candidates.length])
          for (const rule of ruleNames) {
            const { chosen, welfare, leftOut } = countBallots(rule, ballots, { candidates, seats, seed });
            expect(chosen).toHaveLength(seats);
            expect(welfare.users.map(({ voter }) => voter)).toEqual(
              ballots.utilities.map(({ voter }) => voter),
            );
            if (seats === candidates.length) expect(leftOut).toEqual([]);
          }
      }),
      { numRuns: 30 },
    );
  });

  it("by maximin-exact leaves nobody worse off than the worst-off user of any other rule", () => {
    fc.assert(
      fc.property(table, (said) => {
        const ballots = ballotsOf(said, 6);
        if (ballots.utilities.length === 0) return;
        const { candidates } = said;
        const seats = Math.min(2, candidates.length);
        const leastBy = (rule: (typeof ruleNames)[number]): number =>
          countBallots(rule, ballots, { candidates, seats, seed: 1 }).welfare.rawlsian;
        for (const rule of ruleNames)
          expect(leastBy("maximin-exact")).toBeGreaterThanOrEqual(leastBy(rule) - 1e-6);
      }),
    );
  });
});

describe("a table of support", () => {
  it("takes numbers by user and candidate in any order, and knows nothing of strangers", () => {
    const said = tableOf(
      ["a", "b"],
      ["x", "y"],
      [
        { user: "b", candidate: "x", support: 0 },
        { user: "a", candidate: "y", support: 3 },
        { user: "b", candidate: "y", support: null },
        { user: "c", candidate: "y", support: 9 },
        { user: "a", candidate: "z", support: 9 },
      ],
    );
    expect(said.support).toEqual([
      [null, 3],
      [0, null],
    ]);
  });
});
