// A head that does not learn never makes the logits of all rows at once.

import onnxProto from "onnx-proto";
import { describe, expect, it } from "vitest";
import { exportOnnx } from "../onnx-export.ts";
import { input } from "../tensor.ts";
import { frozenHeadLogProbability } from "./head.ts";

describe("frozenHeadLogProbability", () => {
  it("makes logits of at most 64 MB at a time", () => {
    const [rows, width, vocabulary] = [2048, 8, 60_000];
    const values = frozenHeadLogProbability(
      input("hidden", [rows, width]),
      input("head", [vocabulary, width]),
      input("wanted", [rows], "int64"),
    );
    const { node: nodes } = onnxProto.onnx.ModelProto.decode(exportOnnx({ values }).bytes).graph!;
    // without their slopes, which nobody asks for here, each part has one product with the head
    const products = nodes!.filter(
      ({ opType, input: names }) => /MatMul/.test(opType!) && names!.includes("head"),
    );
    const rowsAtMost = Math.floor(64e6 / (4 * vocabulary));
    expect(products.length).toBe(Math.ceil(rows / rowsAtMost));
  });
});
