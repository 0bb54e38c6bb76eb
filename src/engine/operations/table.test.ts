// Every record of the table, on its own examples: the compiled kernel equals the plain evaluation, and the gradient
// rule equals central finite differences in double precision; what is no more than a by-product refuses gradients. A
// new record is covered by being in the table.

import { describe, expect, it } from "vitest";
import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import { gradients } from "../gradient.ts";
import type { Operation, OperationExample } from "../operation.ts";
import { interpret } from "../reference.ts";
import { compile } from "../session.ts";
import { sizeOf } from "../shape.ts";
import { constant, input, outputOf, type Tensor, type TensorData } from "../tensor.ts";
import { applyNode } from "./apply.ts";
import { multiply } from "./elementwise.ts";
import { sum } from "./reduction.ts";
import { operations } from "./table.ts";

const draw = (random: Random, specification: OperationExample["inputs"][number]): number[] =>
  specification.values?.(random) ??
  Array.from({ length: sizeOf(specification.shape) }, () => {
    const { low = -1.5, high = 1.5 } = specification;
    return low + (high - low) * random.next();
  });

const build = (operation: Operation, example: OperationExample, index: number) => {
  const random = createRandom(deriveSeed(operation.name, index));
  const tensors = example.inputs.map(({ shape, type }, at) => input(`x${at}`, shape, type ?? "float32"));
  const node = applyNode(operation, tensors, example.attributes ?? {});
  const values: Record<string, number[]> = {};
  example.inputs.forEach((specification, at) => {
    values[`x${at}`] = draw(random, specification);
  });
  return { tensors, node, values, random };
};

const emptyOf = {
  float32: (size: number) => new Float32Array(size),
  int64: (size: number) => new BigInt64Array(size),
  int32: (size: number) => new Int32Array(size),
  int8: (size: number) => new Int8Array(size),
  uint8: (size: number) => new Uint8Array(size),
  bool: (size: number) => new Uint8Array(size),
};

const typed = (tensor: Tensor, values: readonly number[]): TensorData => {
  const data: TensorData = emptyOf[tensor.type](values.length);
  values.forEach((value, at) => {
    if (data instanceof BigInt64Array) data[at] = BigInt(value);
    else data[at] = value;
  });
  return data;
};

const cases = [...operations.values()].flatMap((operation) =>
  operation.examples.map((example, index) => ({
    name: `${operation.name} ${index}`,
    operation,
    example,
    index,
  })),
);

/**
 * What no gradient goes through: what holds a session's order and memory, which stands in for nodes once the gradient is
 * taken (checkpoint, delay), a comparison (greater), and products with weights in 8 bits, which are never trained.
 */
const withoutGradient = ["checkpoint", "delay", "greater", "matmul-int8"];

describe("operation table", () => {
  it("gives every record examples", () => {
    expect(
      [...operations.values()].filter(({ examples }) => examples.length === 0).map(({ name }) => name),
    ).toEqual([]);
  });

  it.each(cases)("$name: compiled equals evaluated", async ({ operation, example, index }) => {
    const { tensors, node, values } = build(operation, example, index);
    const outputs = node.outputs.map((_, at) => outputOf(node, at));
    const expected = interpret(outputs, values);
    const program = await compile(Object.fromEntries(outputs.map((output, at) => [`y${at}`, output])), {
      optimise: index % 2 === 0,
    });
    const results = await program.run(
      Object.fromEntries(tensors.map((tensor, at) => [`x${at}`, typed(tensor, values[`x${at}`]!)])),
    );
    await program.release();
    outputs.forEach((output, at) => {
      expect(output.shape).toEqual(expected[at]!.shape);
      const got = Array.from(results[`y${at}`] as ArrayLike<number>, Number);
      expected[at]!.data.forEach((value, place) => {
        expect(Math.abs(got[place]! - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value)));
      });
    });
  });

  it("gives every record a gradient rule but those that rightly have none", () => {
    expect([...operations.values()].flatMap(({ name, gradient }) => (gradient ? [] : [name])).sort()).toEqual(
      withoutGradient,
    );
  });

  const differentiable = cases.filter(
    ({ operation, example }) =>
      operation.gradient !== undefined &&
      example.inputs.some(
        ({ type = "float32", differentiable: wanted = true }) => type === "float32" && wanted,
      ),
  );
  it.each(differentiable)("$name: gradient equals finite differences", ({ operation, example, index }) => {
    const { tensors, node, values, random } = build(operation, example, index);
    const output = outputOf(node);
    const weights = constant(
      Float32Array.from({ length: sizeOf(output.shape) }, () => random.normal()),
      output.shape,
    );
    const loss = sum(multiply(output, weights));
    const wanted = tensors.filter(
      (tensor, at) => tensor.type === "float32" && (example.inputs[at]!.differentiable ?? true),
    );
    const analytic = interpret(gradients(loss, wanted), values);
    const lossAt = (changed: Record<string, number[]>): number => interpret([loss], changed)[0]!.data[0]!;
    wanted.forEach((tensor, which) => {
      const name = tensor.node.attributes["name"] as string;
      const original = values[name]!;
      original.forEach((value, at) => {
        const step = 1e-5;
        const moved = (by: number): Record<string, number[]> => ({
          ...values,
          [name]: original.with(at, value + by),
        });
        const numeric = (lossAt(moved(step)) - lossAt(moved(-step))) / (2 * step);
        const got = analytic[which]!.data[at]!;
        expect(Math.abs(got - numeric), `${name}[${at}]: ${got} against ${numeric}`).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(numeric)),
        );
      });
    });
  });

  const byProducts = differentiable.flatMap((one) => {
    const { node } = build(one.operation, one.example, one.index);
    return node.outputs.slice(1).map((_, at) => ({ ...one, output: at + 1 }));
  });
  it("has by-products", () => expect(byProducts.length).toBeGreaterThan(0));
  it.each(byProducts)(
    "$name: output $output refuses gradients instead of giving wrong ones",
    ({ operation, example, index, output }) => {
      const { tensors, node } = build(operation, example, index);
      const wanted = tensors.filter(({ type }) => type === "float32");
      const loss = sum(multiply(outputOf(node, output), outputOf(node, output)));
      expect(() => gradients(loss, wanted)).toThrow(`the first output of "${operation.name}"`);
    },
  );
});
