// Ratings from counted battles beside closed forms and an independent fit; and models that have no finite rating.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { type BattleRatings, type RatedModel, rateBattles } from "./battle-ratings.ts";
import { countBattles } from "./battles.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-battle-ratings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Battle = readonly [first: string, second: string, winner: string];

const games = (first: string, second: string, won: number, tied: number, lost: number): Battle[] =>
  (
    [
      ["model_a", won],
      ["tie", tied],
      ["model_b", lost],
    ] as const
  ).flatMap(([winner, count]) => Array.from({ length: count }, (): Battle => [first, second, winner]));

const counted = (battles: readonly Battle[]) => {
  const file = join(folder, "battles.jsonl");
  const rows = battles.map(([model_a, model_b, winner]) => JSON.stringify({ model_a, model_b, winner }));
  writeFileSync(file, rows.join("\n"));
  return countBattles(file);
};
const rated = async (battles: readonly Battle[], options: object = {}): Promise<BattleRatings> =>
  rateBattles(await counted(battles), { seed: 1, resamples: 50, ...options });
const of = ({ models }: BattleRatings, name: string): RatedModel =>
  models.find(({ model }) => model === name)!;

/** An independent fit: each win share set right in turn by bisection, until nothing moves; base 10, scale 400. */
const bisected = (battles: readonly Battle[], anchor: string): Map<string, number> => {
  const models = [...new Set(battles.flatMap(([first, second]) => [second, first]))];
  const ratings = new Map(models.map((model) => [model, 0]));
  const scores = { model_a: 1, tie: 0.5, model_b: 0 } as Readonly<Record<string, number>>;
  const excess = (model: string, rating: number): number =>
    battles.reduce((sum, [first, second, winner]) => {
      if (first !== model && second !== model) return sum;
      const won = first === model ? scores[winner]! : 1 - scores[winner]!;
      const other = ratings.get(first === model ? second : first)!;
      return sum + won - 1 / (1 + 10 ** ((other - rating) / 400));
    }, 0);
  for (let sweep = 0; sweep < 200; sweep++) {
    for (const model of models) {
      let [low, high] = [-4000, 4000];
      for (let halving = 0; halving < 60; halving++) {
        const middle = (low + high) / 2;
        if (excess(model, middle) > 0) low = middle;
        else high = middle;
      }
      ratings.set(model, low);
    }
  }
  const shift = ratings.get(anchor)!;
  return new Map(models.map((model) => [model, ratings.get(model)! - shift]));
};

const fixture = [
  ...games("vicuna", "alpaca", 12, 3, 4),
  ...games("gpt", "vicuna", 9, 4, 2),
  ...games("alpaca", "gpt", 1, 2, 8),
  ...games("dolly", "alpaca", 3, 2, 7),
];

