// Reading and adding up rows by index: embedding lookup, its gradient, and picking one entry a row.
// Indices are int64 and must lie inside the table; ONNX Runtime checks them when the graph runs.

import type { Operation } from "../operation.ts";
import { sameShape, shapeError, sizeOf } from "../shape.ts";
import { constant, type Tensor } from "../tensor.ts";
import { apply, emitReshape } from "./apply.ts";
import { broadcastTo, reshape } from "./reduction.ts";
import { emitRowSums } from "./row-sums.ts";

const gatherRule: Operation = {
  name: "gather-rows",
  outputs: ([table, rows]) => {
    if (table!.shape.length === 0 || rows!.type !== "int64")
      throw shapeError("gather-rows", "a table of rows and int64 indices", table!.shape, rows!.shape);
    return [{ shape: [...rows!.shape, ...table!.shape.slice(1)], type: table!.type }];
  },
  gradient: (node, [gradient]) => {
    const [table, rows] = node.inputs as [Tensor, Tensor];
    const count = sizeOf(rows.shape);
    return [
      sumRows(reshape(rows, [count]), reshape(gradient!, [count, ...table.shape.slice(1)]), table.shape[0]!),
      undefined,
    ];
  },
  onnx: (_node, inputs, emitter) => emitter.emit("Gather", inputs, { attributes: { axis: 0 } }),
  evaluate: (node, [table, rows]) => {
    const width = sizeOf(table!.shape.slice(1));
    const data = new Float64Array(rows!.data.length * width);
    rows!.data.forEach((row, at) => {
      data.set(table!.data.subarray(row * width, (row + 1) * width), at * width);
    });
    return [{ shape: node.outputs[0]!.shape, data }];
  },
  examples: [
    { inputs: [{ shape: [4, 3] }, { shape: [2, 3], type: "int64", values: () => [1, 0, 3, 1, 1, 2] }] },
    { inputs: [{ shape: [4] }, { shape: [3], type: "int64", values: () => [1, 1, 3] }] },
  ],
};

const sumRowsRule: Operation = {
  name: "sum-rows",
  outputs: ([rows, updates], { results }) => {
    const [count, ...row] = updates!.shape;
    if (rows!.type !== "int64" || !sameShape(rows!.shape, [count!]))
      throw shapeError("sum-rows", "one int64 row index an update", rows!.shape, updates!.shape);
    return [{ shape: [results as number, ...row], type: updates!.type }];
  },
  gradient: (node, [gradient]) => [undefined, gatherRows(gradient!, node.inputs[0]!)],
  onnx: (node, [rows, updates], emitter) => {
    const [count, ...row] = node.inputs[1]!.shape as [number, ...number[]];
    const sizes = { count, width: sizeOf(row), results: node.attributes["results"] as number };
    const flat = emitReshape(emitter, updates!, [count, sizes.width]);
    return [emitReshape(emitter, emitRowSums(emitter, rows!, flat, sizes), node.outputs[0]!.shape)];
  },
  evaluate: (node, [rows, updates]) => {
    const { shape } = node.outputs[0]!;
    const width = sizeOf(shape.slice(1));
    const data = new Float64Array(sizeOf(shape));
    rows!.data.forEach((row, at) => {
      for (let column = 0; column < width; column++)
        data[row * width + column]! += updates!.data[at * width + column]!;
    });
    return [{ shape, data }];
  },
  examples: [
    {
      inputs: [{ shape: [3], type: "int64", values: () => [1, 1, 3] }, { shape: [3, 2] }],
      attributes: { results: 4 },
    },
    {
      // many updates: an index in three blocks, blocks of one index, indices inside a block, a block that is not full
      inputs: [
        {
          shape: [270],
          type: "int64",
          values: (random) =>
            Array.from({ length: 270 }, (_, at) => (at % 3 === 0 ? 2 : 1 + random.integer(40))),
        },
        { shape: [270, 2] },
      ],
      attributes: { results: 45 },
    },
  ],
};

