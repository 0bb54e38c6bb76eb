// Five optimiser steps against torch.optim.AdamW after clip_grad_norm_: some clipped, some not; the matrix decays and
// the vector does not.

import { describe, expect, it } from "vitest";
import { compile, input, matmul, mean, multiply, subtract } from "../engine/index.ts";
import { distance, golden } from "./golden.fixture.ts";
import { adamWStep, momentNames, stepFeeds } from "./optimiser.ts";

const { options, x, y, start, steps } = golden.optimiser;

describe("AdamW in the graph", () => {
  it("takes torch's steps", async () => {
    const matrix = input("matrix", [3, 4]);
    const vector = input("vector", [3]);
    const output = multiply(matmul(input("x", [6, 4]), matrix, { transposeB: true }), vector);
    const error = subtract(output, input("y", [6, 3]));
    const loss = mean(multiply(error, error));
    const parameters = new Map([
      ["matrix", matrix],
      ["vector", vector],
    ]);
    const program = await compile({ loss, ...adamWStep(loss, parameters, options) });
    let held: Record<string, Float32Array> = {
      matrix: Float32Array.from(start.matrix),
      vector: Float32Array.from(start.vector),
    };
    for (const name of parameters.keys()) {
      held[momentNames(name).first] = new Float32Array(held[name]!.length);
      held[momentNames(name).second] = new Float32Array(held[name]!.length);
    }
    for (const [at, expected] of steps.entries()) {
      const results = await program.run({
        ...held,
        ...stepFeeds(options, expected.learningRate, at + 1),
        x: Float32Array.from(x),
        y: Float32Array.from(y),
      });
      expect(distance([results["loss"]![0] as number], [expected.loss])).toBeLessThan(1e-5);
      expect(distance([results["gradient_norm"]![0] as number], [expected.norm])).toBeLessThan(1e-5);
      held = {};
      for (const name of parameters.keys()) {
        const names = momentNames(name);
        held[name] = results[names.newValue] as Float32Array;
        held[names.first] = results[names.newFirst] as Float32Array;
        held[names.second] = results[names.newSecond] as Float32Array;
      }
      expect(distance(held["matrix"]!, expected.matrix)).toBeLessThan(1e-5);
      expect(distance(held["vector"]!, expected.vector)).toBeLessThan(1e-5);
    }
    await program.release();
  });

  it("moves no bit of a weight at a learning rate of 0, not even of a zero, and goes on from there", async () => {
    const weight = input("weight", [4]);
    const loss = mean(multiply(subtract(weight, input("y", [4])), subtract(weight, input("y", [4]))));
    const program = await compile({
      loss,
      ...adamWStep(loss, new Map([["weight", weight]]), { ...options, weightDecay: 0 }),
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
      ...adamWStep(loss, new Map([["weight", weight]]), { ...options, weightDecay: 0 }),
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
