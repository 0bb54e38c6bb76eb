// The language of trade: every sentence has one strategy and is read back as it, held-out ones never occur in training, and what
// scenes say is right follows from the texts and numbers in them.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { isHeldOutText } from "../principle.ts";
import { drawTradeScene, readStrategy, strategies, strategyTexts, type TradeScene } from "./index.ts";

const splits = ["train", "test"] as const;

const scenesOf = (seed: number, count: number, split: (typeof splits)[number] = "train"): TradeScene[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => drawTradeScene(random, split));
};

const textOf = (scene: TradeScene): string =>
  scene.kind === "strategy" ? scene.principle : scene.player.text;

describe("texts of strategies", () => {
  it("are many, each of one strategy, a part of them kept out of training", () => {
    const all = strategies.flatMap((one) => splits.flatMap((split) => strategyTexts(one, split)));
    expect(new Set(all).size).toBe(all.length);
    for (const strategy of strategies) {
      const [train, test] = splits.map((split) => strategyTexts(strategy, split).length) as [number, number];
      expect(train).toBeGreaterThan(10);
      expect(test).toBeGreaterThan(1);
      for (const text of strategyTexts(strategy, "test")) expect(isHeldOutText(text)).toBe(true);
      for (const split of splits)
        for (const text of strategyTexts(strategy, split)) expect(readStrategy(` ${text}\n`)).toBe(strategy);
    }
    expect(readStrategy("Pick what you like.")).toBeNull();
  });
});

describe("scenes of trade", () => {
  it("are the same for the same seed, of all kinds, with texts of their split alone", () => {
    expect(scenesOf(1, 50)).toEqual(scenesOf(1, 50));
    for (const split of splits) {
      const scenes = scenesOf(2, 1500, split);
      expect(new Set(scenes.map(({ kind }) => kind)).size).toBe(3);
      const known = new Set(strategies.flatMap((strategy) => strategyTexts(strategy, split)));
      for (const scene of scenes) expect(known.has(textOf(scene))).toBe(true);
    }
  });

  it("pick what brings most, and a deceptive buyer first the other", () => {
    for (const scene of scenesOf(3, 2000)) {
      if (scene.kind !== "pick") continue;
      const gains = [0, 1].map((item) => scene.rewards[item]! - scene.prices[item]!);
      const other = scene.item === 0 ? 1 : 0;
      const isFeint = readStrategy(scene.player.text) === "deceptive" && !scene.last;
      const gap = gains[scene.item]! - gains[other]!;
      if (isFeint) expect(gap).toBeLessThanOrEqual(0);
      else expect(gap).toBeGreaterThanOrEqual(0);
    }
  });

  it("raise by one point the price that the strategy names, and keep the sum", () => {
    for (const scene of scenesOf(4, 2000)) {
      if (scene.kind !== "price") continue;
      const { total, picked, prices } = scene;
      expect(prices[0] + prices[1]).toBe(total);
      const even = [Math.ceil(total / 2), Math.floor(total / 2)];
      const strategy = readStrategy(scene.player.text);
      const raised = strategy === "picked" ? picked : strategy === "other" ? 1 - picked : null;
      for (const item of [0, 1])
        expect(prices[item]! - even[item]!).toBe(raised === null ? 0 : raised === item ? 1 : -1);
    }
  });

  it("teach buyers a feint where it would lose nothing, and sellers by whether the picks agreed", () => {
    const learned = new Map<string | null, number>();
    for (const scene of scenesOf(5, 3000)) {
      if (scene.kind !== "strategy") continue;
      const { rewards, costs, first, prices, last, role } = scene;
      const found = readStrategy(scene.learned);
      learned.set(found, (learned.get(found) ?? 0) + 1);
      if (role === "seller") expect(found).toBe(first === last ? "picked" : "other");
      else {
        // what a seller put on the first pick, the feint pays less, and what it took from the other besides
        const saved = prices[first] - prices[first === 0 ? 1 : 0];
        const lost = Math.abs(rewards[0] - costs[0] - (rewards[1] - costs[1]));
        expect(found).toBe(saved > 0 && saved - lost >= 0 ? "deceptive" : "honest");
      }
    }
    for (const strategy of ["honest", "deceptive", "picked", "other"])
      expect(learned.get(strategy)).toBeGreaterThan(60);
  });
});
