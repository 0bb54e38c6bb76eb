// Sampling: the distribution that logits and options ask for, transformers' logits processors, and one random number a
// token, so that a reply depends on its seed alone.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom, type Random } from "../core/index.ts";
import { candidatesOf, readProbabilities, type SamplingOptions, sampleToken } from "./sampling.ts";

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

type Processed = {
  readonly row: number;
  readonly options: Readonly<Record<string, number>>;
  readonly processed: readonly (number | null)[];
};
const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/sampling.json", import.meta.url), "utf8"),
) as { seen: number[]; rows: number[][]; cases: Processed[] };

describe("logits processors", () => {
  it.each(golden.cases)("are transformers' ($options, row $row)", ({ row, options, processed }) => {
    const { ids, weights } = candidatesOf(
      Float32Array.from(golden.rows[row]!),
      {
        temperature: options["temperature"] ?? 1,
        topK: options["top_k"] ?? 0,
        topP: options["top_p"] ?? 1,
        minP: options["min_p"] ?? 0,
        repetitionPenalty: options["repetition_penalty"] ?? 1,
      },
      golden.seen,
    );
    const peak = processed.reduce<number>((most, value) => Math.max(most, value ?? most), -1e9);
    const found = new Map(Array.from(ids, (id, at) => [id, Math.log(weights[at]!)]));
    const ours = processed.map((_, id) => found.get(id) ?? Number.NEGATIVE_INFINITY);
    const theirs = processed.map((value) => (value === null ? Number.NEGATIVE_INFINITY : value - peak));
    // in the last row many are equal, and which of equals top-p keeps is an accident of torch's sort
    if (row === 2) for (const values of [ours, theirs]) values.sort((a, b) => a - b);
    for (const [at, value] of theirs.entries())
      if (value === Number.NEGATIVE_INFINITY) expect(ours[at], `token ${at}`).toBe(value);
      else expect(Math.abs(ours[at]! - value), `token ${at}`).toBeLessThan(1e-5);
  });

  it("cut among many tokens as among few: the likeliest, in whatever order they stand", () => {
    const random = createRandom(5);
    const row = Float32Array.from({ length: 5000 }, () => 3 * random.normal());
    const order = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]!);
    const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
    const kept = (options: Partial<SamplingOptions>): number[] => {
      const { ids, weights } = candidatesOf(row, { temperature: 1, ...options });
      return Array.from(ids).filter((_, at) => weights[at]! > 0);
    };
    const inOrder = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);
    for (const topK of [1, 2, 63, 64, 1000, 4999, 5000])
      expect(kept({ topK })).toEqual(inOrder(order.slice(0, topK)));
    for (const topP of [0.01, 0.5, 0.97, 0.999999]) {
      let mass = 0;
      const wanted = order.filter((id) => {
        const isKept = mass < topP;
        mass += Math.exp(row[id]!) / total;
        return isKept;
      });
      expect(kept({ topP })).toEqual(inOrder(wanted));
    }
  });
});

describe("readProbabilities", () => {
  it("gives the model's own probabilities of a token and of the likeliest, ties by id", () => {
    const row = Float32Array.of(1, 3, 3, 0, 2);
    const total = row.reduce((sum, value) => sum + Math.exp(value), 0);
    const read = readProbabilities(row, 3, 3);
    expect(read.logProbability).toBeCloseTo(Math.log(1 / total), 6);
    expect(read.alternatives.map(({ id }) => id)).toEqual([1, 2, 4]);
    expect(read.alternatives[2]!.logProbability).toBeCloseTo(2 - Math.log(total), 6);
    expect(readProbabilities(row, 0, 9).alternatives).toHaveLength(5);
    expect(readProbabilities(row, 0, 0).alternatives).toEqual([]);
  });
});
