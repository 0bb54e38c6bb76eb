// The fixed key/value cache of a generating batch: one buffer a layer for keys and one for values, each [row, key head,
// capacity, side]. Rows are contiguous: a smaller batch is a prefix of the same buffers.

import { freeData } from "../engine/index.ts";
import type { ModelConfig } from "./config.ts";
import { cacheNames } from "./decoder.ts";

const hidden = -1e9;

export type KeyValueCache = {
  readonly rows: number;
  readonly capacity: number;
  /** The first `batch` rows as feeds of decodeGraph. */
  feeds(batch: number): Record<string, Float32Array>;
  /** Takes the source's new keys and values [tokens, key heads·side] from token `from` on, `count` of them. */
  write(
    target: number,
    position: number,
    source: Readonly<Record<string, unknown>>,
    from: number,
    count: number,
  ): void;
  /** Moves a row to another place. */
  move(from: number, to: number): void;
  /** Marks a row as holding no tokens. */
  clear(row: number): void;
  /** A cache with at least as many rows and as much room, holding the same tokens; this one is not to be used again. */
  grown(rows: number, capacity: number): KeyValueCache;
  /** Gives its memory back; it is not to be used again. */
  release(): void;
};

type Buffers = {
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  readonly seen: Float32Array;
};

const buffersOf = (config: ModelConfig, rows: number, capacity: number): Buffers => {
  const size = rows * config.keyValueHeads * config.headSize * capacity;
  const make = () => Array.from({ length: config.layers }, () => new Float32Array(size));
  return { keys: make(), values: make(), seen: new Float32Array(rows * capacity).fill(hidden) };
};

const cacheOver = (
  config: ModelConfig,
  rows: number,
  capacity: number,
  { keys, values, seen }: Buffers,
): KeyValueCache => {
  const { keyValueHeads: heads, headSize: side, layers } = config;
  const size = heads * side * capacity;
  const release = (): void => {
    for (const buffer of [...keys, ...values, seen]) freeData(buffer);
  };
  return {
    rows,
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
    write(target, position, source, from, count) {
      const width = heads * side;
      for (let layer = 0; layer < layers; layer++) {
        const names = cacheNames(layer);
        const newKeys = source[names.newKey] as Float32Array;
        const newValues = source[names.newValue] as Float32Array;
        const key = keys[layer]!;
        const value = values[layer]!;
        for (let token = 0; token < count; token++) {
          const start = (from + token) * width;
          for (let head = 0; head < heads; head++) {
            const to = ((target * heads + head) * capacity + position + token) * side;
            const own = start + head * side;
            for (let at = 0; at < side; at++) {
              key[to + at] = newKeys[own + at]!;
              value[to + at] = newValues[own + at]!;
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
    grown(moreRows, moreCapacity) {
      const larger = buffersOf(config, moreRows, moreCapacity);
      // each line of a buffer is what changes its length with the capacity
      const copy = (old: readonly Float32Array[], fresh: readonly Float32Array[], line: number) => {
        for (const [at, from] of old.entries())
          for (
            let start = 0, to = 0;
            start < from.length;
            start += line * capacity, to += line * moreCapacity
          )
            fresh[at]!.set(from.subarray(start, start + line * capacity), to);
      };
      copy(keys, larger.keys, side);
      copy(values, larger.values, side);
      copy([seen], [larger.seen], 1);
      release();
      return cacheOver(config, moreRows, moreCapacity, larger);
    },
    release,
  };
};

/** A cache of `rows` rows with room for `capacity` tokens each. */
export const createCache = (config: ModelConfig, rows: number, capacity: number): KeyValueCache =>
  cacheOver(config, rows, capacity, buffersOf(config, rows, capacity));
