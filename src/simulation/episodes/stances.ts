// What a model says of comments in a word: whether one asks for a change, and whether one text is for another or against it; and
// the rule that sorts comments by it. Texts that stand and comments are put on matters and sides so that as many answers as
// possible fit, each by its place among all others (correlation clustering, by moves of single texts). So a wrong word about one
// pair is outvoted by right ones about others.

import type { Reply } from "../../models/index.ts";
import { demandAnswers, stanceAnswers } from "../../records/index.ts";
import { withoutThought } from "../reply-text.ts";
import type { Sorted } from "./sorting.ts";

export type Demand = (typeof demandAnswers)[number];
/** What a text is to another one. */
export type Stance = (typeof stanceAnswers)[number];

/** One of the words, alone but for white space and a full stop, in small or capital letters. */
const readWord = <Word extends string>(
  { text, finish }: Pick<Reply, "text" | "finish">,
  words: readonly Word[],
): Word | { readonly problem: string } => {
  if (finish === "length") return { problem: "the reply was cut at its limit of tokens" };
  if (finish !== "stop") return { problem: `the reply ended as ${finish}` };
  const said = withoutThought(text);
  if (said === "") return { problem: "the reply is empty" };
  const plain = said.replace(/\s*\.$/, "").toLowerCase();
  const found = words.find((word) => word === plain);
  const expected = words.map((word) => `"${word}"`).join(" or ");
  return found ?? { problem: `the reply is none of ${expected}` };
};

/** Reads whether a comment asks for a change, strictly. problem: why it cannot be read. */
export const readDemand = (reply: Pick<Reply, "text" | "finish">): Demand | { readonly problem: string } =>
  readWord(reply, demandAnswers);

/** Reads what a text is to another one, strictly. problem: why it cannot be read. */
export const readStance = (reply: Pick<Reply, "text" | "finish">): Stance | { readonly problem: string } =>
  readWord(reply, stanceAnswers);

const signs = { for: 1, against: -1, neither: 0 } as const satisfies Record<Stance, number>;

/** Where a text is: on a matter, and on one of its two sides. */
type Side = { readonly matter: number; readonly sign: 1 | -1 };

/** What texts are to each other, by their places, the first below the second; undefined where that was not asked. */
export type StanceOf = (first: number, second: number) => Stance | undefined;

/** How many of a text's answers fit its being on a side: for those on the same side, against the other, neither for all else. */
const fitsOf = (sides: readonly Side[], stanceOf: StanceOf, at: number, { matter, sign }: Side): number =>
  sides.filter((other, place) => {
    if (place === at) return false;
    const stance = stanceOf(Math.min(at, place), Math.max(at, place));
    const expected = other.matter === matter ? sign * other.sign : 0;
    return stance !== undefined && signs[stance] === expected;
  }).length;

/** The side of all that there are that most answers about a text fit; where it is, if no other is better. */
const bestSide = (sides: readonly Side[], stanceOf: StanceOf, at: number): Side => {
  const others = new Set(sides.filter((_, place) => place !== at).map(({ matter }) => matter));
  const own = sides.map((_, matter) => matter).find((matter) => !others.has(matter))!;
  let best = sides[at]!;
  let most = fitsOf(sides, stanceOf, at, best);
  for (const matter of [...others, own])
    for (const sign of [1, -1] as const) {
      const fits = fitsOf(sides, stanceOf, at, { matter, sign });
      if (fits > most) [best, most] = [{ matter, sign }, fits];
    }
  return best;
};

/**
 * Sorts texts to matters and sides: each goes where most answers about it fit, until none fits better elsewhere. Every move makes
 * more answers fit, so this ends; texts are looked at in their order, so it is the same each time.
 */
const settle = (count: number, stanceOf: StanceOf): readonly Side[] => {
  const sides = Array.from({ length: count }, (_, matter): Side => ({ matter, sign: 1 }));
  for (let moved = true; moved; ) {
    moved = false;
    for (const [at, side] of sides.entries()) {
      const best = bestSide(sides, stanceOf, at);
      moved ||= best !== side;
      sides[at] = best;
    }
  }
  return sides;
};

/**
 * Where comments go that ask for a change. standing: how many texts stand, whose places come first; numbers: the comments', in
 * order, whose places follow.
 */
export const sortByStances = (
  standing: number,
  numbers: readonly number[],
  stanceOf: StanceOf,
): readonly Sorted[] => {
  const sides = settle(standing + numbers.length, stanceOf);
  return numbers.map((_, at): Sorted => {
    const { matter, sign } = sides[standing + at]!;
    const before = sides.flatMap((side, place) =>
      side.matter === matter && place < standing + at ? [{ place, isOwn: side.sign === sign }] : [],
    );
    const stands = before.filter(({ place }) => place < standing);
    // where both sides of a matter stand, a comment is for its own
    const text = stands.find(({ isOwn }) => isOwn) ?? stands[0] ?? before[0];
    if (text === undefined) return "new";
    const side = text.isOwn ? "for" : "against";
    return text.place < standing
      ? { standing: text.place, side }
      : { comment: numbers[text.place - standing]!, side };
  });
};
