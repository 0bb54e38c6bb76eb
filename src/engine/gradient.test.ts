// Reverse mode over whole graphs: uses add up, unused tensors get zeros, shared parts are walked once, and what has
// no gradient says so.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CovenantError } from "../core/index.ts";
import { gradients } from "./gradient.ts";
import {
  add,
  divide,
  exponential,
  greater,
  logSigmoid,
  multiply,
  sigmoid,
  subtract,
  tanh,
  where,
} from "./operations/elementwise.ts";
import { matmul } from "./operations/linear.ts";
import { mean, sumOfSquares } from "./operations/moments.ts";
import { rotaryEmbedding, softmax } from "./operations/network.ts";
import { rmsNorm } from "./operations/normalisation.ts";
import { reshape, sum, transpose } from "./operations/reduction.ts";
import { interpret } from "./reference.ts";
import { compile } from "./session.ts";
import { constant, input, orderedNodes, scalar, type Tensor } from "./tensor.ts";

const valuesOf = (tensors: readonly Tensor[], feeds: Record<string, number[]>): number[][] =>
  interpret(tensors, feeds).map(({ data }) => [...data]);

describe("gradients", () => {
  it("adds up over all uses of a tensor", () => {
    const x = input("x", [2]);
    const loss = sum(add(multiply(x, x), add(x, multiply(x, scalar(3)))));
    expect(valuesOf(gradients(loss, [x]), { x: [5, -1] })).toEqual([[14, 2]]);
  });

  it("gives zeros of the right shape for tensors that the loss does not depend on", async () => {
    const x = input("x", [2]);
    const unused = input("unused", [2, 3]);
    const single = input("single", []);
    const found = gradients(sum(x), [x, unused, single]);
    expect(found.map(({ shape }) => shape)).toEqual([[2], [2, 3], []]);
    const program = await compile({ a: found[0]!, b: found[1]!, c: found[2]! });
    expect(program.inputs.size).toBe(0);
    const { a, b, c } = await program.run({});
    await program.release();
    expect([[...a!], [...b!], [...c!]]).toEqual([[1, 1], [0, 0, 0, 0, 0, 0], [0]]);
  });

  it("differentiates by tensors inside the graph", () => {
    const x = input("x", [3]);
    const inside = multiply(x, scalar(2));
    const loss = sum(multiply(inside, inside));
    expect(valuesOf(gradients(loss, [inside, x]), { x: [1, 2, 3] })).toEqual([
      [4, 8, 12],
      [8, 16, 24],
    ]);
  });

  it("lets nothing through the condition of a choice", () => {
    const x = input("x", [2]);
    const loss = sum(where(greater(x, scalar(0)), x, multiply(x, scalar(5))));
    expect(valuesOf(gradients(loss, [x]), { x: [3, -2] })).toEqual([[1, 5]]);
  });

  it("sums over axes along which a tensor was broadcast", () => {
    const row = input("row", [3]);
    const column = input("column", [2, 1]);
    const loss = sum(multiply(row, column));
    expect(valuesOf(gradients(loss, [row, column]), { row: [1, 2, 3], column: [10, 20] })).toEqual([
      [30, 30, 30],
      [6, 6],
    ]);
  });

  it("stays linear in the depth of a graph that uses every value twice", () => {
    let x = input("x", [2]);
    const start = x;
    for (let depth = 0; depth < 200; depth++) x = add(x, x);
    expect(orderedNodes(gradients(sum(x), [start])).length).toBeLessThan(1000);
  });

  it("refuses a loss that is no scalar, and names an operation without a gradient rule", () => {
    const x = input("x", [2]);
    expect(() => gradients(x, [x])).toThrow(/scalar, got \[2\]/);
    const flag = greater(x, scalar(0));
    const broken: Tensor = {
      ...flag,
      type: "float32",
      node: { ...flag.node, outputs: [{ shape: [2], type: "float32" }] },
    };
    expect(() => gradients(sum(broken), [x])).toThrow(CovenantError);
    expect(() => gradients(sum(broken), [x])).toThrow(/"greater" has no gradient rule/);
  });

  it("refuses to give zeros by an input that an operation has no gradient by", () => {
    const [x, cosine, sine] = [input("x", [1, 2, 4]), input("cosine", [2, 2]), input("sine", [2, 2])];
    const loss = sum(rotaryEmbedding(x, input("positions", [1, 2], "int64"), cosine, sine, 1));
    expect(gradients(loss, [x])).toHaveLength(1);
    expect(() => gradients(loss, [x, cosine])).toThrow(/has no gradient by its input 2/);
  });
});

const layers: ((x: Tensor, weight: Tensor) => Tensor)[] = [
  (x, weight) => matmul(x, weight),
  (x, weight) => tanh(matmul(x, weight, { transposeB: true, alpha: 0.5 })),
  (x, weight) => softmax(add(x, weight)),
  (x, weight) => multiply(sigmoid(x), transpose(weight, [1, 0])),
  (x, weight) => rmsNorm(x, reshape(mean(weight, [0]), [3]), 1e-2),
  (x) => logSigmoid(subtract(x, mean(x, [-1], true))),
  (x, weight) => divide(x, add(exponential(weight), scalar(1))),
];

describe("gradients of random graphs", () => {
  it("equal finite differences in double precision", () => {
    const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(
        fc.array(fc.nat(layers.length - 1), { minLength: 1, maxLength: 5 }),
        numbers,
        numbers,
        (chosen, x, weight) => {
          const leaves = [input("x", [3, 3]), input("weight", [3, 3])] as const;
          const output = chosen.reduce((value, layer) => layers[layer]!(value, leaves[1]), leaves[0]);
          const mask = constant(Float32Array.of(1, -2, 0.5, 3, -1, 0.25, 2, 1, -0.5), [3, 3]);
          const loss = add(sum(multiply(output, mask)), sumOfSquares(output));
          const found = valuesOf(gradients(loss, leaves), { x, weight });
          const at = (feeds: { x: number[]; weight: number[] }) => valuesOf([loss], feeds)[0]![0]!;
          for (const [which, name] of (["x", "weight"] as const).entries()) {
            for (let place = 0; place < 9; place++) {
              const moved = (by: number) => {
                const feeds = { x, weight };
                return at({ ...feeds, [name]: feeds[name].with(place, feeds[name][place]! + by) });
              };
              const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
              expect(Math.abs(found[which]![place]! - numeric)).toBeLessThan(
                1e-5 * Math.max(1, Math.abs(numeric)),
              );
            }
          }
        },
      ),
      { numRuns: 60, seed: 5 },
    );
  });
});
