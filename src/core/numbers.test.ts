// Sums and means bit by bit as adding up one after the other gives them, and the logistic function at its ends.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logistic, mean, total } from "./index.ts";

describe("plain numbers", () => {
  it("are added in their order, single ones as doubles, and their mean is that sum by their count", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })), (values) => {
        const sum = values.reduce((all, value) => all + value, 0);
        expect(total(values)).toBe(sum);
        expect(total(Float32Array.from(values))).toBe(sum);
        if (values.length > 0) expect(mean(values)).toBe(sum / values.length);
      }),
    );
    expect([total([]), mean([])]).toEqual([0, 0]);
    expect(total([1e16, 1, -1e16])).toBe(0);
  });

  it("become shares by the logistic function, without overflow and evenly round one half", () => {
    expect([logistic(-1000), logistic(0), logistic(1000)]).toEqual([0, 0.5, 1]);
    expect(logistic(Math.log(3))).toBeCloseTo(0.75, 15);
    expect(logistic(2) + logistic(-2)).toBeCloseTo(1, 15);
    expect(logistic(Number.NaN)).toBeNaN();
  });
});
