// Spoils a text the way a small or over-trained model does: cut off, stuck in a loop, words lost or out of order, a
// sentence said twice, two sentences run into each other, a sentence that begins in its middle.

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

const sentencesOf = (words: readonly string[]): string[] => words.join(" ").match(/[^.?!]+[.?!]*\s*/g) ?? [];

/** One sentence said twice. */
const repeated = (random: Random, words: string[]): string[] => {
  const sentences = sentencesOf(words).map((sentence) => sentence.trim());
  const at = random.integer(sentences.length);
  return [...sentences.slice(0, at + 1), ...sentences.slice(at)].join(" ").split(" ");
};

/** The beginning of one sentence with the end of another. */
const spliced = (random: Random, words: string[]): string[] => {
  const sentences = sentencesOf(words).map((sentence) => sentence.trim().split(" "));
  const one = random.integer(sentences.length);
  const other = random.integer(sentences.length);
  const head = sentences[one]!.slice(0, 1 + random.integer(Math.max(1, sentences[one]!.length - 1)));
  const tail = sentences[other]!.slice(random.integer(Math.max(1, sentences[other]!.length - 1)));
  return sentences.with(one, [...head, ...tail]).flat();
};

/** A sentence that begins in its middle, or with a stray word. */
const stumbled = (random: Random, words: string[]): string[] => {
  const sentences = sentencesOf(words).map((sentence) => sentence.trim().split(" "));
  const at = random.integer(sentences.length);
  const sentence = sentences[at]!;
  const rest = sentence.slice(Math.min(1 + random.integer(3), sentence.length - 1));
  return sentences
    .with(at, random.next() < 0.5 ? rest : [random.pick(words).replace(/\W/g, ""), ...rest])
    .flat();
};

const spoilers = [cutOff, stuck, jumbled, holed, repeated, repeated, spliced, spliced, stumbled];

/** A spoiled version of a reply that has at least five words. */
export const malform = (random: Random, text: string): string =>
  random.pick(spoilers)(random, text.split(" ")).join(" ");
