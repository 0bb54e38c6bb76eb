// Answers of a word, and how comments are sorted by them: what is read and what is not, and that a wrong answer is outvoted.

import { describe, expect, it } from "vitest";
import { readDemand, readStance, type Stance, sortToEachOther, sortToStanding } from "./stances.ts";

const stop = (text: string) => ({ text, finish: "stop" as const });

describe("an answer", () => {
  it.each([
    ["for", "for"],
    [" Against.\n", "against"],
    ["NEITHER", "neither"],
    ["<think>The first is about trust.</think>\nfor .", "for"],
  ])("%j is %s", (text, stance) => {
    expect(readStance(stop(text))).toBe(stance);
  });

  it.each([
    ["for the first", /none of "for" or "against" or "neither"/],
    ["for\nagainst", /none of/],
    ["yes", /none of/],
    ["", /empty/],
    ["<think>for", /empty/],
  ])("%j is no stance", (text, problem) => {
    expect(readStance(stop(text))).toEqual({ problem: expect.stringMatching(problem) as string });
  });

  it("is whole, and of its question", () => {
    expect(readStance({ text: "for", finish: "length" })).toEqual({
      problem: "the reply was cut at its limit of tokens",
    });
    expect(readDemand({ text: "", finish: "refusal" })).toEqual({ problem: "the reply ended as refusal" });
    expect([stop("Yes."), stop("no"), stop("for")].map((reply) => readDemand(reply))).toEqual([
      "yes",
      "no",
      { problem: 'the reply is none of "yes" or "no"' },
    ]);
  });
});

describe("a comment beside what stands", () => {
  it("goes to the first text that it is for, else to the first that it is against, else nowhere", () => {
    expect(sortToStanding(["neither", "against", "for", "for"])).toEqual({ standing: 2, side: "for" });
    expect(sortToStanding(["neither", "against", "against"])).toEqual({ standing: 1, side: "against" });
    expect(sortToStanding(["neither", "neither"])).toBeNull();
    expect(sortToStanding([])).toBeNull();
  });
});

describe("comments among each other", () => {
  const sort = (numbers: readonly number[], stances: Readonly<Record<string, Stance>>) => [
    ...sortToEachOther(numbers, (earlier, number) => stances[`${earlier} ${number}`] ?? "neither"),
  ];

  it("lead a matter where they are on none, and else take a side of one, of its first or against it", () => {
    const stances = { "2 4": "against", "2 5": "against", "4 5": "for", "2 7": "for" } as const;
    expect(sort([2, 4, 5, 6, 7], stances)).toEqual([
      [2, "new"],
      [4, { comment: 2, side: "against" }],
      [5, { comment: 2, side: "against" }],
      [6, "new"],
      [7, { comment: 2, side: "for" }],
    ]);
  });

  it("go with most of those who spoke on a matter, whatever one of them is said to be to them", () => {
    const stances = { "1 2": "for", "1 3": "against", "2 3": "against" } as const;
    // wrong of 1 and of 4, which is for the side of 3
    expect(sort([1, 2, 3, 5], { ...stances, "1 5": "for", "2 5": "against", "3 5": "for" })).toContainEqual([
      5,
      { comment: 1, side: "against" },
    ]);
  });

  it("go to the matter on which more speaks for it, to the earliest of equals, and stand alone where it evens out", () => {
    const matters = { "2 3": "for" } as const;
    const four = (stances: Readonly<Record<string, Stance>>) =>
      sort([1, 2, 3, 4], { ...matters, ...stances })[3]![1];
    expect(four({ "1 4": "for", "2 4": "against", "3 4": "against" })).toEqual({
      comment: 2,
      side: "against",
    });
    expect(four({ "1 4": "for", "2 4": "against" })).toEqual({ comment: 1, side: "for" });
    expect(four({ "2 4": "for", "3 4": "against" })).toBe("new");
  });
});
