// What the page of a contract says of its figures.

import { describe, expect, it } from "vitest";
import { type ContractPageData, contractPage } from "./contract-page.ts";

const metric = { id: "satisfaction", name: "satisfaction", of: "own", low: 0, high: 10 } as const;

/** Means of two runs, of so many users each. */
const pageOf = (...counts: readonly [number, number]): ContractPageData => ({
  ...{ runs: 2, turnsPerRun: 1, metrics: [metric], turns: [], documents: [], benefit: null },
  ...{ remarks: [], facts: [] },
  users: [1, 2, 3, 4].map((seat) => ({ id: `user-${seat}`, name: `user ${seat}` })),
  means: counts.map((n, at) => ({
    run: at + 1,
    metric,
    estimate: { value: n === 0 ? null : 5, low: null, high: null, n },
  })),
});

const seen = (data: ContractPageData): string => contractPage(data).sections[0]!.figures[0]!.seen;

describe("the chart of means", () => {
  it("says of how many users they are: those who have ratings", () => {
    expect(seen(pageOf(4, 4))).toMatch(/ n = 4 users\.$/);
    expect(seen(pageOf(3, 3))).toMatch(/ n = 3 users\.$/);
    expect(seen(pageOf(4, 2))).toMatch(/ n = 2 to 4 users, those with ratings\.$/);
    // A run without any mean says nothing of how many there are.
    expect(seen(pageOf(0, 3))).toMatch(/ n = 3 users\.$/);
  });
});
