// A set of texts by their SHA-256, cut to 128 bits, each with a number: 20 bytes an entry in flat arrays, where a Map of
// texts would take hundreds, so that a million prompts can be told apart. Knows nothing of what the texts are.

import { createHash } from "node:crypto";

/**
 * add: the number that an equal text was added with before, or undefined, and then it is added with its own. count: how
 * often a text was counted, this time with it (for maps that only count).
 */
export type DigestMap = {
  add(text: string, number: number): number | undefined;
  count(text: string): number;
  readonly size: number;
};

const wordsOf = (text: string): readonly [number, number, number, number] => {
  const digest = createHash("sha256").update(text, "utf8").digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)];
};

/** An empty map. Numbers are whole, from 0 to 2^32 - 2. */
export const createDigestMap = (): DigestMap => {
  let capacity = 1024;
  let size = 0;
  let keys = new Uint32Array(4 * capacity);
  let numbers = new Uint32Array(capacity);

  /** The slot of a key: its own, or the free one where it belongs. */
  const find = (words: ArrayLike<number>, from = 0): number => {
    let slot = words[from]! & (capacity - 1);
    for (;;) {
      if (numbers[slot] === 0) return slot;
      const at = 4 * slot;
      if ([0, 1, 2, 3].every((word) => keys[at + word] === words[from + word])) return slot;
      slot = (slot + 1) & (capacity - 1);
    }
  };
  const put = (slot: number, words: ArrayLike<number>, from: number, stored: number): void => {
    for (let word = 0; word < 4; word++) keys[4 * slot + word] = words[from + word]!;
    numbers[slot] = stored;
  };
  const grow = (): void => {
    const [oldKeys, oldNumbers, oldCapacity] = [keys, numbers, capacity];
    capacity *= 2;
    keys = new Uint32Array(4 * capacity);
    numbers = new Uint32Array(capacity);
    for (let slot = 0; slot < oldCapacity; slot++) {
      const stored = oldNumbers[slot]!;
      if (stored !== 0) put(find(oldKeys, 4 * slot), oldKeys, 4 * slot, stored);
    }
  };
  const insert = (slot: number, words: ArrayLike<number>, stored: number): void => {
    put(slot, words, 0, stored);
    size++;
    if (size * 3 > capacity * 2) grow();
  };
  return {
    get size() {
      return size;
    },
    add(text, number) {
      const words = wordsOf(text);
      const slot = find(words);
      // Numbers are stored one higher: 0 says that a slot is free.
      if (numbers[slot] !== 0) return numbers[slot]! - 1;
      insert(slot, words, number + 1);
      return undefined;
    },
    count(text) {
      const words = wordsOf(text);
      const slot = find(words);
      const before = numbers[slot]!;
      if (before === 0) insert(slot, words, 1);
      else numbers[slot] = before + 1;
      return before + 1;
    },
  };
};
