// Group-relative advantages: what must hold for any rewards (their numbers are held against TRL's in
// policy-golden.test.ts).

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupAdvantages, shareWithoutSpread } from "./group-advantages.ts";

const size = 4;
const rewards = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 8, maxLength: 8 });
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

describe("advantages in groups", () => {
  it.each(["grpo", "rloo"] as const)(
    "add up to nothing in each group, and do not see a shift (%s)",
    (estimator) => {
      fc.assert(
        fc.property(rewards, fc.double({ min: -3, max: 3, noNaN: true }), (given, shift) => {
          const options = { estimator, scale: "none" } as const;
          const found = groupAdvantages(given, size, options);
          expect(sum(found.slice(0, size))).toBeCloseTo(0, 9);
          expect(sum(found.slice(size))).toBeCloseTo(0, 9);
          const shifted = given.map((reward, at) => reward + (at < size ? shift : 0));
          groupAdvantages(shifted, size, options).forEach((value, at) => {
            expect(value).toBeCloseTo(found[at]!, 9);
          });
        }),
      );
    },
  );

  it("leave one out: a reply is held against the mean of the others", () => {
    const found = groupAdvantages([1, 2, 3, 6], size, { estimator: "rloo", scale: "none" });
    const expected = [1 - 11 / 3, 2 - 10 / 3, 3 - 3, 6 - 2];
    found.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at]!, 12);
    });
  });

  it("are nothing where all replies of a group are rewarded alike, and such groups are counted", () => {
    const given = [2, 2, 2, 2, 0, 1, 0, 1];
    for (const scale of ["group", "batch", "none"] as const)
      expect(groupAdvantages(given, size, { estimator: "grpo", scale }).slice(0, size)).toEqual([0, 0, 0, 0]);
    expect(shareWithoutSpread(given, size)).toBe(0.5);
  });

  it("in units of the group's deviation do not see the rewards' scale", () => {
    fc.assert(
      fc.property(fc.double({ min: 10, max: 1000, noNaN: true }), (factor) => {
        const options = { estimator: "grpo", scale: "group" } as const;
        const found = groupAdvantages([1, 2, 3, 6], size, options);
        groupAdvantages(
          [1, 2, 3, 6].map((value) => value * factor),
          size,
          options,
        ).forEach((value, at) => {
          expect(value).toBeCloseTo(found[at]!, 3);
        });
      }),
    );
  });
});
