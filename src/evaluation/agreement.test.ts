import { describe, expect, it } from "vitest";
import { cohensKappa, krippendorffsAlpha } from "./agreement.ts";
import { distinct, diversityOf, selfSimilarity } from "./diversity.ts";

describe("agreement", () => {
  it("has the textbook value of kappa: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no give 0.4", () => {
    const cells = [
      ["yes", "yes", 20],
      ["yes", "no", 5],
      ["no", "yes", 10],
      ["no", "no", 15],
    ] as const;
    const first = cells.flatMap(([one, , count]) => Array.from({ length: count }, () => one));
    const second = cells.flatMap(([, other, count]) => Array.from({ length: count }, () => other));
    expect(cohensKappa(first, second)).toBeCloseTo(0.4, 12);
    expect(cohensKappa(first, first)).toBe(1);
  });

  it("has the published value of alpha for three judges with gaps (nominal 0.691)", () => {
    const judges = [
      "*****3412113 3*3".replace(" ", ""),
      "1*213343*******",
      "**21344*2113 3*4".replace(" ", ""),
    ];
    const units = Array.from({ length: 15 }, (_, item) =>
      judges.map((judge) => judge[item]!).filter((category) => category !== "*"),
    );
    expect(krippendorffsAlpha(units)).toBeCloseTo(0.691, 3);
  });

  it("has no value when only one category was used, and refuses lists of different lengths", () => {
    expect(cohensKappa(["a", "a"], ["a", "a"])).toBeNull();
    expect(cohensKappa([], [])).toBeNull();
    expect(krippendorffsAlpha([["a", "a"], ["a"]])).toBeNull();
    expect(() => cohensKappa(["a"], [])).toThrowError(RangeError);
  });
});

describe("diversity", () => {
  it("counts different words and word pairs", () => {
    expect(distinct(["The cat sat.", "the cat ran!"], 1)).toBe(4 / 6);
    expect(distinct(["The cat sat.", "the cat ran!"], 2)).toBe(3 / 4);
    expect(distinct(["", "!"], 1)).toBeNull();
  });

  it("is 1 in similarity for equal replies and 0 for replies that share no pair of words", () => {
    expect(selfSimilarity(["I cannot help.", "I cannot help"])).toBe(1);
    expect(selfSimilarity(["one two three", "three two one"])).toBe(0);
    expect(selfSimilarity(["one two three", "one two four"])).toBe(1 / 3);
    expect(selfSimilarity(["yes", "no", "yes"])).toBe(1 / 3);
    expect(selfSimilarity(["alone"])).toBeNull();
  });

  it("counts replies that were given before", () => {
    expect(diversityOf(["No.", "no", "Yes."])).toMatchObject({ duplicates: 1, n: 3 });
    expect(diversityOf([])).toEqual({
      distinctWords: null,
      distinctPairs: null,
      similarity: null,
      duplicates: 0,
      n: 0,
    });
  });
});
