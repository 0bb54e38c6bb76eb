import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateSchema } from "../records/index.ts";
import { mean, proportion, quantile, share } from "./statistics.ts";

describe("proportion", () => {
  // Newcombe 1998, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("has Wilson's interval for %d of %d", (successes, n, low, high) => {
    const estimate = proportion(successes, n);
    expect(estimate.value).toBe(successes / n);
    expect(estimate.low).toBeCloseTo(low, 4);
    expect(estimate.high).toBeCloseTo(high, 4);
    expect(estimate.n).toBe(n);
  });

  it("has no value without observations", () => {
    expect(proportion(0, 0)).toEqual({ value: null, low: null, high: null, n: 0 });
    expect(share([], () => true).value).toBeNull();
  });

  it("refuses counts that cannot be", () => {
    expect(() => proportion(3, 2)).toThrowError(RangeError);
    expect(() => proportion(-1, 2)).toThrowError(RangeError);
    expect(() => proportion(Number.NaN, 2)).toThrowError(RangeError);
  });

  it("holds its value, stays in [0, 1], is symmetric and narrows with more observations", () => {
    const counts = fc
      .integer({ min: 1, max: 5000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(counts, ([successes, n]) => {
        const { value, low, high } = proportion(successes, n) as { value: number; low: number; high: number };
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        const mirrored = proportion(n - successes, n);
        expect(mirrored.low).toBeCloseTo(1 - high, 10);
        const wider = proportion(successes * 4, n * 4);
        expect(wider.high! - wider.low!).toBeLessThan(high - low);
      }),
    );
  });
});

describe("quantile", () => {
  it("interpolates between neighbours", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([1, 2, 3, 4], 0)).toBe(1);
    expect(quantile([1, 2, 3, 4], 1)).toBe(4);
    expect(quantile([7], 0.3)).toBe(7);
  });
});

describe("mean", () => {
  const values = fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 1, maxLength: 40 });

  it("is a valid figure that holds its value and lies within the data", () => {
    fc.assert(
      fc.property(values, fc.nat(), (list, seed) => {
        const estimate = mean(list, seed, 50);
        expect(estimateSchema.safeParse(estimate).success).toBe(true);
        expect(estimate.low).toBeLessThanOrEqual(estimate.value!);
        expect(estimate.high).toBeGreaterThanOrEqual(estimate.value!);
        expect(estimate.value).toBeCloseTo(list.reduce((a, b) => a + b, 0) / list.length, 10);
        expect(estimate.low).toBeGreaterThanOrEqual(Math.min(...list) - 1e-12);
        expect(estimate.high).toBeLessThanOrEqual(Math.max(...list) + 1e-12);
      }),
      { numRuns: 50 },
    );
  });

  it("depends on the values and the seed, not on their order", () => {
    const list = [0, 0, 1, 2, 4, 4, 3, 0.1];
    expect(mean(list.toReversed(), 5)).toEqual(mean(list, 5));
    expect(mean(list, 6)).not.toEqual(mean(list, 5));
  });

  it("has about the width of the normal interval for many values", () => {
    const list = Array.from({ length: 400 }, (_, index) => index % 2);
    const { low, high } = mean(list, 1);
    expect(high! - low!).toBeGreaterThan(0.085);
    expect(high! - low!).toBeLessThan(0.111);
  });

  it("has no value without observations", () => {
    expect(mean([], 1)).toEqual({ value: null, low: null, high: null, n: 0 });
  });
});
