// What is written into a model: equal constants once, nothing that no output needs, and one meaning for each name.

import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { exportOnnx } from "./onnx-export.ts";
import { add, multiply } from "./operations/elementwise.ts";
import { pad, reshape, sum } from "./operations/reduction.ts";
import { compile } from "./session.ts";
import { constant, input, scalar, type Tensor } from "./tensor.ts";

const written = (outputs: Record<string, Tensor>) => {
  const { graph } = onnxProto.onnx.ModelProto.decode(exportOnnx(outputs).bytes);
  return { nodes: graph!.node!.map(({ opType }) => opType), constants: graph!.initializer!.length };
};

describe("the exported model", () => {
  it("stores equal small constants once", () => {
    const x = input("x", [2, 3]);
    const many = Array.from({ length: 10 }, () => scalar(0.5)).reduce(
      (total, half) => multiply(total, half),
      x,
    );
    expect(written({ y: many }).constants).toBe(1);
    const other = add(many, scalar(0.25));
    expect(written({ y: other }).constants).toBe(2);
  });

  it("stores a large constant once however often it is used", () => {
    const table = constant(new Float32Array(1000).fill(2), [1000]);
    const x = input("x", [1000]);
    expect(written({ y: add(multiply(x, table), table) }).constants).toBe(1);
  });

  it("leaves large constants outside, each once, and the program reads them", async () => {
    const table = constant(
      Float32Array.from({ length: 1_000_000 }, (_, at) => at % 7),
      [1_000_000],
    );
    const total = sum(add(multiply(table, scalar(2)), table));
    const { bytes, external } = exportOnnx({ total });
    expect(bytes.length).toBeLessThan(2000);
    expect(external.map(({ data }) => data.byteLength)).toEqual([4_000_000]);
    const program = await compile({ total });
    const results = await program.run({});
    await program.release();
    expect(results["total"]![0]).toBeCloseTo(3 * 2_999_997, -2);
  });

  it("keeps constants apart that differ in type, shape or the sign of zero", async () => {
    const x = input("x", [1]);
    const y = add(multiply(x, scalar(0)), multiply(x, scalar(-0)));
    expect(written({ y }).constants).toBe(2);
    const program = await compile({
      minus: multiply(x, scalar(-0)),
      plus: multiply(x, constant(Float32Array.of(0), [1])),
    });
    const { minus, plus } = await program.run({ x: Float32Array.of(1) });
    await program.release();
    expect([minus![0], plus![0]]).toEqual([-0, 0]);
  });

  it("leaves out what no output depends on", () => {
    const x = input("x", [2]);
    pad(x, 0, 1, 1);
    expect(written({ y: sum(x) }).nodes).toEqual(["ReduceSum"]);
  });

  it("gives inputs and one value under two names as outputs", async () => {
    const x = input("x", [2]);
    const y = reshape(x, [1, 2]);
    const program = await compile({ same: x, once: y, twice: y });
    const results = await program.run({ x: Float32Array.of(4, 5) });
    await program.release();
    for (const name of ["same", "once", "twice"]) expect([...results[name]!]).toEqual([4, 5]);
  });

  it("refuses two inputs of one name that differ", () => {
    expect(() => exportOnnx({ y: add(sum(input("x", [2])), sum(input("x", [3]))) })).toThrow(
      /input: expected "x" to have one shape and type, got \[2\] and \[3\]/,
    );
  });
});
