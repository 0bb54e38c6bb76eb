import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { fitRatings, type PlayerComparison, rate } from "./bradley-terry.ts";

const games = (first: string, second: string, won: number, tied: number, lost: number): PlayerComparison[] =>
  [won, tied, lost].flatMap((count, index) =>
    Array.from({ length: count }, (_, game) => ({
      first,
      second,
      outcome: ([1, 0.5, 0] as const)[index]!,
      cluster: `prompt-${game}`,
    })),
  );

/** An independent fit: Hunter's (2004) minorisation-maximisation, ties as half wins, one player fixed at 0. */
const minorise = (comparisons: readonly PlayerComparison[], anchor: string): Map<string, number> => {
  const players = [...new Set(comparisons.flatMap(({ first, second }) => [first, second]))];
  let strengths = new Map(players.map((player) => [player, 1]));
  for (let iteration = 0; iteration < 20_000; iteration++) {
    strengths = new Map(
      players.map((player) => {
        let won = 0;
        let weight = 0;
        for (const { first, second, outcome } of comparisons) {
          if (first !== player && second !== player) continue;
          won += first === player ? outcome : 1 - outcome;
          weight += 1 / (strengths.get(first)! + strengths.get(second)!);
        }
        return [player, won / weight];
      }),
    );
    const fixed = strengths.get(anchor)!;
    strengths = new Map(players.map((player) => [player, strengths.get(player)! / fixed]));
  }
  return new Map(players.map((player) => [player, 400 * Math.log10(strengths.get(player)!)]));
};

const fixture = [
  ...games("base", "sl", 2, 3, 9),
  ...games("sl", "rl", 4, 5, 6),
  ...games("rl", "base", 11, 2, 1),
  ...games("dpo", "base", 8, 1, 3),
  ...games("dpo", "rl", 5, 5, 5),
];

const shuffled = (list: readonly PlayerComparison[], seed: number): PlayerComparison[] => {
  const random = createRandom(seed);
  return random.shuffle(list).map((comparison) =>
    random.next() < 0.5
      ? comparison
      : {
          ...comparison,
          first: comparison.second,
          second: comparison.first,
          outcome: (1 - comparison.outcome) as PlayerComparison["outcome"],
        },
  );
};

