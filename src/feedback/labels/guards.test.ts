// Judges whose labels say nothing: stopped on the way as at the end, whatever the method; flips are told of.

import { describe, expect, it } from "vitest";
import { assertJudgeReads, describeFlips, type JudgeProtocol, plainProtocol, watchJudge } from "../index.ts";
import { labelsOf, scoringJudge, writingJudge } from "./labels.fixture.ts";

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
      see(0, 30);
      see(30, 49);
      expect(() => see(49, 50)).toThrow(/answers \(A\) whatever stands there: in 50 of 50/);
      expect(() => assertJudgeReads(labels)).toThrow(/60 of 60/);
    }
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
