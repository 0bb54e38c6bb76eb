// Judges whose labels say nothing: stopped on the way as at the end, whatever the method; flips are told of.

import { describe, expect, it } from "vitest";
import { assertJudgeReads, describeFlips, type Judging, plainJudging, watchJudge } from "../index.ts";
import { labelsOf, scoringJudge, writingJudge } from "./judging.fixture.ts";

describe("watchJudge", () => {
  it("stops as soon as enough comparisons show one letter, for log-probabilities, votes and chains alike", async () => {
    const judgings: Judging[] = [
      plainJudging,
      { ...plainJudging, method: "votes", reading: "votes", votes: 3 },
      { ...plainJudging, method: "reasoning", clamp: [0.4, 0.6] },
    ];
    for (const judging of judgings) {
      const judge = judging.reading === "scores" ? scoringJudge(() => 0.8) : writingJudge(() => "(A)");
      const labels = await labelsOf({ judge, judging });
      const watch = watchJudge();
      watch(labels.slice(0, 30));
      watch(labels.slice(30, 49));
      expect(() => watch(labels.slice(49, 50))).toThrow(/answers \(A\) whatever stands there: in 50 of 50/);
      expect(() => assertJudgeReads(labels)).toThrow(/60 of 60/);
    }
  });

  it("lets pass a judge that reads, also one that is undecided", async () => {
    const watch = watchJudge();
    watch(await labelsOf({ judge: scoringJudge((first) => (first.startsWith("good") ? 0.9 : 0.2)) }));
    watch(await labelsOf({ judge: scoringJudge(() => 0.5) }));
    watch([]);
  });
});

describe("describeFlips", () => {
  it("tells of a judge that mostly flips, once there are enough comparisons to say so", async () => {
    const good = await labelsOf({ judge: scoringJudge((first) => (first.startsWith("good") ? 0.9 : 0.2)) });
    const placed = await labelsOf({ judge: scoringJudge(() => 0.9) });
    expect(describeFlips(good)).toBeNull();
    expect(describeFlips(placed.slice(0, 40))).toBeNull();
    expect(describeFlips([...good.slice(0, 10), ...placed.slice(0, 50)])).toMatch(
      /^In 50 of 60 comparisons \(83 %\)/,
    );
    expect(describeFlips([...good, ...placed.slice(0, 50)])).toBeNull();
  });
});
