// Sampling: the distribution that logits and options ask for, and one random number a token, so that a reply depends on
// its seed alone.

import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../core/index.ts";
import { type SamplingOptions, sampleToken } from "./sampling.ts";

const logits = Float32Array.from([2, 1, 0, -1, -2], (value) => value * 0.7);

const shares = (options: SamplingOptions, draws = 20_000): number[] => {
  const random = createRandom(3);
  const counts = [0, 0, 0, 0, 0];
  for (let draw = 0; draw < draws; draw++) counts[sampleToken(logits, options, random)]!++;
  return counts.map((count) => count / draws);
};

const softmax = (temperature: number, kept = 5): number[] => {
  const weights = [...logits].map((value, at) => (at < kept ? Math.exp(value / temperature) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};

const expectShares = (got: readonly number[], expected: readonly number[]): void => {
  for (const [at, share] of expected.entries()) {
    if (share === 0) expect(got[at]).toBe(0);
    // four standard deviations of 20,000 draws
    else
      expect(Math.abs(got[at]! - share)).toBeLessThanOrEqual(4 * Math.sqrt((share * (1 - share)) / 20_000));
  }
};

const counting = (random: Random): Random & { count(): number } => {
  let count = 0;
  return {
    ...random,
    weighted(weights) {
      count++;
      return random.weighted(weights);
    },
    count: () => count,
  };
};

describe("sampleToken", () => {
  it.each([0.5, 1, 3])("follows the softmax at temperature %d", (temperature) => {
    expectShares(shares({ temperature }), softmax(temperature));
  });

  it("keeps the most probable tokens with top-k", () => {
    expectShares(shares({ temperature: 1, topK: 2 }), softmax(1, 2));
    expectShares(shares({ temperature: 1, topK: 0 }), softmax(1));
    expectShares(shares({ temperature: 1, topK: 9 }), softmax(1));
  });

  it("keeps the fewest tokens that reach top-p", () => {
    const [first, second] = softmax(1) as [number, number];
    expectShares(shares({ temperature: 1, topP: first - 0.01 }), softmax(1, 1));
    expectShares(shares({ temperature: 1, topP: first + 0.01 }), softmax(1, 2));
    expectShares(shares({ temperature: 1, topP: first + second + 0.01 }), softmax(1, 3));
    expectShares(shares({ temperature: 1, topP: 1 }), softmax(1));
    expectShares(shares({ temperature: 1, topP: 0.999, topK: 1 }), softmax(1, 1));
  });

  it("takes the largest at temperature 0, the first of equals, and draws nothing for it", () => {
    const random = counting(createRandom(1));
    expect(sampleToken(Float32Array.of(1, 3, 3, 0), { temperature: 0 }, random)).toBe(1);
    expect(random.count()).toBe(0);
    sampleToken(logits, { temperature: 1, topP: 0.9, topK: 3 }, random);
    expect(random.count()).toBe(1);
  });

  it("stands extreme logits", () => {
    const random = createRandom(1);
    expect(sampleToken(Float32Array.of(-1e30, 1e30, 0), { temperature: 1 }, random)).toBe(1);
    expect(sampleToken(Float32Array.of(0, 1e-3), { temperature: 1e-6 }, random)).toBe(1);
  });
});
