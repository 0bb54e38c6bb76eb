// Spoils a text the way a small or over-trained model does: cut off, stuck in a loop, words lost or out of order.

import type { Random } from "../core/index.ts";

const cutOff = (random: Random, words: string[]): string[] => {
  const kept = words.slice(0, 2 + random.integer(Math.max(1, words.length - 3)));
  const last = kept.length - 1;
  return kept.with(last, kept[last]!.replace(/[.,!?:]+$/, ""));
};

const stuck = (random: Random, words: string[]): string[] => {
  const at = random.integer(Math.max(1, words.length - 3));
  const loop = words.slice(at, at + 1 + random.integer(3));
  return [...words.slice(0, at), ...loop, ...loop, ...loop, ...words.slice(at + loop.length)].slice(0, 40);
};

const jumbled = (random: Random, words: string[]): string[] => {
  const start = random.integer(Math.max(1, words.length - 6));
  const part = words.slice(start, start + 6);
  return [...words.slice(0, start), ...part.toReversed(), ...words.slice(start + 6)];
};

const holed = (random: Random, words: string[]): string[] => {
  const start = 1 + random.integer(Math.max(1, words.length - 5));
  return [...words.slice(0, start), ...words.slice(start + 3)];
};

const spoilers = [cutOff, stuck, jumbled, holed];

/** A spoiled version of a reply that has at least five words. */
export const malform = (random: Random, text: string): string =>
  random.pick(spoilers)(random, text.split(" ")).join(" ");
