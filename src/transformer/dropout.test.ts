// Dropout: what share falls out, that no pattern of rows, columns, steps or modules shows in it, that the same step has
// the same masks, and that nothing but training has any.

import { describe, expect, it } from "vitest";
import { compile, constant, gradients, input, interpret, sum } from "../engine/index.ts";
import { hiddenStates, packedInputs } from "./decoder.ts";
import { dropoutInput, dropoutSeed, dropoutSeedInput, dropped } from "./dropout.ts";
import { addAdapters, mergeAdapters } from "./lora.ts";
import { createModelState, dropoutFeeds, graphOf, type ModelState, trainingGraphOf } from "./model-state.ts";
import { packRows } from "./packing.ts";
import { randomModel } from "./random-model.fixture.ts";

const [rows, columns] = [96, 160];
const ones = constant(new Float32Array(rows * columns).fill(1), [rows, columns]);

/** 1 where a number was kept, 0 where it fell out. */
const maskOf = (
  seed: number,
  step: number,
  share: number,
  module = "model.layers.0.mlp.up_proj",
): number[] => {
  const kept = dropped(ones, { share, seed: dropoutSeedInput() }, module);
  const [values] = interpret([kept], { [dropoutInput]: dropoutSeed(seed, step) });
  const scale = 1 / (1 - share);
  const data = Array.from(values!.data);
  expect(data.every((value) => value === 0 || Math.abs(value - scale) < 1e-6)).toBe(true);
  return data.map((value) => (value === 0 ? 0 : 1));
};

const meanOf = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

/** The correlation of two masks of one share. */
const correlation = (one: readonly number[], other: readonly number[]): number => {
  const [a, b] = [meanOf(one), meanOf(other)];
  const covariance = meanOf(one.map((value, at) => (value - a) * (other[at]! - b)));
  return covariance / Math.sqrt(a * (1 - a) * b * (1 - b));
};

describe("masks", () => {
  it.each([0.05, 0.1, 0.5])("drop the share %f of all numbers, of every row and of every column", (share) => {
    const masks = Array.from({ length: 8 }, (_, step) => maskOf(3, step, share));
    const deviations = (count: number): number => Math.sqrt((share * (1 - share)) / count);
    const fell = (mask: readonly number[]): number => 1 - meanOf(mask);
    const all = masks.flat();
    expect(Math.abs(fell(all) - share)).toBeLessThan(4 * deviations(all.length));
    for (let row = 0; row < rows; row++) {
      const own = masks.flatMap((mask) => mask.slice(row * columns, (row + 1) * columns));
      expect(Math.abs(fell(own) - share)).toBeLessThan(6 * deviations(own.length));
    }
    for (let column = 0; column < columns; column++) {
      const own = masks.flatMap((mask) => mask.filter((_, at) => at % columns === column));
      expect(Math.abs(fell(own) - share)).toBeLessThan(6 * deviations(own.length));
    }
  });

  it("of neighbouring rows and columns, of steps, modules and seeds have nothing to do with each other", () => {
    const mask = maskOf(3, 7, 0.3);
    const limit = 5 / Math.sqrt(mask.length);
    for (const shift of [1, 2, columns, 2 * columns, 8 * columns])
      expect(Math.abs(correlation(mask.slice(shift), mask.slice(0, -shift)))).toBeLessThan(limit);
    const others = [maskOf(3, 8, 0.3), maskOf(4, 7, 0.3), maskOf(3, 7, 0.3, "model.layers.1.mlp.up_proj")];
    for (const other of others) expect(Math.abs(correlation(mask, other))).toBeLessThan(limit);
    expect(maskOf(3, 7, 0.3)).toEqual(mask);
  });

  it("are the same in ONNX Runtime as in plain arithmetic", async () => {
    const seed = dropoutSeedInput();
    const program = await compile({ kept: dropped(ones, { share: 0.2, seed }, "h.0.attn.c_attn") });
    const { kept } = await program.run({ [dropoutInput]: dropoutSeed(1, 2) });
    await program.release();
    expect(Array.from(kept as Float32Array, (value) => (value === 0 ? 0 : 1))).toEqual(
      maskOf(1, 2, 0.2, "h.0.attn.c_attn"),
    );
  });

  it("let gradients through where they let numbers through", () => {
    const x = input("x", [rows, columns]);
    const kept = dropped(x, { share: 0.25, seed: dropoutSeedInput() }, "m");
    const [slope] = gradients(sum(kept, [0, 1]), [x]);
    const feeds = { x: new Float32Array(rows * columns).fill(1), [dropoutInput]: dropoutSeed(5, 0) };
    const [value, gradient] = interpret([kept, slope!], feeds);
    expect(gradient!.data).toEqual(value!.data);
  });
});

describe("dropout of adapters", () => {
  const base = randomModel();
  const lora = { rank: 4, alpha: 8, targets: ["q_proj", "down_proj"], dropout: 0.5, seed: 11 };
  const weights = addAdapters(base.config, base.weights, lora, 1);
  for (const [name, { data }] of Object.entries(weights))
    if (name.includes(".lora_B.")) data.set(data.map((_, at) => Math.sin(at) * 0.1));
  const state = createModelState(base.config, weights, { lora });

  const hidden = async (of: ModelState, graph: typeof graphOf, step = 0): Promise<Float32Array> => {
    const item = { trunk: [5, 17, 40, 3, 22, 60, 7, 31], branches: [] };
    const { tokens, positions, bias } = packRows([item], [[0]], { batch: 1, time: 8, padding: 0 });
    const program = await compile({ states: hiddenStates(graph(of), packedInputs(1, 8)) });
    const feeds = { ...of.feeds(), ...dropoutFeeds(of, step, 0), tokens, positions, bias };
    const wanted = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
    const { states } = await program.run(wanted);
    await program.release();
    return states as Float32Array;
  };

  it("is there in training's graph, another one at every step, and nowhere else", async () => {
    const plain = await hidden(state, graphOf);
    const merged = createModelState(base.config, mergeAdapters(base.config, weights, state.adapterScale));
    const exact = await hidden(merged, graphOf);
    expect(Math.max(...plain.map((value, at) => Math.abs(value - exact[at]!)))).toBeLessThan(1e-4);
    const [once, again, next] = [0, 0, 1].map((step) => hidden(state, trainingGraphOf, step));
    expect(await once).toEqual(await again);
    expect(await next).not.toEqual(await once);
    expect(await once).not.toEqual(plain);
    const without = createModelState(base.config, weights, { lora: { ...lora, dropout: 0 } });
    expect(await hidden(without, trainingGraphOf)).toEqual(plain);
    expect(dropoutFeeds(without, 0, 0)).toEqual({});
  });
});
