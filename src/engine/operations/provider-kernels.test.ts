// What is written otherwise for WebGPU means the same: those nodes run on the processor, which has them all, and give
// what the operation's plain evaluation gives. Nothing here needs a graphics card.

import { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createRandom, deriveSeed } from "../../core/index.ts";
import { exportOnnx } from "../onnx-export.ts";
import { interpret } from "../reference.ts";
import { sizeOf } from "../shape.ts";
import { input, outputOf, type Tensor } from "../tensor.ts";
import { applyNode } from "./apply.ts";
import { operations } from "./table.ts";

type Case = {
  readonly name: string;
  readonly outputs: Record<string, Tensor>;
  readonly inputs: readonly Tensor[];
  readonly values: Record<string, number[]>;
};

const cases = [...operations.values()].flatMap((operation) =>
  operation.examples.map((example, index): Case => {
    const random = createRandom(deriveSeed(operation.name, index));
    const inputs = example.inputs.map(({ shape, type }, at) => input(`x${at}`, shape, type ?? "float32"));
    const node = applyNode(operation, inputs, example.attributes ?? {});
    const values = example.inputs.map(({ shape, low = -1.5, high = 1.5, values }, at) => {
      const drawn = () => Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.next());
      return [`x${at}`, values?.(random) ?? drawn()] as const;
    });
    const outputs = Object.fromEntries(node.outputs.map((_, at) => [`y${at}`, outputOf(node, at)]));
    return { name: `${operation.name} ${index}`, outputs, inputs, values: Object.fromEntries(values) };
  }),
);

const differing = cases.filter(
  ({ outputs }) => !Buffer.from(exportOnnx(outputs).bytes).equals(exportOnnx(outputs, "webgpu").bytes),
);

const fed = ({ shape, type }: Tensor, values: readonly number[]): RuntimeTensor =>
  type === "int64"
    ? new RuntimeTensor("int64", BigInt64Array.from(values, BigInt), shape as number[])
    : new RuntimeTensor("float32", Float32Array.from(values), shape as number[]);

describe("nodes written for WebGPU", () => {
  it("are other ones where its kernels are missing or wrong, and none of those is left", () => {
    expect([...new Set(differing.map(({ name }) => name.replace(/ \d+$/, "")))].toSorted()).toEqual(
      [
        "sum-rows",
        "attention",
        "frozen-head-log-probability",
        "matmul",
        "rms-norm",
        "token-log-probability",
      ].toSorted(),
    );
    for (const { outputs } of differing) {
      const text = Buffer.from(exportOnnx(outputs, "webgpu").bytes).toString("latin1");
      for (const missing of ["FusedMatMul", "LogSoftmax", "TopK"]) expect(text).not.toContain(missing);
    }
  });

  it.each(differing)("$name: equals evaluated", async ({ outputs, inputs, values }) => {
    const expected = interpret(Object.values(outputs), values);
    const { bytes } = exportOnnx(outputs, "webgpu");
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const feeds = inputs.map((tensor, at) => [`x${at}`, fed(tensor, values[`x${at}`]!)]);
    const results = await session.run(Object.fromEntries(feeds));
    await session.release();
    Object.keys(outputs).forEach((name, which) => {
      const got = Array.from(results[name]!.data as Float32Array);
      expected[which]!.data.forEach((value, at) => {
        expect(Math.abs(got[at]! - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
      });
    });
  });
});
