// Five optimiser steps against torch.optim.AdamW and torch.optim.Muon after clip_grad_norm_: some clipped, some not;
// matrices decay and vectors do not.

import { describe, expect, it } from "vitest";
import { compile, input, matmul, mean, multiply, subtract, type Tensor } from "../engine/index.ts";
import { distance, golden } from "./golden.fixture.ts";
import { orthogonalise } from "./muon.ts";
import { momentNames, optimiserStep, stepFeeds } from "./optimiser.ts";

const { options } = golden.optimiser;

type Golden = typeof golden.optimiser;

/** mean((x Wᵀ (Vᵀ) · v - y)²), as tools/parity/make_training.py has it. */
const lossOf = (parameters: ReadonlyMap<string, Tensor>, { x, y }: Golden): Tensor => {
  const rows = 6;
  const hidden = matmul(input("x", [rows, x.length / rows]), parameters.get("matrix")!, { transposeB: true });
  const tall = parameters.get("tall");
  const output = tall === undefined ? hidden : matmul(hidden, tall, { transposeB: true });
  const error = subtract(multiply(output, parameters.get("vector")!), input("y", [rows, y.length / rows]));
  return mean(multiply(error, error));
};

/** Takes a golden run's steps; muon: the matrices that it moves. */
const expectSteps = async (expected: Golden, muon: ReadonlySet<string>): Promise<void> => {
  const { options, start, steps, shapes } = expected;
  const parameters = new Map(Object.entries(shapes).map(([name, shape]) => [name, input(name, shape)]));
  const loss = lossOf(parameters, expected);
  const program = await compile({ loss, ...optimiserStep(loss, parameters, { ...options, muon }) });
  let held: Record<string, Float32Array> = {};
  for (const [name, values] of Object.entries(start)) {
    held[name] = Float32Array.from(values);
    held[momentNames(name).first] = new Float32Array(values.length);
    held[momentNames(name).second] = new Float32Array(values.length);
  }
  for (const [at, { learningRate, loss, norm, after }] of steps.entries()) {
    const results = await program.run({
      ...held,
      ...stepFeeds(options, learningRate, at + 1),
      x: Float32Array.from(expected.x),
      y: Float32Array.from(expected.y),
    });
    expect(distance([results["loss"]![0] as number], [loss])).toBeLessThan(1e-5);
    expect(distance([results["gradient_norm"]![0] as number], [norm])).toBeLessThan(1e-5);
    held = {};
    for (const [name, values] of Object.entries(after)) {
      const names = momentNames(name);
      held[name] = results[names.newValue] as Float32Array;
      held[names.first] = results[names.newFirst] as Float32Array;
      held[names.second] = results[names.newSecond] as Float32Array;
      expect(distance(held[name], values), name).toBeLessThan(1e-5);
    }
  }
  await program.release();
};

describe("Muon in the graph", () => {
  it("takes torch's steps for wide and tall matrices, beside AdamW for what it does not move", () =>
    expectSteps(golden.muon, new Set(["matrix", "tall"])));

  it("makes the singular values of a matrix alike, whatever its scale", async () => {
    const program = await compile({ made: orthogonalise(input("matrix", [2, 3])) });
    for (const scale of [1e-6, 1, 1e6]) {
      const matrix = Float32Array.from([3, 1, 0, -1, 2, 0.5], (value) => value * scale);
      const made = (await program.run({ matrix }))["made"] as Float32Array;
      const dot = (one: number, other: number): number =>
        [0, 1, 2].reduce((sum, at) => sum + made[3 * one + at]! * made[3 * other + at]!, 0);
      const [a, b, c] = [dot(0, 0), dot(0, 1), dot(1, 1)];
      const spread = Math.sqrt(((a - c) / 2) ** 2 + b ** 2);
      for (const square of [(a + c) / 2 + spread, (a + c) / 2 - spread]) {
        expect(Math.sqrt(square), `scale ${scale}`).toBeGreaterThan(0.65);
        expect(Math.sqrt(square), `scale ${scale}`).toBeLessThan(1.25);
      }
    }
    await program.release();
  });

  it("leaves a matrix without gradient where it is", async () => {
    const weight = input("weight", [2, 2]);
    const loss = mean(multiply(weight, input("slope", [2, 2])));
    const muon = new Set(["weight"]);
    const parameters = new Map([["weight", weight]]);
    const program = await compile({
      loss,
      ...optimiserStep(loss, parameters, { ...options, weightDecay: 0, muon }),
    });
    const names = momentNames("weight");
    const start = Float32Array.of(1, 0, -2, 0.5);
    const nothing = new Float32Array(4);
    const results = await program.run({
      ...{ weight: start, slope: nothing, [names.first]: nothing },
      ...stepFeeds(options, 0.1, 1),
    });
    expect(results[names.newValue]).toEqual(start);
    expect(results[names.newSecond]).toBeUndefined();
    await program.release();
  });
});

describe("AdamW in the graph", () => {
  it("takes torch's steps", () => expectSteps(golden.optimiser, new Set()));

  it("moves no bit of a weight at a learning rate of 0, not even of a zero, and goes on from there", async () => {
    const weight = input("weight", [4]);
    const loss = mean(multiply(subtract(weight, input("y", [4])), subtract(weight, input("y", [4]))));
    const program = await compile({
      loss,
      ...optimiserStep(loss, new Map([["weight", weight]]), { ...options, weightDecay: 0 }),
    });
    const names = momentNames("weight");
    const start = Float32Array.of(0, 0.25, -0.5, 1e-30);
    const feeds = { weight: start, y: Float32Array.of(1, 1, 1, 1) };
    const moments = { [names.first]: new Float32Array(4), [names.second]: new Float32Array(4) };
    const still = await program.run({ ...feeds, ...moments, ...stepFeeds(options, 0, 1) });
    expect(Buffer.from(still[names.newValue]!.buffer)).toEqual(Buffer.from(start.buffer));
    expect((still[names.newFirst] as Float32Array).every((moment) => moment < 0)).toBe(true);
    const kept = {
      [names.first]: still[names.newFirst]!,
      [names.second]: still[names.newSecond]!,
    };
    const moved = await program.run({ ...feeds, ...kept, ...stepFeeds(options, 0.1, 2) });
    for (const [at, value] of (moved[names.newValue] as Float32Array).entries())
      expect(value - start[at]!).toBeCloseTo(0.1, 3);
    await program.release();
  });

  it("leaves a weight without gradient where it is, and moves one with a gradient far below epsilon by little", async () => {
    const weight = input("weight", [2]);
    const loss = mean(multiply(weight, input("slope", [2])));
    const program = await compile({
      loss,
      ...optimiserStep(loss, new Map([["weight", weight]]), { ...options, weightDecay: 0 }),
    });
    const names = momentNames("weight");
    const results = await program.run({
      weight: Float32Array.of(1, 0),
      slope: Float32Array.of(0, 2e-12),
      [names.first]: new Float32Array(2),
      [names.second]: new Float32Array(2),
      ...stepFeeds({ ...options, epsilon: 1e-8 }, 0.1, 1),
    });
    await program.release();
    const [still, moved] = results[names.newValue] as Float32Array;
    expect(still).toBe(1);
    // rate * g / (|g| + epsilon), with g = 1e-12
    expect(moved! / (-0.1 * (1e-12 / (1e-12 + 1e-8)))).toBeCloseTo(1, 3);
  });
});