describe("ratings of battles", () => {
  it("of two models have the closed form, a tie being half a win for each", async () => {
    const ratings = await rated(games("a", "b", 30, 4, 10), { anchor: "b" });
    expect(ratings.models.map(({ model }) => model)).toEqual(["a", "b"]);
    expect(of(ratings, "a").rating).toBeCloseTo(400 * Math.log10(32 / 12), 9);
    expect(of(ratings, "a")).toMatchObject({ standing: "rated", n: 44, wins: 30, losses: 10, ties: 4 });
    expect(of(ratings, "b")).toMatchObject({ rating: 0, low: 0, high: 0, wins: 10, losses: 30 });
  });

  it("agree with an independent fit, whichever model is 0", async () => {
    for (const anchor of ["gpt", "alpaca"]) {
      const ratings = await rated(fixture, { anchor });
      const expected = bisected(fixture, anchor);
      for (const { model, rating } of ratings.models) expect(rating).toBeCloseTo(expected.get(model)!, 6);
      expect(ratings.models.map(({ model }) => model)).toEqual(["gpt", "vicuna", "alpaca", "dolly"]);
    }
  });

  it("are the same, intervals too, in any order of rows and of the two models of a row", async () => {
    const turned = createRandom(2)
      .shuffle(fixture)
      .map(([first, second, winner], at): Battle => {
        if (at % 2 === 0) return [first, second, winner];
        return [second, first, winner === "model_a" ? "model_b" : winner === "model_b" ? "model_a" : winner];
      });
    expect(await rated(turned)).toEqual(await rated(fixture));
    expect(await rated(fixture, { seed: 2 })).not.toEqual(await rated(fixture));
  });

  it("have intervals as wide as theory says: of the log odds, the root of 1 / (n p (1 - p))", async () => {
    const n = 4000;
    const ratings = await rated(games("a", "b", 0.7 * n, 0, 0.3 * n), { anchor: "b", resamples: 2000 });
    const { rating, low, high } = of(ratings, "a");
    const half = (1.96 * 400) / Math.LN10 / Math.sqrt(n * 0.7 * 0.3);
    expect(Math.abs((rating - low) / half - 1)).toBeLessThan(0.1);
    expect(Math.abs((high - rating) / half - 1)).toBeLessThan(0.1);
  });

  it("of virtual ties are those of as many real ones", async () => {
    const real = await rated([...games("a", "b", 5, 0, 0), ...games("a", "b", 0, 2, 0)], { anchor: "b" });
    const virtual = await rated(games("a", "b", 5, 0, 0), { anchor: "b", prior: 2 });
    expect(of(virtual, "a").rating).toBeCloseTo(of(real, "a").rating, 9);
    expect(of(virtual, "a")).toMatchObject({ n: 5, ties: 0 });
  });

  it("stop when they are told to", async () => {
    const counts = await counted(fixture);
    const stopped = rateBattles(counts, { seed: 1, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/interrupted/i);
  });
});

describe("ratings of lopsided battles", () => {
  type Row = readonly [first: number, second: number, outcome: 0 | 0.5 | 1, times: number];
  const names = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"];

  const rateRows = (rows: readonly Row[], options: object) => {
    const units = rows.map(([first, second, outcome, times]) => ({
      times,
      outcomes: [{ first, second, outcome, times: 1 }],
    }));
    const models = names.slice(0, 1 + Math.max(...rows.map(([first, second]) => Math.max(first, second))));
    const counts = { models, units, rows: 0, battles: 0, by: "battles", leftOut: {} } as const;
    return rateBattles(counts, { seed: 0, resamples: 200, ...options });
  };

  /** At the maximum every model has won as much as its ratings expect, battles of rated models alone. */
  const expectScores = (rows: readonly Row[], { models }: BattleRatings): void => {
    const ratings = new Map(
      models.flatMap(({ model, standing, rating }) => (standing === "rated" ? [[model, rating]] : [])),
    );
    for (const [model, rating] of ratings) {
      let [won, expected] = [0, 0];
      for (const [first, second, outcome, times] of rows) {
        const other = ratings.get(names[first] === model ? names[second]! : names[first]!);
        if ((names[first] !== model && names[second] !== model) || other === undefined) continue;
        won += times * (names[first] === model ? outcome : 1 - outcome);
        expected += times / (1 + 10 ** ((other - rating) / 400));
      }
      expect(expected).toBeCloseTo(won, 3);
    }
  };

  it("are those of the maximum where whole steps of Newton's method go astray in a resample", async () => {
    const rows: readonly Row[] = [
      [0, 1, 0, 741],
      [0, 2, 1, 7],
      [0, 4, 1, 7],
      [1, 2, 1, 12],
      [1, 3, 0, 3],
      [2, 3, 1, 5],
      [2, 4, 1, 1],
      [2, 4, 0, 28],
      [2, 4, 0.5, 2280],
    ];
    for (const seed of [0, 1, 2]) expectScores(rows, await rateRows(rows, { seed, resamples: 1000 }));
  });

  it("are those of the maximum where they go astray in the battles themselves", async () => {
    const rows: readonly Row[] = [
      [0, 2, 1, 193],
      [0, 3, 0, 132_903],
      [0, 4, 1, 148_498],
      [1, 3, 0.5, 2],
      [1, 4, 1, 65],
      [2, 3, 0, 3507],
      [2, 3, 0.5, 646],
      [2, 3, 1, 1],
      [2, 4, 0.5, 28],
    ];
    const ratings = await rateRows(rows, {});
    expect(ratings.models.every(({ standing }) => standing === "rated")).toBe(true);
    expectScores(rows, ratings);
  });

  it("are those of the maximum in any battles of two to eight models, up to a million alike", async () => {
    const random = createRandom(5);
    for (let table = 0; table < 150; table++) {
      const models = 2 + random.integer(7);
      const rows: Row[] = [];
      for (let first = 0; first < models; first++)
        for (let second = first + 1; second < models; second++)
          for (const outcome of [0, 0.5, 1] as const)
            if (random.next() < 0.35)
              rows.push([first, second, outcome, Math.floor(10 ** (random.next() * 6))]);
      if (rows.length > 0) expectScores(rows, await rateRows(rows, { resamples: 40, seed: table }));
    }
  });
});

describe("models without a finite rating", () => {
  const apart = [
    ...games("a", "b", 40, 0, 40),
    ...games("top", "b", 9, 0, 0),
    ...games("higher", "top", 1, 0, 0),
    ...games("a", "low", 9, 0, 0),
    ...games("low", "beside", 0, 0, 1),
    ...games("x", "y", 2, 1, 1),
  ];

  it("stand above, below or apart, and change nothing of the others' ratings", async () => {
    const ratings = await rated(apart);
    expect(ratings.models.map(({ model, standing, rating }) => [model, standing, rating])).toEqual([
      ["higher", "above", Number.POSITIVE_INFINITY],
      ["top", "above", Number.POSITIVE_INFINITY],
      ["a", "rated", 0],
      ["b", "rated", expect.closeTo(0, 9)],
      ["low", "below", Number.NEGATIVE_INFINITY],
      ["beside", "apart", Number.NaN],
      ["x", "apart", Number.NaN],
      ["y", "apart", Number.NaN],
    ]);
    expect(ratings.groups).toEqual([["x", "y"]]);
    const other = await rated(apart, { anchor: "y" });
    expect(of(other, "x").rating).toBeCloseTo(400 * Math.log10(2.5 / 1.5), 9);
    expect(other.groups).toEqual([["a", "b"]]);
  });

  it("have one with virtual ties", async () => {
    const ratings = await rated(apart, { prior: 1 });
    expect(ratings.models.every(({ standing }) => standing === "rated")).toBe(true);
    for (const { rating, low, high } of ratings.models)
      expect([rating, low, high].every(Number.isFinite)).toBe(true);
    expect(ratings.groups).toEqual([]);
  });

  it("are both of two where one won everything", async () => {
    const ratings = await rated(games("a", "b", 5, 0, 0));
    expect(ratings.anchor).toBe("a");
    expect(of(ratings, "b")).toMatchObject({ standing: "below", rating: Number.NEGATIVE_INFINITY });
  });

  it("are all that have none, however few the battles, and however lopsided", async () => {
    const outcomes = [0, 1, 2, 3].flatMap((first) =>
      [0, 1, 2, 3].filter((second) => second > first).map((second) => ({ first, second })),
    );
    const unit = fc
      .tuple(fc.constantFrom(...outcomes), fc.constantFrom(0, 0.5, 1), fc.constantFrom(1, 2, 40, 3_000_000))
      .map(([pair, outcome, times]) => ({
        times,
        outcomes: [{ ...pair, outcome: outcome as 0 | 0.5 | 1, times: 1 }],
      }));
    const prior = fc.constantFrom(0, 0, 0.1, 1);
    const one = (first: number, second: number, outcome: 0 | 0.5 | 1, times: number) => ({
      times,
      outcomes: [{ first, second, outcome, times: 1 }],
    });
    const won = [one(0, 1, 0, 2_999_443), one(1, 2, 1, 3_001_297), one(0, 3, 1, 2_999_261)];
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 8 }), prior, async (units, ties) => {
        const models = ["a", "b", "c", "d"];
        const counts = { models, units, rows: 0, battles: 0, by: "battles", leftOut: {} } as const;
        const ratings = await rateBattles(counts, { anchor: "a", prior: ties, seed: 1, resamples: 5 });
        for (const { standing, rating, low, high } of ratings.models) {
          expect(Number.isFinite(rating)).toBe(standing === "rated");
          if (standing === "rated") expect(low <= rating && rating <= high).toBe(true);
        }
        if (ties > 0) expect(ratings.models.every(({ standing }) => standing === "rated")).toBe(true);
      }),
      // where numbers that are nearly equal are taken from each other, what is left moves the ratings for ever
      { examples: [[[one(2, 3, 0.5, 1), ...won], 1]] },
    );
  });

  it("bound no interval where a resample has them so", async () => {
    // with one loss, a third of the resamples hold none: the upper end is open, the lower is not
    const ratings = await rated(games("a", "b", 60, 0, 1), { anchor: "b", resamples: 400 });
    const { rating, low, high } = of(ratings, "a");
    expect(rating).toBeCloseTo(400 * Math.log10(60), 9);
    expect(high).toBe(Number.POSITIVE_INFINITY);
    expect(Number.isFinite(low)).toBe(true);
  });
});
