// Sums of rows by the index that names them: the gradient of reading rows (an embedding's). In ONNX Runtime 1.30
// ScatterElements adds on one thread, and ScatterND spreads updates over threads and loses some where rows are named
// twice. Here many rows are sorted by index and added up by products: of equal indices inside blocks, then of the
// indices that blocks begin and end with, which alone can lie in several. Right, on all threads, the same every run.

import type { OnnxEmitter } from "../operation.ts";
import { emitReshape, emitSlice } from "./apply.ts";

/** Fewer updates than this are added one after another: sorting would cost more. */
const manyRows = 256;

/** Rows of a block: what makes the products inside blocks and between their edges together smallest. */
const blockSize = (count: number): number => 2 ** Math.round(Math.log2(2 * Math.cbrt(count)));

const range = (count: number, start = 0): number[] => Array.from({ length: count }, (_, at) => start + at);

/** 1 where two lists of indices agree, by numpy's broadcasting. */
const emitAgreement = (emitter: OnnxEmitter, a: string, b: string): string => {
  const [equal] = emitter.emit("Equal", [a, b]);
  return emitter.emit("Cast", [equal!], { attributes: { to: 1 } })[0]!;
};

/** Updates added, numbers in each, and rows of the result. */
export type RowSumSizes = { readonly count: number; readonly width: number; readonly results: number };

/** Updates one after another. updates [count, width] → [results, width]. */
const emitOneByOne = (
  emitter: OnnxEmitter,
  rows: string,
  updates: string,
  { count, width, results }: RowSumSizes,
): string => {
  const named = emitReshape(emitter, rows, [count, 1]);
  const [indices] = emitter.emit("Expand", [named, emitter.integers([count, width])]);
  const [zeros] = emitter.emit("Expand", [emitter.float(0), emitter.integers([results, width])]);
  return emitter.emit("ScatterElements", [zeros!, indices!, updates], {
    attributes: { axis: 0, reduction: "add" },
  })[0]!;
};

/** Rows sorted by index: indices [padded], updates [padded, width]. What is added to fill a block adds zeros to row 0. */
const emitSorted = (
  emitter: OnnxEmitter,
  rows: string,
  updates: string,
  { count, width }: RowSumSizes,
  padded: number,
): [indices: string, updates: string] => {
  const missing = padded - count;
  const joined = (x: string, filling: string): string =>
    missing === 0 ? x : emitter.emit("Concat", [x, filling], { attributes: { axis: 0 } })[0]!;
  const filled = joined(rows, emitter.integers(range(missing).map(() => 0)));
  const [indices, order] = emitter.emit("TopK", [filled, emitter.integers([padded])], {
    attributes: { axis: 0, largest: 0, sorted: 1 },
    outputs: 2,
  });
  const all = joined(updates, emitter.floats(new Float32Array(missing * width), [missing, width]));
  const [sorted] = emitter.emit("Gather", [all, order!], { attributes: { axis: 0 } });
  return [indices!, sorted!];
};

/** Indices [blocks, 1] and sums [blocks, width] at one place of every block. */
const emitEdge = (
  emitter: OnnxEmitter,
  indices: string,
  sums: string,
  place: number,
  [blocks, width]: readonly [number, number],
): [indices: string, sums: string] => [
  emitSlice(emitter, indices, 1, place, place + 1),
  emitReshape(emitter, emitSlice(emitter, sums, 1, place, place + 1), [blocks, width]),
];

/** Updates added up by products. updates [count, width] → [results, width]. */
const emitByProducts = (emitter: OnnxEmitter, rows: string, updates: string, sizes: RowSumSizes): string => {
  const { count, width, results } = sizes;
  const block = blockSize(count);
  const blocks = Math.ceil(count / block);
  const padded = blocks * block;
  const [indices, sorted] = emitSorted(emitter, rows, updates, sizes, padded);
  const inBlocks = emitReshape(emitter, indices, [blocks, block]);
  // every place of a block gets the sum of its index in that block
  const equal = emitAgreement(
    emitter,
    emitReshape(emitter, indices, [blocks, block, 1]),
    emitReshape(emitter, indices, [blocks, 1, block]),
  );
  const [sums] = emitter.emit("MatMul", [equal, emitReshape(emitter, sorted, [blocks, block, width])]);
  const [lastIndices, lastSums] = emitEdge(emitter, inBlocks, sums!, block - 1, [blocks, width]);
  const [firstIndices, firstSums] = emitEdge(emitter, inBlocks, sums!, 0, [blocks, width]);
  // a block of one index alone must not be counted twice
  const [single] = emitter.emit("Equal", [firstIndices, lastIndices]);
  const [several] = emitter.emit("Not", [single!]);
  const [firstCounts] = emitter.emit("Cast", [several!], { attributes: { to: 1 } });
  const concat = (...parts: string[]): string =>
    emitter.emit("Concat", parts, { attributes: { axis: 0 } })[0]!;
  const edgeIndices = concat(lastIndices, firstIndices);
  const counts = concat(emitter.floats(new Float32Array(blocks).fill(1), [blocks, 1]), firstCounts!);
  const edgesEqual = emitAgreement(emitter, edgeIndices, emitReshape(emitter, edgeIndices, [1, 2 * blocks]));
  const [edgesCounted] = emitter.emit("Mul", [edgesEqual, emitReshape(emitter, counts, [1, 2 * blocks])]);
  const [edgeSums] = emitter.emit("MatMul", [edgesCounted!, concat(lastSums, firstSums)]);
  // where the whole sum of an index lies: at an edge where it touches one, otherwise at any of its places
  const [atFirst] = emitter.emit("Equal", [inBlocks, firstIndices]);
  const [atLast] = emitter.emit("Equal", [inBlocks, lastIndices]);
  const column = (start: number): string =>
    emitReshape(emitter, emitter.integers(range(blocks, start)), [blocks, 1]);
  const places = emitReshape(emitter, emitter.integers(range(padded)), [blocks, block]);
  const [orFirst] = emitter.emit("Where", [atFirst!, column(padded + blocks), places]);
  const [place] = emitter.emit("Where", [atLast!, column(padded), orFirst!]);
  const nowhere = padded + 2 * blocks;
  const [none] = emitter.emit("Expand", [emitter.integers([nowhere]), emitter.integers([results])]);
  const [found] = emitter.emit("ScatterElements", [none!, indices, emitReshape(emitter, place!, [padded])], {
    attributes: { axis: 0, reduction: "min" },
  });
  const zeros = emitter.floats(new Float32Array(width), [1, width]);
  const all = concat(emitReshape(emitter, sums!, [padded, width]), edgeSums!, zeros);
  return emitter.emit("Gather", [all, found!], { attributes: { axis: 0 } })[0]!;
};

/** Updates [count, width] added up by rows [count] (int64, below results) → [results, width]. */
export const emitRowSums = (
  emitter: OnnxEmitter,
  rows: string,
  updates: string,
  sizes: RowSumSizes,
): string => {
  const inTurn = sizes.count < manyRows || emitter.provider === "webgpu";
  return (inTurn ? emitOneByOne : emitByProducts)(emitter, rows, updates, sizes);
};
