import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateProgress } from "./index.ts";

const at = (seconds: number, done: number, total = 100) => ({ time: seconds * 1000, done, total });

describe("estimateProgress", () => {
  it("knows nothing before two points differ", () => {
    expect(estimateProgress([])).toEqual({ fraction: 0, rate: null, remainingSeconds: null });
    expect(estimateProgress([at(1, 40)])).toEqual({ fraction: 0.4, rate: null, remainingSeconds: null });
    expect(estimateProgress([at(1, 40), at(9, 40)]).rate).toBeNull();
  });

  it("does not count what an earlier attempt did as speed", () => {
    expect(estimateProgress([at(0, 80), at(5, 90)])).toEqual({ fraction: 0.9, rate: 2, remainingSeconds: 5 });
  });

  it("follows the last half minute", () => {
    const slowThenFast = [at(0, 0, 1000), at(100, 10, 1000), at(110, 110, 1000), at(135, 360, 1000)];
    expect(estimateProgress(slowThenFast).rate).toBeCloseTo(10);
  });

  it("has nothing left at the end", () => {
    expect(estimateProgress([at(0, 0), at(4, 100)])).toEqual({ fraction: 1, rate: 25, remainingSeconds: 0 });
  });

  it("finds any steady rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 2, max: 60 }), (rate, count) => {
        const total = rate * 200;
        const points = Array.from({ length: count }, (_, second) => at(second, rate * second, total));
        const { rate: found, remainingSeconds } = estimateProgress(points);
        expect(found).toBeCloseTo(rate);
        expect(remainingSeconds).toBeCloseTo(200 - (count - 1));
      }),
    );
  });
});
