// Answers of a word, and how comments are sorted by them: what is read and what is not, and that a wrong answer is outvoted.

import { describe, expect, it } from "vitest";
import { readDemand, readStance, type Stance, sortByStances } from "./stances.ts";

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

/** Sorts comments 1, 2, … beside texts A, B, … by what is said of pairs ("A 1", "1 3"); of all others it is neither. */
const sort = (standing: number, count: number, stances: Readonly<Record<string, Stance>>) => {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  const nameOf = (place: number): string =>
    place < standing ? "ABCDEF"[place]! : String(numbers[place - standing]!);
  return sortByStances(standing, numbers, (first, second) => {
    expect(first).toBeLessThan(second);
    return second < standing ? undefined : (stances[`${nameOf(first)} ${nameOf(second)}`] ?? "neither");
  });
};

describe("comments beside what stands", () => {
  it("go to the first text that they are for, else against the first that they are against", () => {
    expect(sort(2, 3, { "B 1": "for", "A 2": "against" })).toEqual([
      { standing: 1, side: "for" },
      { standing: 0, side: "against" },
      "new",
    ]);
    expect(sort(0, 0, {})).toEqual([]);
  });

  it("are for their own side where both stand", () => {
    const both = {
      "A 1": "against",
      "B 1": "for",
      "A 2": "for",
      "B 2": "against",
      "1 2": "against",
    } as const;
    expect(sort(2, 2, both)).toEqual([
      { standing: 1, side: "for" },
      { standing: 0, side: "for" },
    ]);
  });

  it("are on its matter by what they are to others that are on it, whatever is said of it alone", () => {
    const three = { "A 1": "for", "A 2": "for", "1 2": "for", "1 3": "against", "2 3": "against" } as const;
    expect(sort(1, 3, three)[2]).toEqual({ standing: 0, side: "against" });
    expect(sort(1, 3, { ...three, "A 3": "for" })[2]).toEqual({ standing: 0, side: "against" });
  });
});

describe("comments among each other", () => {
  it("lead a matter where they are on none, and else take a side of one, of its first or against it", () => {
    expect(
      sort(0, 5, { "1 2": "against", "1 3": "against", "2 3": "for", "1 5": "for", "2 5": "against" }),
    ).toEqual([
      "new",
      { comment: 1, side: "against" },
      { comment: 1, side: "against" },
      "new",
      { comment: 1, side: "for" },
    ]);
  });

  it("go with most of those who spoke on a matter, the first one, too, which is then not on it", () => {
    const three = { "2 3": "for", "2 4": "for", "3 4": "for" } as const;
    // one of three says that the first is one of them
    expect(sort(0, 4, { ...three, "1 3": "for" })).toEqual([
      "new",
      "new",
      { comment: 2, side: "for" },
      { comment: 2, side: "for" },
    ]);
    // two of three do
    expect(sort(0, 4, { ...three, "1 3": "for", "1 4": "for" })[1]).toEqual({ comment: 1, side: "for" });
  });

  it("stand alone where as much speaks for one side as for the other", () => {
    expect(sort(0, 4, { "1 2": "for", "1 3": "for", "2 3": "for", "1 4": "for", "2 4": "against" })[3]).toBe(
      "new",
    );
  });
});
