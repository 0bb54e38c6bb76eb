// Persons of the assembly: a name and a description of some sentences, two to four of which say what the person wants. Reads
// the wishes back. Knows nothing of talks.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { Persona } from "../../records/index.ts";
import { areas } from "../lexicon/index.ts";
import { splitSentences } from "../phrase.ts";
import { biographyTexts, readTrait, type SentenceSplit, sentencesOf } from "./sentences.ts";
import { contradict, isSame, type Style, styles, type Wish } from "./wish.ts";
import { personNames } from "./wish-phrases.ts";

/** Of wishes on areas so many are to protect: people who want harm are few, and they are there. */
const protectShare = 0.8;

/** Share of persons who care how long replies are. */
const styleShare = 0.6;

/** Two or three areas, and in three of five cases a length. */
export const drawWishes = (random: Random): Wish[] => {
  const chosen = random.shuffle(areas).slice(0, random.next() < 0.5 ? 2 : 3);
  const wishes = chosen.map(
    (area): Wish => ({ type: random.next() < protectShare ? "protect" : "allow", area }),
  );
  if (random.next() < styleShare) wishes.push({ type: "style", style: random.pick(styles) });
  return wishes;
};

/** What a group of opinion has in common: two areas, and the length that those of it want who care. */
type OpinionGroup = { readonly wishes: readonly Wish[]; readonly style: Style };

/** A majority that wants two areas protected, and a minority that does not in two others; they want opposite lengths. */
const drawGroups = (random: Random): readonly [majority: OpinionGroup, minority: OpinionGroup] => {
  const order = random.shuffle(areas);
  const [first, second] = random.shuffle(styles);
  const wishing = (type: "protect" | "allow", from: number): Wish[] =>
    order.slice(from, from + 2).map((area) => ({ type, area }));
  return [
    { wishes: wishing("protect", 0), style: first! },
    { wishes: wishing("allow", 2), style: second! },
  ];
};

const drawMember = (random: Random, { wishes, style }: OpinionGroup): Wish[] =>
  random.next() < styleShare ? [...wishes, { type: "style", style }] : [...wishes];

/** Describes a person with these wishes: the sentences in random order, sometimes with one on the person's life. */
export const describePerson = (random: Random, wishes: readonly Wish[], split: SentenceSplit): string => {
  const sentences = random
    .shuffle(wishes)
    .map((wish) => random.pick(sentencesOf(wish, "description", split)));
  if (random.next() < 0.5) sentences.unshift(random.pick(biographyTexts));
  return sentences.join(" ");
};

/**
 * The wishes that a person's description tells, in its order; null when it is not of the language, or says two things on
 * one topic.
 */
export const wishesOf = (description: string): Wish[] | null => {
  const sentences = splitSentences(description);
  if (sentences === null) return null;
  const wishes: Wish[] = [];
  for (const sentence of sentences) {
    const trait = readTrait(sentence);
    if (trait === null) return null;
    if (trait === "none") continue;
    if (wishes.some((wish) => isSame(wish, trait) || contradict(wish, trait))) return null;
    wishes.push(trait);
  }
  return wishes;
};

/** minority: share of the persons who are a minority that wants what the rest does not; 0: everybody has their own. */
export type SandboxCast = { readonly seed: number; readonly count: number; readonly minority?: number };

/** How many of so many persons are the minority: as many as come nearest to its share. */
export const minorityOf = (count: number, share: number): number => Math.round(share * count);

/**
 * Persons of the language, as any persona is written down; person i depends on (seed, i) alone, and where there is a
 * minority on whether they belong to it: the first ones do.
 */
export const sandboxPersonas = ({ seed, count, minority = 0 }: SandboxCast): Persona[] => {
  const groups = minority > 0 ? drawGroups(createRandom(deriveSeed(seed, "assembly-groups"))) : null;
  return Array.from({ length: count }, (_, at) => {
    const random = createRandom(deriveSeed(seed, "assembly-person", at));
    const wishes =
      groups === null
        ? drawWishes(random)
        : drawMember(random, groups[at < minorityOf(count, minority) ? 1 : 0]);
    return {
      id: `person-${String(at + 1).padStart(2, "0")}`,
      name: personNames[at % personNames.length]!,
      traits: {},
      description: describePerson(random, wishes, "all"),
      views: {},
    };
  });
};
