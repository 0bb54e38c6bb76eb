// Ballots to learn to vote from: people who say how far one principle serves them, or propose one. In an assembly's scenes
// there are few, and whoever says what most people want is mostly right; here both sides of every wish, and principles on what
// a person does not care about, are frequent. How a ballot is put to a model is not known here.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import { drawWishes } from "./persona.ts";
import { supportFor } from "./satisfaction.ts";
import { type SceneSplit, say } from "./scene-source.ts";
import { drawPerson, type ProposalScene, type SupportScene } from "./scenes.ts";
import { allWishes, oppositeOf, topicOf, type Wish } from "./wish.ts";

type BallotScene = SupportScene | ProposalScene;

/** How often a principle is proposed: from this a model learns which sentences about people and which principles are on one area. */
const proposedShare = 0.4;

/** Of the wishes on areas so many change sides: four of five people of an assembly want an area protected, here three. */
const turnedShare = 0.3;

/** Shares of principles that a person wants, of which the contrary is wanted, and that the person does not care about. */
const sideShares = [0.3, 0.3, 0.4] as const;

/** Wishes of a person, as often on either side. */
export const drawSides = (random: Random, oneWishShare: number): Wish[] => {
  const wishes = drawWishes(random).map((wish) =>
    wish.type !== "style" && random.next() < turnedShare ? oppositeOf(wish) : wish,
  );
  return random.next() < oneWishShare ? [random.pick(wishes)] : wishes;
};

const drawPrinciple = (random: Random, wishes: readonly Wish[]): Wish => {
  const side = random.weighted(sideShares);
  if (side === 0) return random.pick(wishes);
  if (side === 1) return oppositeOf(random.pick(wishes));
  const topics = wishes.map(topicOf);
  return random.pick(allWishes.filter((wish) => !topics.includes(topicOf(wish))));
};

/** oneWishShare: share of the people who have one wish alone, and no two to four; split as of an assembly's scenes. */
export type BallotOptions = {
  readonly seed: number;
  readonly split: SceneSplit;
  readonly oneWishShare: number;
};

/** Ballots by number: ballot i depends on (seed, i) alone. */
export const createBallots = ({ seed, split, oneWishShare }: BallotOptions) => ({
  scene(index: number): BallotScene {
    const random = createRandom(deriveSeed(seed, `ballots-${split}`, index));
    const source = { random, split };
    const wishes = drawSides(random, oneWishShare);
    const person = drawPerson(source, wishes);
    if (random.next() < proposedShare)
      return { kind: "proposal", person, statement: say(source, random.pick(wishes)) };
    const principle = drawPrinciple(random, wishes);
    return {
      kind: "support",
      person,
      principles: [say(source, principle)],
      support: supportFor(wishes, [principle]),
      comment: null,
    };
  },
});
