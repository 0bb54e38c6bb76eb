// Parts that are computed again in the backward pass give the gradients of parts that are kept, to the last bit, and
// are really computed later.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { gradients } from "./gradient.ts";
import { exportOnnx } from "./onnx-export.ts";
import { silu } from "./operations/activations.ts";
import { checkpoint } from "./operations/checkpoint.ts";
import { add, multiply } from "./operations/elementwise.ts";
import { matmul } from "./operations/linear.ts";
import { sum } from "./operations/reduction.ts";
import { interpret } from "./reference.ts";
import { compile } from "./session.ts";
import { input, type Tensor } from "./tensor.ts";

const width = 8;
const x = input("x", [4, width]);
const weights = [0, 1, 2].map((at) => input(`w${at}`, [width, width]));
const shared = input("shared", [width, width]);

const part =
  (weight: Tensor) =>
  (before: Tensor): Tensor =>
    add(before, matmul(silu(matmul(before, weight)), shared));

const lossOf = (kept: boolean): Tensor => {
  let value = matmul(x, shared);
  for (const weight of weights) value = kept ? part(weight)(value) : checkpoint(part(weight), value);
  return sum(multiply(value, value));
};

const random = createRandom(3);
const feeds = Object.fromEntries(
  [x, ...weights, shared].map(({ node, shape }) => [
    node.attributes["name"] as string,
    Float32Array.from({ length: shape[0]! * shape[1]! }, () => random.normal() * 0.4),
  ]),
);

const slopesOf = (kept: boolean) => {
  const loss = lossOf(kept);
  const found = gradients(loss, [x, ...weights, shared]);
  return { loss, ...Object.fromEntries(found.map((slope, at) => [`slope${at}`, slope])) };
};

describe("a checkpoint", () => {
  it("changes no bit of loss and gradients", async () => {
    const results = [];
    for (const kept of [true, false]) {
      const program = await compile(slopesOf(kept));
      results.push(await program.run(feeds));
      await program.release();
    }
    expect(Object.keys(results[1]!)).toHaveLength(6);
    expect(results[1]).toEqual(results[0]);
  });

  it("is what the plain interpreter says, too", () => {
    const [kept, again] = [true, false].map((one) =>
      interpret(Object.values(slopesOf(one)), feeds).map(({ data }) => [...data]),
    );
    expect(again).toEqual(kept);
  });

  it("computes every part twice", () => {
    const count = (kept: boolean): number =>
      Buffer.from(exportOnnx(slopesOf(kept)).bytes)
        .toString("latin1")
        .split("QuickGelu").length - 1;
    expect(count(true)).toBe(weights.length);
    expect(count(false)).toBe(2 * weights.length);
  });
});