const takeRule: Operation = {
  name: "take-along-rows",
  outputs: ([x, indices]) => {
    if (x!.shape.length !== 2 || indices!.shape.length !== 1 || indices!.shape[0] !== x!.shape[0]) {
      throw shapeError("take-along-rows", "a matrix and one column index a row", x!.shape, indices!.shape);
    }
    return [{ shape: [x!.shape[0]!], type: x!.type }];
  },
  gradient: (node, [gradient]) => {
    const [x, indices] = node.inputs as [Tensor, Tensor];
    const zeros = broadcastTo(constant(Float32Array.of(0), [1, 1]), x.shape);
    return [addAlongRows(zeros, indices, gradient!), undefined];
  },
  onnx: (node, [x, indices], emitter) => {
    const count = node.inputs[1]!.shape[0]!;
    const [column] = emitter.emit("Reshape", [indices!, emitter.integers([count, 1])]);
    const [taken] = emitter.emit("GatherElements", [x!, column!], { attributes: { axis: 1 } });
    return emitter.emit("Reshape", [taken!, emitter.integers([count])]);
  },
  evaluate: (node, [x, indices]) => {
    const width = x!.shape[1]!;
    return [
      {
        shape: node.outputs[0]!.shape,
        data: indices!.data.map((column, row) => x!.data[row * width + column]!),
      },
    ];
  },
  examples: [{ inputs: [{ shape: [3, 4] }, { shape: [3], type: "int64", values: () => [2, 0, 2] }] }],
};

const addAlongRule: Operation = {
  name: "add-along-rows",
  outputs: ([x, indices, updates]) => {
    const [count] = x!.shape;
    const fits =
      x!.shape.length === 2 && sameShape(indices!.shape, [count!]) && sameShape(updates!.shape, [count!]);
    if (!fits)
      throw shapeError(
        "add-along-rows",
        "a matrix, one column and one update a row",
        x!.shape,
        indices!.shape,
      );
    return [{ shape: x!.shape, type: x!.type }];
  },
  gradient: (node, [gradient]) => [gradient, undefined, takeAlongRows(gradient!, node.inputs[1]!)],
  onnx: (node, [x, indices, updates], emitter) => {
    const shape = emitter.integers([node.inputs[1]!.shape[0]!, 1]);
    const [column] = emitter.emit("Reshape", [indices!, shape]);
    const [values] = emitter.emit("Reshape", [updates!, shape]);
    return emitter.emit("ScatterElements", [x!, column!, values!], {
      attributes: { axis: 1, reduction: "add" },
    });
  },
  evaluate: (_node, [x, indices, updates]) => {
    const data = x!.data.slice();
    indices!.data.forEach((column, row) => {
      data[row * x!.shape[1]! + column]! += updates!.data[row]!;
    });
    return [{ shape: x!.shape, data }];
  },
  examples: [
    { inputs: [{ shape: [3, 4] }, { shape: [3], type: "int64", values: () => [2, 0, 2] }, { shape: [3] }] },
  ],
};

/** Rows of a table: table [n, ...], rows of any shape → [...rows, ...]. */
export const gatherRows = (table: Tensor, rows: Tensor): Tensor => apply(gatherRule, [table, rows]);
/** Updates [k, ...] added up by rows [k] (int64, below results) → [results, ...]; a row that nothing names is zero. */
export const sumRows = (rows: Tensor, updates: Tensor, results: number): Tensor =>
  apply(sumRowsRule, [rows, updates], { results });
/** One entry of every row: x [n, m], columns [n] → [n]. */
export const takeAlongRows = (x: Tensor, columns: Tensor): Tensor => apply(takeRule, [x, columns]);
/** x [n, m] with updates [n] added at one column of every row. */
export const addAlongRows = (x: Tensor, columns: Tensor, updates: Tensor): Tensor =>
  apply(addAlongRule, [x, columns, updates]);

export const indexingOperations: readonly Operation[] = [gatherRule, sumRowsRule, takeRule, addAlongRule];
