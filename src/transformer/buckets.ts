// Sizes of generating batches, rounded to few, because every size is a program that is compiled. Knows what ONNX
// Runtime makes of sizes, and nothing of models.

import { roundUp } from "./packing.ts";

// ONNX Runtime multiplies a single row with another kernel, whose last bits differ: so batches begin at 2.
const batchBuckets = [2, 4, 8, 16, 24, 32, 48, 64, 96, 128];

/** Rows of the smallest batch that holds so many. */
export const batchBucket = (count: number): number =>
  batchBuckets.find((size) => size >= count) ?? roundUp(count, 128);

/** Rows of the largest batch that has at most so many, but at least two. */
export const batchWithin = (count: number): number =>
  count >= 256 ? count - (count % 128) : (batchBuckets.findLast((size) => size <= count) ?? 2);

/** Lengths of prompts and of the cache are multiples of this. */
export const promptStep = 32;
