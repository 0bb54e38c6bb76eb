// Weights in fewer bits. NF4 (Dettmers et al. 2023, QLoRA): blocks of 64 values, each one of 16 levels times the block's
// largest magnitude, two levels a byte, as bitsandbytes lays them out. Int8: a level from -63 to 63 times the column's
// step. Plain numbers, no graph.

import { CovenantError } from "../core/index.ts";

/** The 16 levels of NF4: quantiles of a normal distribution, scaled to [-1, 1], with an exact zero. */
export const nf4Levels = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** Values that share one scale. */
export const nf4Block = 64;

/** Halves between neighbouring levels, above which the upper one is nearer. */
const borders = Float32Array.from({ length: 15 }, (_, at) => (nf4Levels[at]! + nf4Levels[at + 1]!) / 2);

const nearestLevel = (value: number): number => {
  let low = 0;
  let high = 15;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > borders[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** A weight in NF4: two levels a byte, the first in the high half; one scale a block. */
export type Nf4Values = { readonly packed: Uint8Array; readonly scales: Float32Array };

/** Room for `count` values, to be filled by quantiseNf4 piece by piece. */
export const emptyNf4 = (count: number): Nf4Values => ({
  packed: new Uint8Array(Math.ceil(count / 2)),
  scales: new Float32Array(Math.ceil(count / nf4Block)),
});

/**
 * Writes values into `target` from position `start` on, a multiple of the block. Every piece but the last must be a
 * multiple of the block, too. Throws CovenantError "nf4-block" otherwise.
 */
export const quantiseNf4 = (values: Float32Array, target: Nf4Values, start = 0): void => {
  const ends = (start + values.length + 1) >> 1 === target.packed.length;
  if (start % nf4Block !== 0 || (values.length % nf4Block !== 0 && !ends))
    throw new CovenantError(
      "nf4-block",
      `Pieces of ${values.length} values from ${start} on do not fill blocks.`,
    );
  for (let from = 0; from < values.length; from += nf4Block) {
    const to = Math.min(values.length, from + nf4Block);
    let largest = 0;
    for (let at = from; at < to; at++) largest = Math.max(largest, Math.abs(values[at]!));
    target.scales[(start + from) / nf4Block] = largest;
    const inverse = largest === 0 ? 0 : Math.fround(1 / largest);
    for (let at = from; at < to; at += 2) {
      const high = nearestLevel(Math.fround(values[at]! * inverse));
      const low = at + 1 < to ? nearestLevel(Math.fround(values[at + 1]! * inverse)) : 0;
      target.packed[(start + at) >> 1] = (high << 4) | low;
    }
  }
};

/** The values that a weight in NF4 stands for. */
export const dequantiseNf4 = ({ packed, scales }: Nf4Values, count: number): Float32Array => {
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    const byte = packed[at >> 1]!;
    values[at] = nf4Levels[at % 2 === 0 ? byte >> 4 : byte & 15]! * scales[Math.floor(at / nf4Block)]!;
  }
  return values;
};

/** A matrix in int8, [rows, columns], with one step a column. */
export type Int8Values = { readonly levels: Int8Array; readonly steps: Float32Array };

/**
 * The largest level of an int8 weight. Processors with AVX2 and no VNNI add two products of a byte with a level into 16
 * bits, which overflow without a word above 64 (onnxruntime 1.30: a product of ones came out half as large with 127).
 */
const int8Most = 63;

/** The step of a column whose largest magnitude this is. */
export const int8Step = (largest: number): number => largest / int8Most;

/** Room for a matrix [rows, columns], to be filled by fillInt8 column by column. */
export const emptyInt8 = (columns: number, rows: number): Int8Values => ({
  levels: new Int8Array(columns * rows),
  steps: new Float32Array(columns),
});

/**
 * Quantises some columns of a matrix, from column `first` on, which lie in `values` one after another: the rows of its
 * transpose.
 */
export const fillInt8 = (values: Float32Array, { levels, steps }: Int8Values, first = 0): void => {
  const columns = steps.length;
  const rows = levels.length / columns;
  for (let at = 0; at * rows < values.length; at++) {
    const row = values.subarray(at * rows, (at + 1) * rows);
    let largest = 0;
    for (const value of row) largest = Math.max(largest, Math.abs(value));
    const step = int8Step(largest);
    steps[first + at] = step;
    for (let place = 0; place < rows; place++)
      levels[place * columns + first + at] = step === 0 ? 0 : Math.round(row[place]! / step);
  }
};

/** Quantises a matrix [columns, rows] into its transpose [rows, columns], as products with it want it. */
export const quantiseInt8 = (values: Float32Array, columns: number, rows: number): Int8Values => {
  const target = emptyInt8(columns, rows);
  fillInt8(values, target);
  return target;
};
