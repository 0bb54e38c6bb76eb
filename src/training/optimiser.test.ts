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
});
