// Student's intervals against published quantiles, a worked example, and how often they hold the truth.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { addValue, noValues, studentMean, studentQuantile } from "./student.ts";

const meanOf = (values: readonly number[]) => {
  const sums = noValues();
  for (const value of values) addValue(sums, value);
  return studentMean(sums);
};

describe("Student's quantiles", () => {
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [10, 2.2281],
    [11, 2.201],
    [15, 2.1314],
    [30, 2.0423],
    [120, 1.9799],
  ])("of %i degrees are those of the tables", (degrees, wanted) => {
    expect(studentQuantile(degrees)).toBeCloseTo(wanted, 3);
  });
});

describe("a mean", () => {
  it("has the standard error and interval of its values", () => {
    const { value, standardError, low, high, n } = meanOf([2, 4, 4, 5, 10]);
    expect([value, n]).toEqual([5, 5]);
    expect(standardError).toBeCloseTo(Math.sqrt(36 / 4 / 5), 12);
    expect(high! - value!).toBeCloseTo(2.7764 * standardError!, 9);
    expect(value! - low!).toBeCloseTo(high! - value!, 9);
  });

  it("has no interval of one value, and no width of equal ones", () => {
    expect(meanOf([])).toEqual({ value: null, standardError: null, low: null, high: null, n: 0 });
    expect(meanOf([0.3])).toMatchObject({ value: 0.3, standardError: null, low: null, high: null });
    const { low, high } = meanOf(Array<number>(7).fill(0.1));
    expect(high! - low!).toBeLessThan(1e-7);
  });

  it("has an interval that ends where the scale does", () => {
    const values = noValues();
    for (const value of [9, 10, 10, 7]) addValue(values, value);
    const free = studentMean(values);
    expect(free.high).toBeGreaterThan(10);
    expect(studentMean(values, { low: 0, high: 10 })).toEqual({ ...free, high: 10 });
    expect(studentMean(values, { low: 8.9, high: Number.POSITIVE_INFINITY })).toEqual({ ...free, low: 8.9 });
  });

  it("holds the truth in about 95 of 100 samples of four", () => {
    const random = createRandom(1);
    let held = 0;
    for (let sample = 0; sample < 4000; sample++) {
      const { low, high } = meanOf([1, 2, 3, 4].map(() => random.normal()));
      if (low! <= 0 && high! >= 0) held++;
    }
    expect(held / 4000).toBeGreaterThan(0.94);
    expect(held / 4000).toBeLessThan(0.96);
  });
});
