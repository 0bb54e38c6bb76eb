// Stances to learn to sort comments by: whether one sentence is for another, against it, or on something else, and whether a
// comment asks for a change at all. What people say of an assistant is sorted by such questions, a pair at a time. How they are
// put to a model is not known here.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import { stanceAnswers } from "../../records/index.ts";
import { otherKinds, otherShares } from "./amendment.ts";
import { drawWishes } from "./persona.ts";
import { type SceneSplit, say, sayRemark } from "./scene-source.ts";
import { allWishes, oppositeOf, topicOf, type Wish } from "./wish.ts";

type Stance = (typeof stanceAnswers)[number];

/** What the second sentence is to the first, or whether a comment asks for a change. */
export type StanceScene =
  | { readonly kind: "stance"; readonly first: string; readonly second: string; readonly stance: Stance }
  | { readonly kind: "demand"; readonly comment: string; readonly asks: boolean };

/** How often a comment alone is asked about, and how often it then asks for a change. */
const demandShare = 0.12;
const askingShare = 0.55;

const stanceShares = [0.35, 0.35, 0.3] as const;

/** The same at first, when most first sentences protect, too: what is frequent on one side is learned before what is not. */
const easyShares = [0.5, 0.2, 0.3] as const;

const secondOf = (random: Random, first: Wish, stance: Stance): Wish => {
  if (stance === "for") return first;
  if (stance === "against") return oppositeOf(first);
  return random.pick(allWishes.filter((wish) => topicOf(wish) !== topicOf(first)));
};

/** easyShare: share of the pairs with one side more frequent; split as of an assembly's scenes. */
export type StanceOptions = {
  readonly seed: number;
  readonly split: SceneSplit;
  readonly easyShare: number;
};

/** Stances by number: stance i depends on (seed, i) alone. */
export const createStances = ({ seed, split, easyShare }: StanceOptions) => ({
  scene(index: number): StanceScene {
    const random = createRandom(deriveSeed(seed, `stances-${split}`, index));
    const source = { random, split };
    if (random.next() < demandShare) {
      const asks = random.next() < askingShare;
      const remark = asks
        ? random.pick(allWishes)
        : otherKinds[random.weighted(otherKinds.map((kind) => otherShares[kind]))]!;
      return { kind: "demand", comment: sayRemark(source, remark), asks };
    }
    const isEasy = random.next() < easyShare;
    const first = random.pick(isEasy ? drawWishes(random) : allWishes);
    const stance = stanceAnswers[random.weighted(isEasy ? easyShares : stanceShares)]!;
    return {
      kind: "stance",
      first: say(source, first),
      second: say(source, secondOf(random, first, stance)),
      stance,
    };
  },
});