describe("ratings by maximum likelihood", () => {
  it("has the closed form of two players: 400 log10 of the odds", () => {
    const ratings = fitRatings(games("a", "b", 30, 4, 10), { anchor: "b", prior: 0 });
    expect(ratings.get("b")).toBe(0);
    expect(ratings.get("a")).toBeCloseTo(400 * Math.log10(32 / 12), 9);
  });

  it("adds the prior as ties: with w of n games the odds are (w + ½) to (n - w + ½)", () => {
    const ratings = fitRatings(games("a", "b", 7, 0, 0), { anchor: "b" });
    expect(ratings.get("a")).toBeCloseTo(400 * Math.log10(7.5 / 0.5), 9);
  });

  it("agrees with an independent solution to 1e-6", () => {
    const ratings = fitRatings(fixture, { anchor: "base", prior: 0 });
    for (const [player, rating] of minorise(fixture, "base")) {
      expect(Math.abs(ratings.get(player)! - rating)).toBeLessThan(1e-6);
    }
  });

  it("says that ratings without a prior do not exist when a player won everything or never met the others", () => {
    expect(() => fitRatings(games("a", "b", 3, 0, 0), { anchor: "b", prior: 0 })).toThrowError(
      /no finite ratings/,
    );
    const islands = [...games("a", "b", 1, 0, 1), ...games("c", "d", 1, 0, 1)];
    expect(() => fitRatings(islands, { anchor: "a", prior: 0 })).toThrowError(/no finite ratings/);
  });

  it("gives equal ratings to equal results", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(20), (decided, tied, other) => {
        const list = [
          ...games("a", "b", decided, tied, decided),
          ...games("b", "c", other, tied, other),
          ...games("a", "c", tied, 1, tied),
        ];
        for (const rating of fitRatings(list, { anchor: "a" }).values()) expect(rating).toBeCloseTo(0, 9);
      }),
    );
  });

  const outcome = fc.constantFrom<PlayerComparison["outcome"]>(0, 0.5, 1);
  const comparison: fc.Arbitrary<PlayerComparison> = fc
    .record({
      pair: fc.constantFrom(["a", "b"], ["a", "c"], ["b", "c"], ["c", "d"]),
      outcome,
      cluster: fc.nat(9).map((index) => `prompt-${index}`),
    })
    .map(({ pair, ...rest }) => ({ first: pair[0]!, second: pair[1]!, ...rest }));
  const list = fc.array(comparison, { minLength: 1, maxLength: 60 });

  it("is finite whatever happened, and another anchor only shifts it", () => {
    fc.assert(
      fc.property(list, (comparisons) => {
        const byA = fitRatings(comparisons, { anchor: "a" });
        const byB = fitRatings(comparisons, { anchor: "b" });
        const shift = byB.get("a");
        if (shift === undefined || !byA.has("b")) return;
        for (const [player, rating] of byA) {
          expect(Number.isFinite(rating)).toBe(true);
          expect(byB.get(player)! - shift).toBeCloseTo(rating, 6);
        }
      }),
    );
  });

  it("does not converge to anything else from a huge, lopsided table", () => {
    const lopsided = [...games("a", "b", 20_000, 0, 1), ...games("b", "c", 20_000, 0, 1)];
    const ratings = fitRatings(lopsided, { anchor: "c", prior: 0 });
    expect(ratings.get("b")).toBeCloseTo(400 * Math.log10(20_000), 6);
    expect(ratings.get("a")).toBeCloseTo(800 * Math.log10(20_000), 6);
  });

  it("has the same figures, intervals included, in any order of comparisons and either way round", () => {
    const options = { anchor: "base", seed: 3, resamples: 100 };
    const straight = rate(fixture, options);
    expect(rate(shuffled(fixture, 1), options)).toEqual(straight);
    expect(rate(shuffled(fixture, 2), options)).toEqual(straight);
    expect(rate(fixture, { ...options, seed: 4 })).not.toEqual(straight);
  });
});

describe("intervals of ratings", () => {
  it("hold the rating, fix the anchor and count the comparisons", () => {
    const figures = rate(fixture, { anchor: "base", seed: 1, resamples: 200 });
    expect(figures.get("base")).toEqual({ value: 0, low: 0, high: 0, n: 40 });
    const rl = figures.get("rl")!;
    expect(rl.n).toBe(44);
    expect(rl.value).toBeCloseTo(fitRatings(fixture, { anchor: "base" }).get("rl")!, 9);
    expect(rl.low!).toBeLessThan(rl.value!);
    expect(rl.high!).toBeGreaterThan(rl.value!);
  });

  it("take a prompt as one observation: repeating its comparisons does not narrow them", () => {
    const once = Array.from({ length: 40 }, (_, index) => ({
      first: "a",
      second: "b",
      outcome: (index % 4 === 0 ? 0 : 1) as PlayerComparison["outcome"],
      cluster: `prompt-${index}`,
    }));
    const options = { anchor: "b", seed: 9, resamples: 400, prior: 0.001 };
    const width = (comparisons: readonly PlayerComparison[]): number => {
      const { low, high } = rate(comparisons, options).get("a")!;
      return high! - low!;
    };
    const repeated = once.flatMap((comparison) => Array.from({ length: 10 }, () => comparison));
    expect(width(repeated) / width(once)).toBeCloseTo(1, 1);
  });

  it("are absent without comparisons or without an anchor among them", () => {
    expect(rate([], { anchor: "base", seed: 1 }).get("base")).toEqual({
      value: null,
      low: null,
      high: null,
      n: 0,
    });
    const unanchored = rate(games("a", "b", 3, 0, 1), { anchor: "base", seed: 1 });
    expect(unanchored.get("a")).toEqual({ value: null, low: null, high: null, n: 4 });
  });
});
