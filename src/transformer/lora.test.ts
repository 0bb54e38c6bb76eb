// Low-rank adapters: an adapted model begins as its base, and merging them changes nothing that is computed. Small random
// models only.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { addAdapters, allTargets, hasAdapters, learnsWithAdapters, mergeAdapters } from "./lora.ts";
import { createModelState } from "./model-state.ts";
import type { Weights } from "./parameters.ts";
import { randomModel } from "./random-model.fixture.ts";
import { createScorer } from "./scoring.ts";

const base = randomModel();
const options = { rank: 4, alpha: 8, targets: [allTargets] };
const item = { trunk: [5, 17, 40, 3], branches: [[22, 60, 7], [31]] };

const scored = async (weights: Weights, adapterScale = 1): Promise<number[]> => {
  const scorer = createScorer(createModelState(base.config, weights, { adapterScale }));
  const [branches] = await scorer.tokens([item]);
  await scorer.release();
  return branches!.flatMap((values) => [...values]);
};

const largestGap = (one: readonly number[], other: readonly number[]): number =>
  Math.max(...one.map((value, at) => Math.abs(value - other[at]!)));

/** Adapters as if trained: B no longer zero. */
const moved = (weights: Weights): Weights => {
  const random = createRandom(9);
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      { shape, data: name.includes(".lora_B.") ? data.map(() => random.normal() * 0.1) : data },
    ]),
  );
};

describe("adapters", () => {
  it("begin as the base model", async () => {
    const adapted = addAdapters(base.config, base.weights, options, 1);
    expect(hasAdapters(base.weights)).toBe(false);
    expect(hasAdapters(adapted)).toBe(true);
    expect(Object.keys(adapted).length - Object.keys(base.weights).length).toBe(2 * 7 * 2);
    expect(largestGap(await scored(adapted, 2), await scored(base.weights))).toBeLessThan(1e-5);
  });

  it("compute what the merged weights compute", async () => {
    const trained = moved(addAdapters(base.config, base.weights, options, 1));
    const merged = mergeAdapters(base.config, trained, 2);
    expect(Object.keys(merged)).toEqual(Object.keys(base.weights));
    const beside = await scored(trained, 2);
    expect(largestGap(beside, await scored(merged))).toBeLessThan(1e-3);
    expect(largestGap(beside, await scored(base.weights))).toBeGreaterThan(0.1);
    expect(largestGap(beside, await scored(trained, 1))).toBeGreaterThan(0.1);
  });

  it("learn alone, with a score head", () => {
    const learns = learnsWithAdapters(addAdapters(base.config, base.weights, options, 1));
    const names = ["model.layers.0.mlp.up_proj.lora_A.weight", "score.weight", "model.norm.weight"];
    expect(names.map(learns)).toEqual([true, true, false]);
    expect(learnsWithAdapters(base.weights)("model.norm.weight")).toBe(true);
  });

  it("go only where they are asked for, from their seed", () => {
    const some = addAdapters(base.config, base.weights, { ...options, targets: ["q_proj"] }, 1);
    expect(Object.keys(some).filter((name) => name.includes("lora")).length).toBe(4);
    const name = "model.layers.1.self_attn.q_proj.lora_A.weight";
    expect(addAdapters(base.config, base.weights, options, 1)[name]).toEqual(some[name]);
    expect(addAdapters(base.config, base.weights, options, 2)[name]).not.toEqual(some[name]);
    expect(() => addAdapters(base.config, base.weights, { ...options, targets: ["query"] }, 1)).toThrow(
      /query/,
    );
  });
});
