// Seeded randomness: equal seeds give equal numbers, other parts of a seed give others, and draws are as likely as they
// should be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom, deriveSeed } from "./index.ts";

describe("random numbers", () => {
  it("are the same for the same seed, and go on from a saved state", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(50), (seed, skipped) => {
        const [one, other] = [createRandom(seed), createRandom(seed)];
        for (let draw = 0; draw < skipped; draw++) expect(one.next()).toBe(other.next());
        const restored = createRandom(one.state());
        expect([restored.next(), restored.normal()]).toEqual([other.next(), other.normal()]);
      }),
    );
  });

  it("never change between versions", () => {
    const random = createRandom(1);
    const drawn = [random.integer(1000), random.integer(1000), random.integer(1000)];
    expect(drawn).toEqual([563, 585, 895]);
    expect(deriveSeed(1, "answer", "p-1")).toBe(1259363250);
  });

  it("are spread as they should be", () => {
    const random = createRandom(7);
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const counts = [0, 0, 0, 0];
    for (let draw = 0; draw < 8000; draw++) counts[random.weighted([1, 0, 2, 1])]!++;
    expect(counts[1]).toBe(0);
    expect(Math.abs(counts[2]! / 8000 - 0.5)).toBeLessThan(0.03);
  });

  it("shuffle to a permutation and pick only what is there", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(), (items, seed) => {
        const random = createRandom(seed);
        const sorted = (list: number[]): number[] => [...list].sort((one, other) => one - other);
        expect(sorted(random.shuffle(items))).toEqual(sorted(items));
        expect(items).toContain(random.pick(items));
      }),
    );
    expect(() => createRandom(1).pick([])).toThrow(RangeError);
    expect(() => createRandom(1).weighted([0, 0])).toThrow(RangeError);
  });

  it("of derived seeds depend on every part and on where one part ends", () => {
    const seeds = [
      deriveSeed(1, "a", "b"),
      deriveSeed(2, "a", "b"),
      deriveSeed(1, "ab"),
      deriveSeed(1, "b", "a"),
    ];
    expect(new Set(seeds).size).toBe(4);
  });
});
