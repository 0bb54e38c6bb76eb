// Constitutions of the assembly as lists of statements: for given wishes, and at random, to compare a learned one with.
// What comes of a constitution is not known here.

import { createRandom, deriveSeed } from "../../core/index.ts";
import { sentencesOf } from "./sentences.ts";
import { allWishes, contradict, isSame, type Wish } from "./wish.ts";

/**
 * One statement for each wish, its wording drawn by the seed among those that training may hold: a learned constitution that
 * it is compared with is in a model's own words, too.
 */
export const statementsFor = (wishes: readonly Wish[], seed: number): string[] =>
  wishes.map((wish, at) =>
    createRandom(deriveSeed(seed, "statement", at)).pick(sentencesOf(wish, "statement", "train")),
  );

/** So many wishes drawn evenly, none of which contradict each other (at most one a topic: five in all). */
export const randomWishes = ({ seed, count }: { seed: number; count: number }): Wish[] => {
  const random = createRandom(deriveSeed(seed, "random-wishes"));
  const chosen: Wish[] = [];
  for (const wish of random.shuffle(allWishes)) {
    if (chosen.length === count) break;
    if (!chosen.some((one) => isSame(one, wish) || contradict(one, wish))) chosen.push(wish);
  }
  return chosen;
};

/** A random constitution of the language. */
export const randomStatements = (options: { seed: number; count: number }): string[] =>
  statementsFor(randomWishes(options), options.seed);
