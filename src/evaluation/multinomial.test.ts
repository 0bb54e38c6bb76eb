// Resamples that are drawn at once have the distribution of those drawn one by one: totals, means and variances, and of
// small numbers every probability.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { drawBinomial, drawResample } from "./multinomial.ts";

const choose = (n: number, k: number): number => {
  let value = 1;
  for (let i = 1; i <= k; i++) value *= (n - k + i) / i;
  return value;
};

describe("a binomial count", () => {
  it.each([
    [1, 0.3],
    [7, 0.5],
    [12, 0.05],
    [15, 0.93],
  ])("of %d with probability %d has the binomial distribution", (n, p) => {
    const random = createRandom(7);
    const draws = 40_000;
    const seen = new Float64Array(n + 1);
    for (let draw = 0; draw < draws; draw++) seen[drawBinomial(random, n, p)]!++;
    // chi-square over the counts that are expected to come at all; 5 standard deviations
    let [sum, cells] = [0, 0];
    for (let k = 0; k <= n; k++) {
      const expected = draws * choose(n, k) * p ** k * (1 - p) ** (n - k);
      if (expected < 5) continue;
      sum += (seen[k]! - expected) ** 2 / expected;
      cells++;
    }
    expect(sum).toBeLessThan(cells + 5 * Math.sqrt(2 * cells));
  });

  it.each([
    [1000, 0.001],
    [100_000, 0.4],
    [2_000_000, 0.9],
  ])("of %d with probability %d has its mean and variance, and stays in range", (n, p) => {
    const random = createRandom(3);
    const draws = 4000;
    const counts = Array.from({ length: draws }, () => drawBinomial(random, n, p));
    expect(counts.every((count) => Number.isInteger(count) && count >= 0 && count <= n)).toBe(true);
    const mean = counts.reduce((sum, count) => sum + count, 0) / draws;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / draws;
    const expected = n * p * (1 - p);
    expect(Math.abs(mean - n * p)).toBeLessThan(5 * Math.sqrt(expected / draws));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.15);
  });

  it("is certain where the probability is", () => {
    const random = createRandom(1);
    expect([drawBinomial(random, 0, 0.5), drawBinomial(random, 9, 0), drawBinomial(random, 9, 1)]).toEqual([
      0, 0, 9,
    ]);
  });
});

describe("a resample", () => {
  it("draws as many as there are, each kind as often as its share on average", () => {
    const random = createRandom(5);
    const times = [50, 0, 1, 149];
    const draws = 3000;
    const sums = [0, 0, 0, 0];
    for (let draw = 0; draw < draws; draw++) {
      const drawn = drawResample(random, times);
      expect(drawn.reduce((sum, count) => sum + count, 0)).toBe(200);
      for (const [kind, count] of drawn.entries()) sums[kind]! += count;
    }
    for (const [kind, count] of times.entries()) {
      const spread = Math.sqrt(count * (1 - count / 200) * draws);
      expect(Math.abs(sums[kind]! - count * draws)).toBeLessThanOrEqual(5 * spread);
    }
  });
});
