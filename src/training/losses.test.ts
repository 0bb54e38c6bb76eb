// Losses and their gradients against torch's.

import { describe, expect, it } from "vitest";
import { gradients, input, interpret, type Tensor } from "../engine/index.ts";
import { distance, golden } from "./golden.fixture.ts";
import { positiveShare, softPreferenceLoss, sumByOwner, vector, weightedCrossEntropy } from "./losses.ts";

const numbers = (tensors: readonly Tensor[], feeds: Record<string, readonly number[]>): number[][] =>
  interpret(tensors, feeds).map(({ data }) => [...data]);

describe("softPreferenceLoss", () => {
  it.each(golden.preference)(
    "is torch's ($name labels)",
    ({ margins, probabilities, loss, gradients: slopes }) => {
      const [m, p, w] = ["margins", "probabilities", "weights"].map((name) => vector(name, margins.length));
      const output = softPreferenceLoss(m!, p!, w!);
      const weights = margins.map(() => 1 / margins.length);
      const found = numbers([output, ...gradients(output, [m!])], { margins, probabilities, weights });
      expect(distance(found[0]!, [loss])).toBeLessThan(1e-6);
      expect(distance(found[1]!, slopes["margins"]!)).toBeLessThan(1e-6);
    },
  );

  it("demands a margin of whichever reply is taken for the better one", () => {
    const [m, p, w, d] = ["margins", "probabilities", "weights", "demanded"].map((name) => vector(name, 1));
    const loss = (probability: number, margin: number, demanded: number): number => {
      const feeds = { margins: [margin], probabilities: [probability], weights: [1], demanded: [demanded] };
      return numbers([softPreferenceLoss(m!, p!, w!, d!)], feeds)[0]![0]!;
    };
    const plain = (margin: number): number => Math.log1p(Math.exp(-margin));
    expect(loss(1, 2, 0.5)).toBeCloseTo(plain(1.5), 6);
    expect(loss(0, -2, 0.5)).toBeCloseTo(plain(1.5), 6);
    expect(loss(0.7, 1, 0.5)).toBeCloseTo(0.7 * plain(0.5) + 0.3 * plain(-1.5), 6);
  });

  it("stays finite for margins far out", () => {
    const [m, p, w] = ["margins", "probabilities", "weights"].map((name) => vector(name, 2));
    const feeds = { margins: [2000, -2000], probabilities: [0.9, 0.9], weights: [0.5, 0.5] };
    expect(numbers([softPreferenceLoss(m!, p!, w!)], feeds)[0]![0]).toBeCloseTo(0.5 * 200 + 0.5 * 1800, 6);
  });
});

describe("small parts", () => {
  it("weigh, sum by owner and count positive margins", () => {
    const values = vector("values", 3);
    const weights = vector("weights", 3);
    const feeds = { values: [1, -2, 4], weights: [0.5, 0.25, 0.25] };
    expect(numbers([weightedCrossEntropy(values, weights)], feeds)[0]).toEqual([-1]);
    expect(numbers([positiveShare(values, weights)], feeds)[0]).toEqual([0.75]);
    const membership = input("membership", [2, 3]);
    const owned = { ...feeds, membership: [1, 0, 1, 0, 1, 0] };
    expect(numbers([sumByOwner(values, membership)], owned)[0]).toEqual([5, -2]);
  });
});
