// Quantised weights against bitsandbytes' numbers, and what quantising and restoring must keep.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matmulInt8 } from "./operations/quantised.ts";
import { dequantiseNf4, emptyNf4, nf4Block, nf4Levels, quantiseInt8, quantiseNf4 } from "./quantisation.ts";
import { compile } from "./session.ts";
import { constant, input } from "./tensor.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../test/golden/nf4.json", import.meta.url), "utf8"),
) as Record<"levels" | "values" | "packed" | "scales" | "restored", number[]>;

describe("NF4", () => {
  const values = Float32Array.from(golden.values);
  const quantised = emptyNf4(values.length);
  quantiseNf4(values, quantised);

  it("has bitsandbytes' levels, bit for bit", () => {
    expect([...nf4Levels]).toEqual([...Float32Array.from(golden.levels)]);
  });

  it("packs a matrix as bitsandbytes does", () => {
    expect([...quantised.scales]).toEqual([...Float32Array.from(golden.scales)]);
    expect([...quantised.packed]).toEqual(golden.packed);
  });

  it("restores what bitsandbytes restores", () => {
    expect([...dequantiseNf4(quantised, values.length)]).toEqual([...Float32Array.from(golden.restored)]);
  });

  it("gives the same in pieces, and refuses pieces that cut blocks", () => {
    const pieces = emptyNf4(values.length);
    for (let at = 0; at < values.length; at += 3 * nf4Block)
      quantiseNf4(values.subarray(at, at + 3 * nf4Block), pieces, at);
    expect(pieces).toEqual(quantised);
    expect(() => quantiseNf4(values.subarray(0, 65), emptyNf4(values.length))).toThrow(/blocks/);
    expect(() => quantiseNf4(values.subarray(0, 64), pieces, 32)).toThrow(/blocks/);
  });

  it("takes the nearest level of every value", () => {
    const list = fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(list, (numbers) => {
        const block = Float32Array.from(numbers);
        const target = emptyNf4(64);
        quantiseNf4(block, target);
        const [scale] = target.scales;
        const restored = dequantiseNf4(target, 64);
        for (const [at, value] of block.entries()) {
          const nearest = Math.min(...nf4Levels.map((level) => Math.abs(level * scale! - value)));
          expect(Math.abs(restored[at]! - value)).toBeLessThanOrEqual(nearest + 1e-5 * scale!);
        }
      }),
    );
  });
});

describe("int8", () => {
  it("is the transpose within half a step of every column", () => {
    const [columns, rows] = [5, 7];
    const values = Float32Array.from({ length: columns * rows }, (_, at) => Math.sin(at) * (1 + (at % 5)));
    const { levels, steps } = quantiseInt8(values, columns, rows);
    for (let column = 0; column < columns; column++)
      for (let row = 0; row < rows; row++) {
        const restored = levels[row * columns + column]! * steps[column]!;
        expect(Math.abs(restored - values[column * rows + row]!)).toBeLessThanOrEqual(
          0.5 * steps[column]! + 1e-6,
        );
      }
  });
});

describe("products with int8", () => {
  const [rows, inputs, outputs] = [16, 64, 64];
  const at = (values: ArrayLike<number>, place: number): number => values[place] ?? 0;

  /** A product through int8, the exact one, and how far rounding of weights and activations may move each number. */
  const multiply = async (x: Float32Array, weight: Float32Array) => {
    const { levels, steps } = quantiseInt8(weight, outputs, inputs);
    const fed = { w: input("w", [inputs, outputs], "int8"), s: input("s", [outputs]) };
    const program = await compile({ y: matmulInt8(input("x", [rows, inputs]), fed.w, fed.s) });
    const { y } = await program.run({ x, w: levels, s: steps });
    await program.release();
    // a step for every row of activations
    const activationSteps = Array.from(
      { length: rows },
      (_, row) => Math.max(...x.subarray(row * inputs, (row + 1) * inputs).map(Math.abs)) / 127,
    );
    const places = Array.from({ length: rows * outputs }, (_, place) => {
      const [row, column] = [Math.floor(place / outputs), place % outputs];
      let exact = 0;
      let bound = 0;
      for (let k = 0; k < inputs; k++) {
        const [a, w] = [at(x, row * inputs + k), at(weight, column * inputs + k)];
        exact += a * w;
        const [offA, offW] = [at(activationSteps, row) / 2, at(steps, column) / 2];
        bound += Math.abs(a) * offW + Math.abs(w) * offA + offA * offW;
      }
      return { exact, bound };
    });
    return places.map((place, index) => ({ ...place, found: Number(y![index]) }));
  };

  // the largest levels and activations of every sign: pairs of such products are what overflows 16 bits
  const extreme = fc.constantFrom(-1, 1);
  const ordinary = fc.float({ min: -1, max: 1, noNaN: true });
  const list = (count: number) =>
    fc.oneof(
      fc.array(extreme, { minLength: count, maxLength: count }),
      fc.array(ordinary, { minLength: count, maxLength: count }),
      fc.constant(new Array<number>(count).fill(1)),
    );

  it("are off by no more than the rounding of weights and activations, on any processor", async () => {
    await fc.assert(
      fc.asyncProperty(list(rows * inputs), list(inputs * outputs), async (x, weight) => {
        for (const { found, exact, bound } of await multiply(Float32Array.from(x), Float32Array.from(weight)))
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(bound + 1e-4);
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it("give every row what it has alone, bit for bit, whatever the sizes of the others", async () => {
    const values = Float32Array.from({ length: inputs * outputs }, (_, place) => Math.sin(7 * place));
    const { levels, steps } = quantiseInt8(values, outputs, inputs);
    const [w, s] = [constant(levels, [inputs, outputs]), constant(steps, [outputs])];
    const together = await compile({ y: matmulInt8(input("x", [rows, inputs]), w, s) });
    const alone = await compile({ y: matmulInt8(input("x", [1, inputs]), w, s) });
    const size = fc.constantFrom(0, 1e-6, 1, 50, 1e4);
    const row = fc
      .tuple(size, fc.array(ordinary, { minLength: inputs, maxLength: inputs }))
      .map(([factor, numbers]) => numbers.map((number) => number * factor));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: rows, maxLength: rows }), async (all) => {
        const { y } = await together.run({ x: Float32Array.from(all.flat()) });
        for (const [place, numbers] of all.entries()) {
          const own = await alone.run({ x: Float32Array.from(numbers) });
          expect(y!.slice(place * outputs, (place + 1) * outputs)).toEqual(own["y"]);
        }
      }),
      { numRuns: 12, endOnFailure: true },
    );
    await together.release();
    await alone.release();
  });

  it("do not overflow where every level and every activation is at its largest, on any processor", async () => {
    const ones = new Float32Array(rows * inputs).fill(1);
    for (const sign of [1, -1]) {
      const weight = new Float32Array(inputs * outputs).fill(sign);
      for (const { found, exact } of await multiply(ones, weight)) expect(found).toBeCloseTo(exact, 3);
    }
  });
});
