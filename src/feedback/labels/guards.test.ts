// Judges whose labels say nothing: stopped on the way as at the end, whatever the method; flips are told of.

import { describe, expect, it } from "vitest";
import type { UnscoredReason } from "../../records/index.ts";
import {
  describeFlips,
  describeLikedPlace,
  firstPlacesIn,
  type JudgeProtocol,
  plainProtocol,
  verdictWords,
  watchJudge,
} from "../index.ts";
import { assertJudgeReads, labelsOf, scoringJudge, writingJudge } from "./labels.fixture.ts";

describe("watchJudge", () => {
  it("stops as soon as enough comparisons show one letter, for log-probabilities, votes and chains alike", async () => {
    const protocols: JudgeProtocol[] = [
      plainProtocol,
      { ...plainProtocol, method: "votes", reading: "votes", votes: 3 },
      { ...plainProtocol, method: "reasoning", clamp: [0.4, 0.6] },
    ];
    for (const protocol of protocols) {
      const judge = protocol.reading === "scores" ? scoringJudge(() => 0.8) : writingJudge(() => "(A)");
      const labels = await labelsOf({ judge, protocol });
      const watch = watchJudge();
      const see = (from: number, end: number): void => {
        for (const label of labels.slice(from, end)) watch.see(label);
        watch.check();
      };
      see(0, 10);
      see(10, 19);
      expect(() => see(19, 20)).toThrow(/answers \(A\) whatever stands there: in 20 of 20 comparisons/);
      expect(() => assertJudgeReads(labels)).toThrow(/60 of 60/);
    }
  });

  it("waits for 50 comparisons where one of the first says something else", () => {
    const watch = watchJudge(verdictWords);
    const see = (count: number, orders: [number, number]): void => {
      for (let seen = 0; seen < count; seen++) watch.see({ judge: "j", orders });
      watch.check();
    };
    see(1, [0.9, 0.9]);
    see(48, [0.2, 0.7]);
    expect(() => see(1, [0.2, 0.7])).toThrow(
      /j answers \(B\) .* in 49 of 50 answers it kept to that letter when the choices were exchanged. Its verdicts/,
    );
  });

  it("stops a judge that comes to no verdict in any of the first 20 that it was asked about", () => {
    const watch = watchJudge();
    const see = (count: number, reason?: UnscoredReason): void => {
      for (let seen = 0; seen < count; seen++) watch.see({ judge: "j", orders: null, reason });
      watch.check();
    };
    // nobody was asked, or nothing answered
    for (const reason of [undefined, "reply-missing", "overflow", "rejected"] as const) see(30, reason);
    see(4, "no-choice");
    see(15, "cut");
    expect(() => see(1, "cut")).toThrow(
      /j came to no verdict on any of the first 20 comparisons .* \(16 cut before a letter, 4 without a letter\).* raise label\.voteTokens/,
    );
  });

  it("lets go on what has one verdict, however many are missing", () => {
    const watch = watchJudge(verdictWords);
    watch.see({ judge: "j", orders: [0.5, 0.5] });
    for (let seen = 0; seen < 60; seen++) watch.see({ judge: "j", orders: null, reason: "refusal" });
    expect(() => watch.check()).not.toThrow();
  });

  it("lets pass a judge that reads, also one that is undecided", async () => {
    const watch = watchJudge();
    for (const judge of [
      scoringJudge((first) => (first.startsWith("good") ? 0.9 : 0.2)),
      scoringJudge(() => 0.5),
    ]) {
      for (const label of await labelsOf({ judge })) watch.see(label);
      expect(() => watch.check()).not.toThrow();
    }
  });
});

describe("describeFlips", () => {
  it("tells of a judge that mostly flips, once there are enough comparisons to say so", () => {
    expect(describeFlips({ judged: 60, flips: 0 })).toBeNull();
    expect(describeFlips({ judged: 0, flips: 0 })).toBeNull();
    expect(describeFlips({ judged: 3, flips: 3 })).toBeNull();
    expect(describeFlips({ judged: 4, flips: 4 })).toMatch(/^In 4 of 4 comparisons \(100 %\)/);
    expect(describeFlips({ judged: 40, flips: 25 })).toBeNull();
    expect(describeFlips({ judged: 40, flips: 27 })).toMatch(/^In 27 of 40/);
    expect(describeFlips({ judged: 60, flips: 50 })).toMatch(/^In 50 of 60 comparisons \(83 %\)/);
    expect(describeFlips({ judged: 110, flips: 50 })).toBeNull();
  });
});

describe("describeLikedPlace", () => {
  it("tells of a judge that takes one place far more often than the other, with how many comparisons say so", () => {
    expect(describeLikedPlace({ judged: 0, firsts: 0 })).toBeNull();
    expect(describeLikedPlace({ judged: 100, firsts: 100 })).toBeNull();
    expect(describeLikedPlace({ judged: 4, firsts: 7 })).toBeNull();
    expect(describeLikedPlace({ judged: 100, firsts: 130 })).toBeNull();
    expect(describeLikedPlace({ judged: 100, firsts: 144 })).toMatch(
      /^In 72 % of the showings of 100 comparisons, .* stood first\./,
    );
    expect(describeLikedPlace({ judged: 100, firsts: 56 })).toMatch(/^In 72 % .* stood second\./);
  });

  it("advises a judge to reason where it does not", () => {
    for (const [reasons, advised] of [
      [false, true],
      [true, false],
    ] as const) {
      const place = describeLikedPlace({ judged: 100, firsts: 144, reasons })!;
      const flips = describeFlips({ judged: 100, flips: 90, reasons })!;
      for (const text of [place, flips]) {
        expect(text).toContain("choose another judge");
        expect(text.includes("label.method=reasoning")).toBe(advised);
      }
    }
  });

  it("counts both showings of a comparison, ties as halves", () => {
    const counted = (
      [
        [0.9, 0.2],
        [0.9, 0.8],
        [0.1, 0.2],
        [0.1, 0.8],
        [0.5, 0.5],
      ] as [number, number][]
    ).map((orders) => firstPlacesIn({ orders }));
    expect(counted).toEqual([2, 1, 1, 0, 1]);
    expect(firstPlacesIn({ orders: null })).toBe(0);
  });
});
