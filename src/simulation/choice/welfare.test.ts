// How a set serves its users, in figures that can be worked out by hand; and how ballots of one kind become another.

import { describe, expect, it } from "vitest";
import {
  asApproval,
  asRanking,
  asUtility,
  type Ballot,
  leftOutOf,
  type Utility,
  welfareOf,
} from "./index.ts";

const of = (voter: string, utilities: Record<string, number>): Utility => ({
  type: "utility",
  voter,
  utilities,
});

describe("the welfare of a set", () => {
  const ballots = [
    of("one", { A: 1, B: 0.6 }),
    of("two", { A: 0.2, B: 0.2 }),
    of("three", { A: 0.1, B: 0.7 }),
  ];

  it("is the mean, the least and the geometric mean of what it is worth", () => {
    const { users, utilitarian, rawlsian, nash, worstOff } = welfareOf(ballots, ["A", "B"]);
    expect(users.map(({ utility }) => utility)).toEqual(
      [0.8, 0.2, 0.4].map((one) => expect.closeTo(one, 12)),
    );
    expect(utilitarian).toBeCloseTo(1.4 / 3, 12);
    expect(rawlsian).toBeCloseTo(0.2, 12);
    expect(nash).toBeCloseTo((0.8 * 0.2 * 0.4) ** (1 / 3), 12);
    expect(worstOff).toEqual(["two"]);
  });

  it("depends on no order, and equals are worst off together whatever way they come to it", () => {
    const worth = { A: 0.1, B: 0.2, C: 0.3 };
    const [up, down] = [
      ["A", "B", "C"],
      ["C", "B", "A"],
    ].map((chosen) => welfareOf([of("one", worth)], chosen));
    expect(up).toEqual(down);
    // 0.1 + 0.7 is not 0.8 to the last bit.
    const equals = [
      of("one", { A: 0.1, B: 0.7 }),
      of("two", { A: 0.4, B: 0.4 }),
      of("three", { A: 1, B: 1 }),
    ];
    expect(welfareOf(equals, ["A", "B"]).worstOff).toEqual(["one", "two"]);
  });

  it("has no product where somebody has nothing or less", () => {
    expect(welfareOf([of("one", { A: 1 }), of("two", {})], ["A"]).nash).toBe(0);
    expect(welfareOf([of("one", { A: 1 }), of("two", { A: -1 })], ["A"]).nash).toBeNull();
  });
});

describe("who is left out", () => {
  it("approved something, but nothing that was chosen", () => {
    const approves = (voter: string, ...approved: readonly string[]) =>
      ({ type: "approval", voter, approved }) as const;
    const ballots = [approves("one", "A", "B"), approves("two", "C"), approves("three")];
    expect(leftOutOf(ballots, ["A"])).toEqual({ leftOut: ["two"], silent: ["three"] });
  });
});

describe("ballots of another kind", () => {
  const line = { tiers: 2, atLeast: 0.5 };
  const ranking: Ballot = { type: "ranking", voter: "one", tiers: [["A"], ["B", "C"]] };
  const approval: Ballot = { type: "approval", voter: "one", approved: ["A", "B"] };
  const utility = of("one", { A: 0.5, B: 0.9, C: 0.5, D: 0 });

  it("are made as the kind says", () => {
    expect(asRanking(utility)).toMatchObject({ tiers: [["B"], ["A", "C"], ["D"]] });
    expect(asRanking(approval)).toMatchObject({ tiers: [["A", "B"]] });
    expect(asApproval(ranking, line)).toMatchObject({ approved: ["A", "B", "C"] });
    expect(asApproval(utility, line)).toMatchObject({ approved: ["A", "B", "C"] });
    expect(asUtility(approval, ["A", "B", "C"])).toMatchObject({ utilities: { A: 1, B: 1 } });
    expect(asUtility(ranking, ["A", "B", "C", "D", "E"])).toMatchObject({
      utilities: { A: 1, B: 0.625, C: 0.625, D: 0.125, E: 0.125 },
    });
  });

  it("that are of the kind already stay what they are", () => {
    expect(asRanking(ranking)).toBe(ranking);
    expect(asApproval(approval, line)).toBe(approval);
    expect(asUtility(utility, [])).toBe(utility);
  });
});
