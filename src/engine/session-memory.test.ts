// What steps of a program leave in memory, in JavaScript and natively. In a process of its own, since what other tests
// leave would be counted with it.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { gradients } from "./gradient.ts";
import { multiply, subtract } from "./operations/elementwise.ts";
import { matmul } from "./operations/linear.ts";
import { mean } from "./operations/moments.ts";
import { compile } from "./session.ts";
import { input, scalar } from "./tensor.ts";

describe("memory", () => {
  it("does not grow over 900 steps of a training program, in JavaScript or natively", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const side = 256;
    const weight = input("weight", [side, side]);
    const error = subtract(matmul(input("x", [side, side]), weight), input("y", [side, side]));
    const loss = mean(multiply(error, error));
    const [slope] = gradients(loss, [weight]);
    const program = await compile({ loss, next: subtract(weight, multiply(slope!, scalar(0.1))) });
    const x = new Float32Array(side * side).map((_, at) => Math.sin(at));
    let current: Float32Array = new Float32Array(side * side);
    const steps = async (count: number) => {
      for (let step = 0; step < count; step++) {
        const { next } = await program.run({ weight: current, x, y: x });
        current = next as Float32Array;
      }
      collect();
      // buffers of results are freed by a finaliser in the next turn
      await new Promise(setImmediate);
      collect();
      const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
      return { managed: heapUsed + external + arrayBuffers, rss };
    };
    const before = await steps(40);
    const windows = [before];
    for (let window = 0; window < 3; window++) windows.push(await steps(300));
    await program.release();
    // One step's result is 256 KiB; 300 kept ones would be 75 MiB in every window. A process at its start takes pages
    // once that are no result's, and takes them later on a busy machine: so the window that grew least is judged.
    const least = (of: "managed" | "rss") =>
      Math.min(...windows.slice(1).map((window, at) => window[of] - windows[at]![of]));
    expect(least("managed")).toBeLessThan(2 ** 20);
    expect(least("rss")).toBeLessThan(8 * 2 ** 20);
  });
});
