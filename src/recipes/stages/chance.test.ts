// A reward model that cannot be told from guessing stops the run, unless that is allowed.

import { describe, expect, it } from "vitest";
import type { RewardPairRecord } from "../../records/index.ts";
import { requireBetterThanChance } from "./chance.ts";

/** `right` pairs in the order of their labels, `wrong` against it. */
const records = (right: number, wrong: number, probability = 0.9): RewardPairRecord[] =>
  Array.from({ length: right + wrong }, (_, at) => ({
    id: `reward/held-out/${at}`,
    parents: [],
    stage: "reward",
    seed: 1,
    probability,
    chosen: at < right === probability > 0.5 ? 0.7 : 0.2,
    rejected: 0.4,
  }));

/** The warnings' codes; throws what the check throws. */
const check = (given: readonly RewardPairRecord[], atChance: "fail" | "warn" = "fail"): string[] => {
  const codes: string[] = [];
  requireBetterThanChance({ warn: (code) => void codes.push(code) }, given, { atChance });
  return codes;
};

describe("a reward model", () => {
  it("better than guessing passes in silence", () => {
    expect(check(records(30, 10))).toEqual([]);
    expect(check(records(4, 0))).toEqual([]);
  });

  it("near one half fails the run with its figures and what to do", () => {
    expect(() => check(records(22, 18))).toThrow(
      /orders 55 % of 40 held-out pairs .*interval 40 % to 69 %\).*guessing.*Look at the labels.*atChance=warn/,
    );
    expect(check(records(22, 18), "warn")).toEqual(["reward-at-chance"]);
  });

  it("that orders pairs the wrong way round fails, too", () => {
    expect(() => check(records(2, 38))).toThrow(/orders 5 % of 40/);
  });

  it("is measured by labels, whichever reply they prefer, and not by pairs without a preference", () => {
    expect(check(records(30, 10, 0.2))).toEqual([]);
    expect(check(records(0, 40, 0.5))).toEqual(["reward-unmeasured"]);
  });

  it("on too few pairs is said to be unmeasured", () => {
    expect(check(records(3, 0))).toEqual(["reward-unmeasured"]);
    expect(check([])).toEqual(["reward-unmeasured"]);
  });
});
