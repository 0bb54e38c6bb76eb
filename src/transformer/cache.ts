// The fixed key/value cache of a generating batch: one buffer a layer for keys [row, key head, side, capacity] and
// one for values [row, key head, capacity, side]. Keys stand transposed, so that the product with a query needs no
// transpose. Rows are contiguous: a smaller batch is a prefix of the same buffers.

import type { ModelConfig } from "./config.ts";
import { cacheNames } from "./decoder.ts";

const hidden = -1e9;

export type KeyValueCache = {
  readonly capacity: number;
  /** The first `batch` rows as feeds of decodeGraph. */
  feeds(batch: number): Record<string, Float32Array>;
  /** Takes tokens [from, from+count) of source row `row` of new keys and values [rows, time, key heads·side]. */
  write(
    target: number,
    position: number,
    source: Readonly<Record<string, unknown>>,
    row: number,
    time: number,
    count: number,
  ): void;
  /** Moves a row to another place. */
  move(from: number, to: number): void;
  /** Marks a row as holding no tokens. */
  clear(row: number): void;
};

/** A cache of `rows` rows with room for `capacity` tokens each. */
export const createCache = (config: ModelConfig, rows: number, capacity: number): KeyValueCache => {
  const { keyValueHeads: heads, headSize: side, layers } = config;
  const size = heads * side * capacity;
  const make = () => Array.from({ length: layers }, () => new Float32Array(rows * size));
  const keys = make();
  const values = make();
  const seen = new Float32Array(rows * capacity).fill(hidden);
  return {
    capacity,
    feeds(batch) {
      const feeds: Record<string, Float32Array> = { seen: seen.subarray(0, batch * capacity) };
      for (let layer = 0; layer < layers; layer++) {
        const names = cacheNames(layer);
        feeds[names.key] = keys[layer]!.subarray(0, batch * size);
        feeds[names.value] = values[layer]!.subarray(0, batch * size);
      }
      return feeds;
    },
    write(target, position, source, row, time, count) {
      const width = heads * side;
      for (let layer = 0; layer < layers; layer++) {
        const names = cacheNames(layer);
        const newKeys = source[names.newKey] as Float32Array;
        const newValues = source[names.newValue] as Float32Array;
        const key = keys[layer]!;
        const value = values[layer]!;
        for (let token = 0; token < count; token++) {
          const from = (row * time + token) * width;
          const column = position + token;
          for (let head = 0; head < heads; head++) {
            const base = target * size + head * side * capacity;
            for (let at = 0; at < side; at++) {
              key[base + at * capacity + column] = newKeys[from + head * side + at]!;
              value[base + column * side + at] = newValues[from + head * side + at]!;
            }
          }
        }
      }
      seen.fill(0, target * capacity + position, target * capacity + position + count);
    },
    move(from, to) {
      for (const buffer of [...keys, ...values]) buffer.copyWithin(to * size, from * size, (from + 1) * size);
      seen.copyWithin(to * capacity, from * capacity, (from + 1) * capacity);
    },
    clear(row) {
      seen.fill(hidden, row * capacity, (row + 1) * capacity);
    },
  };
};
