import { describe, expect, it } from "vitest";
import { formatVotes, type VoteRun } from "./vote-table.ts";

const figure = (worst: number, value = 6) => ({ value, worst: { value: worst } });
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
  });

  it("names seeds without a vote, which count in no mean", () => {
    const text = formatVotes([runOf(0, 3, 2), { seed: 1, figures: null }], "About.");
    expect(text).toContain("| maximin | 2.00 | – | 2.00 | -1.00: better 0, same 0, worse 1 | 5.00 |");
    expect(text).toContain("No vote came about with seeds 1.");
  });
});
