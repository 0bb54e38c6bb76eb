// Rows that are named many times: their sums must be right and the same at every run, on more threads than one.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { gradients } from "../gradient.ts";
import { compile } from "../session.ts";
import { input } from "../tensor.ts";
import { multiply } from "./elementwise.ts";
import { gatherRows } from "./indexing.ts";
import { sum } from "./reduction.ts";

const tableRows = 512;
const width = 256;
const count = 3072;

const embeddingGradient = () => {
  const table = input("table", [tableRows, width]);
  const rows = input("rows", [count], "int64");
  const upstream = input("upstream", [count, width]);
  const [gradient] = gradients(sum(multiply(gatherRows(table, rows), upstream)), [table]);
  return compile({ gradient: gradient! }, { threads: 2 });
};

describe("the gradient of gathered rows", () => {
  it("is right and bit-identical over 20 runs on two threads, with each row named hundreds of times", async () => {
    const random = createRandom(1);
    const rows = BigInt64Array.from({ length: count }, () => BigInt(random.integer(8)));
    const upstream = Float32Array.from({ length: count * width }, () => random.normal());
    const exact = new Float64Array(tableRows * width);
    rows.forEach((row, at) => {
      for (let column = 0; column < width; column++)
        exact[Number(row) * width + column]! += upstream[at * width + column]!;
    });
    const program = await embeddingGradient();
    let first: Buffer | undefined;
    for (let run = 0; run < 20; run++) {
      const { gradient } = await program.run({ rows, upstream });
      const got = gradient as Float32Array;
      const bytes = Buffer.from(got.buffer, got.byteOffset, got.byteLength);
      first ??= Buffer.from(bytes);
      expect(bytes.equals(first)).toBe(true);
      const worst = exact.reduce((most, value, at) => Math.max(most, Math.abs(value - got[at]!)), 0);
      expect(worst).toBeLessThan(1e-3);
    }
    await program.release();
  });
});
