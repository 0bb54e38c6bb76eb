import { describe, expect, it } from "vitest";
import { formatVotes, leastGain, type VoteRun } from "./vote-table.ts";

const figure = (worst: number, value = 6) => ({ value, worst: { value: worst }, n: 12 });
const runOf = (seed: number, plurality: number, maximin: number): VoteRun => ({
  seed,
  figures: { none: figure(1), plurality: figure(plurality), maximin: figure(maximin, 5) },
});

describe("the table of votes", () => {
  it("has the worst-off user of every rule by seed, and holds each rule against plurality", () => {
    const text = formatVotes([runOf(0, 3, 4), runOf(1, 3, 2.5), runOf(2, 3, 3)], "About.");
    expect(text).toContain(
      "| maximin | 4.00 | 2.50 | 3.00 | 3.17 | +0.17: better 1, same 1, worse 1 | 5.00 |",
    );
    expect(text).toContain("| plurality | 3.00 | 3.00 | 3.00 | 3.00 |  | 6.00 |");
    expect(text).not.toContain("| schulze");
    expect(text).not.toContain("rounds");
  });

  it("is held to the seed where maximin does least for the worst-off; a seed without a vote is a miss", () => {
    expect(leastGain([runOf(0, 3, 4), runOf(1, 3, 3.5)])).toBe(0.5);
    expect(leastGain([runOf(0, 3, 4), runOf(1, 3, 2.5)])).toBe(-0.5);
    expect(leastGain([runOf(0, 3, 4), { seed: 1, figures: null }])).toBeNaN();
  });

  it("names seeds without a vote, which count in no mean", () => {
    const text = formatVotes([runOf(0, 3, 2), { seed: 1, figures: null }], "About.");
    expect(text).toContain("| maximin | 2.00 | – | 2.00 | -1.00: better 0, same 0, worse 1 | 5.00 |");
    expect(text).toContain("No vote came about with seeds 1.");
    expect(text).not.toContain("no answers");
  });

  it("makes no number of replies that are no answers, and says how many there are", () => {
    const [first, second] = [runOf(0, 3, 4), runOf(1, 3, 2.5)];
    const silent = { value: null, worst: null, n: 0, unanswered: { refusal: 10, empty: 2 } };
    const some = { ...figure(3), n: 9, unanswered: { refusal: 3 } };
    const text = formatVotes(
      [first, { seed: 1, figures: { ...second.figures, plurality: some, maximin: silent } }],
      "About.",
    );
    expect(text).toContain("| plurality | 3.00 | 3.00 | 3.00 |  | 6.00 |");
    expect(text).toContain("| maximin | 4.00 | – | 4.00 | +1.00: better 1, same 0, worse 0 | 5.00 |");
    expect(text.split("\n").slice(-4)).toEqual([
      "Replies that are no answers and count in no figure:",
      "",
      "- seed 1, plurality: 3 of 12 (3 refusal)",
      "- seed 1, maximin: 12 of 12 (10 refusal, 2 empty)",
    ]);
  });
});
