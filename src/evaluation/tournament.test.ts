// Standings of battles whose ratings are known in closed form, and what a label says of who won.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Battle, outcomeOfLabel, tournament } from "./tournament.ts";

const repeated = (battle: Omit<Battle, "prompt">, times: number, from = 0): Battle[] =>
  Array.from({ length: times }, (_, at) => ({ ...battle, prompt: `p${from + at}` }));

describe("a tournament", () => {
  it("rates by wins and ties, whichever of two stands first, with a virtual tie between them", () => {
    const won = { first: "tuned", second: "base", outcome: 1 } as const;
    const battles = [
      ...repeated(won, 10),
      ...repeated({ first: "base", second: "tuned", outcome: 0 }, 10, 10),
      ...repeated({ ...won, outcome: 0 }, 4, 20),
      ...repeated({ ...won, outcome: 0.5 }, 4, 24),
      ...repeated({ ...won, outcome: null }, 3, 28),
    ];
    const { models, kinds, anchor } = tournament(battles, ["base", "tuned"], 1);
    const { rating, winRate, ...counts } = models["tuned"]!;
    // 20 wins, 4 losses, 4 ties and the virtual one
    expect(rating.value).toBeCloseTo(400 * Math.log10(22.5 / 6.5), 6);
    expect(rating.low).toBeGreaterThan(0);
    expect(winRate).toMatchObject({ value: 22 / 28, n: 28 });
    expect(counts).toEqual({ wins: 20, losses: 4, ties: 4, unjudged: 3 });
    expect(models["base"]).toMatchObject({ rating: { value: 0 }, winRate: { n: 0 }, wins: 4, losses: 20 });
    expect([anchor, kinds]).toEqual(["base", {}]);
  });

  it("rates kinds of prompts by themselves where there are several", () => {
    const harmful = { first: "a", second: "b", kind: "harmful", outcome: 0 } as const;
    const battles = [
      ...repeated(harmful, 9),
      ...repeated({ ...harmful, kind: "harmless", outcome: 1 }, 9, 9),
      ...repeated({ first: "a", second: "b", outcome: 0.5 }, 2, 18),
    ];
    const { kinds, models } = tournament(battles, ["a", "b"], 1);
    expect(models["b"]!.rating.value).toBeCloseTo(0, 9);
    expect(kinds.harmful!["b"]!.value).toBeCloseTo(400 * Math.log10(19), 6);
    expect(kinds.harmless!["b"]!.value).toBeCloseTo(-400 * Math.log10(19), 6);
    expect(Object.keys(kinds)).toEqual(["harmful", "harmless"]);
  });

  it("draws whole prompts again: two battles of one prompt are not two prompts", () => {
    const outcomes = [1, 1, 1, 0, 0.5, 1, 1, 0] as const;
    const once = outcomes.map((outcome, at) => ({ first: "b", second: "a", outcome, prompt: `p${at}` }));
    const width = (battles: readonly Battle[]): number => {
      const { low, high } = tournament(battles, ["a", "b"], 1).models["b"]!.rating;
      return high! - low!;
    };
    const twice = [...once, ...once];
    const apart = [...once, ...once.map((battle) => ({ ...battle, prompt: `${battle.prompt}'` }))];
    expect(width(twice)).toBeGreaterThan(1.2 * width(apart));
  });

  it("has win rates against the first model alone", () => {
    const win = (first: string, second: string, outcome: 0 | 1, times: number) =>
      repeated({ first, second, outcome }, times);
    const battles = [...win("b", "a", 1, 3), ...win("b", "c", 0, 9), ...win("c", "a", 1, 1)];
    const { models } = tournament(battles, ["a", "b", "c"], 1);
    expect(models["b"]!.winRate).toMatchObject({ value: 1, n: 3 });
    expect(models["b"]).toMatchObject({ wins: 3, losses: 9 });
    expect(models["c"]!.winRate).toMatchObject({ value: 1, n: 1 });
  });

  it("gives no interval where every prompt came out alike", () => {
    const alike = tournament(repeated({ first: "b", second: "a", outcome: 1 }, 12), ["a", "b"], 1);
    expect(alike.models["b"]!.rating).toMatchObject({ low: null, high: null, n: 12 });
    expect(alike.models["a"]!.rating).toMatchObject({ value: 0, low: 0, high: 0 });
  });

  it("says nothing of models where no battle has a verdict", () => {
    const { models } = tournament(repeated({ first: "a", second: "b", outcome: null }, 2), ["a", "b"], 1);
    expect(models["b"]).toMatchObject({
      rating: { value: null },
      winRate: { value: null, n: 0 },
      unjudged: 2,
    });
  });

  it("turned round, rates the other way round", () => {
    const outcome = fc.constantFrom(0, 0.5, 1) as fc.Arbitrary<0 | 0.5 | 1>;
    const battle = fc.record({ outcome, prompt: fc.constantFrom("p", "q", "r") });
    fc.assert(
      fc.property(fc.array(battle, { minLength: 1, maxLength: 12 }), (drawn) => {
        const battles = drawn.map((one) => ({ ...one, first: "a", second: "b" }));
        const turned = drawn.map((one) => ({ ...one, first: "b", second: "a" }));
        const rating = (of: readonly Battle[]): number =>
          tournament(of, ["a", "b"], 1).models["b"]!.rating.value!;
        expect(rating(turned)).toBeCloseTo(-rating(battles), 6);
      }),
      { numRuns: 20 },
    );
  });
});

describe("who won by a label", () => {
  it.each([
    [{ state: "judged", probability: 0.7, orders: [0.9, 0.51] }, 1],
    [{ state: "judged", probability: 0.3, orders: [0.4, 0.2] }, 0],
    [{ state: "judged", probability: 0.3, orders: null }, 0],
    [{ state: "judged", probability: 0.7, orders: [0.95, 0.45] }, 0.5],
    [{ state: "judged", probability: 0.7, orders: [0.9, 0.5] }, 0.5],
    [{ state: "judged", probability: 0.5, orders: [0.5, 0.5] }, 0.5],
    [{ state: "identical", probability: null, orders: null }, 0.5],
    [{ state: "unscored", probability: null, orders: null }, null],
  ] as const)("%o", (label, outcome) => {
    const orders = label.orders === null ? null : ([...label.orders] as [number, number]);
    expect(outcomeOfLabel({ ...label, orders })).toBe(outcome);
  });
});
