// Texts that are nearly the same: those whose shingles (runs of three words) overlap by a share (Jaccard) or more.
// Candidates are found by MinHash in bands (Broder 1997; Leskovec et al., Mining of Massive Datasets, chapter 3) and then
// compared exactly, so nothing is left out that does not overlap so far. Takes 2 to 3 kB a text.

import { deriveSeed, hashText } from "../../core/index.ts";

const shingleWords = 3;
/** With 20 bands of 4 hashes, two texts that overlap by 0.8 share a band with probability 0.99998, by 0.6 with 0.94. */
const bands = 20;
const rows = 4;

const multipliers = Array.from({ length: bands * rows }, (_, index) => deriveSeed("minhash", index) | 1);
const additions = Array.from({ length: bands * rows }, (_, index) => deriveSeed("minhash-add", index));

/** Hashes of the runs of words of a text, sorted, each once; of a text with fewer words, of all of it. */
const shinglesOf = (text: string): Uint32Array => {
  const words = text.split(" ");
  const found = new Set<number>();
  for (let start = 0; start + shingleWords <= words.length; start++)
    found.add(hashText(words.slice(start, start + shingleWords).join(" ")));
  if (found.size === 0) found.add(hashText(text));
  return Uint32Array.from(found).sort();
};

/** Share of what two sorted sets have together that they have in common. */
const overlap = (one: Uint32Array, other: Uint32Array): number => {
  let common = 0;
  for (let left = 0, right = 0; left < one.length && right < other.length; ) {
    const difference = one[left]! - other[right]!;
    if (difference === 0) common++;
    if (difference <= 0) left++;
    if (difference >= 0) right++;
  }
  return common / (one.length + other.length - common);
};

const bandKeys = (shingles: Uint32Array): number[] => {
  const least = multipliers.map((multiplier, index) => {
    let smallest = 0xffffffff;
    for (const shingle of shingles) {
      let mixed = Math.imul(shingle ^ additions[index]!, multiplier);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
      smallest = Math.min(smallest, (mixed ^ (mixed >>> 13)) >>> 0);
    }
    return smallest;
  });
  return Array.from({ length: bands }, (_, band) =>
    deriveSeed(band, ...least.slice(band * rows, (band + 1) * rows)),
  );
};

/** isNear: does a text overlap with an earlier one by the threshold or more? One that does not is kept. */
export const createNearMap = (threshold: number): { isNear(text: string): boolean } => {
  const kept: Uint32Array[] = [];
  const byBand = new Map<number, number[]>();
  return {
    isNear(text) {
      const shingles = shinglesOf(text);
      const keys = bandKeys(shingles);
      const candidates = new Set(keys.flatMap((key) => byBand.get(key) ?? []));
      for (const candidate of candidates) if (overlap(kept[candidate]!, shingles) >= threshold) return true;
      const own = kept.push(shingles) - 1;
      for (const key of keys) {
        const held = byBand.get(key);
        if (held === undefined) byBand.set(key, [own]);
        else held.push(own);
      }
      return false;
    },
  };
};
