// How comments become two documents: what nobody contradicts is a principle for everybody, and where people want contrary
// things each side is a clause of its own, so that no clause goes against a principle. A wish that stands in one of the
// documents is said by it, whoever wanted it. The most wanted are kept. Whom a clause is for is not known here.

import { type AmendedPrinciple, drawMinds, drawRemarks, type Standing } from "./amendment.ts";
import { type SceneSource, say, sayRemark } from "./scene-source.ts";
import { allWishes, contradict, isSame, oppositeOf, topicOf, type Wish } from "./wish.ts";
import type { OtherComment } from "./wish-phrases.ts";

/**
 * current: the principles and clauses that stand; principles, clauses: what comes of them and the comments. A place in what
 * stands counts through both, the principles first. five: asked for with the meta-prompt that wants five of each.
 */
export type AccordScene = {
  readonly kind: "accord";
  readonly five: boolean;
  readonly current: { readonly principles: readonly string[]; readonly clauses: readonly string[] };
  readonly comments: readonly string[];
  readonly principles: readonly AmendedPrinciple[];
  readonly clauses: readonly AmendedPrinciple[];
};

/** Of each document at most so many. */
export const mostOfEach = { all: 10, five: 5 } as const;

/** A wish of a document that is written: the place where it stands already, or null, and the comments that argue for it. */
type Agreed = { readonly wish: Wish; readonly standing: number | null; readonly from: readonly number[] };
export type Accord = { readonly principles: readonly Agreed[]; readonly clauses: readonly Agreed[] };

/** What comes of comments where these wishes stand: of each document those that stand in their order, then new ones by their first comment. */
export const agree = (
  standing: readonly Wish[],
  remarks: readonly (Wish | OtherComment)[],
  most: number,
): Accord => {
  const agreed = allWishes
    .map((wish): Agreed => {
      const place = standing.findIndex((one) => isSame(one, wish));
      const from = remarks.flatMap((remark, at) =>
        typeof remark !== "string" && isSame(remark, wish) ? [at + 1] : [],
      );
      return { wish, standing: place < 0 ? null : place, from };
    })
    .filter((one) => one.standing !== null || one.from.length > 0);
  const weight = (one: Agreed): number => one.from.length + (one.standing === null ? 0 : 1);
  const placeOf = ({ standing: place, from }: Agreed): number => place ?? standing.length + from[0]!;
  const inOrder = (one: Agreed, other: Agreed): number => placeOf(one) - placeOf(other);
  const documentOf = (isContract: boolean): Agreed[] =>
    agreed
      .filter(({ wish }) => agreed.some((one) => contradict(one.wish, wish)) === isContract)
      .sort(inOrder)
      .sort((one, other) => weight(other) - weight(one) || (one.from[0] ?? 0) - (other.from[0] ?? 0))
      .slice(0, most)
      .sort(inOrder);
  return { principles: documentOf(false), clauses: documentOf(true) };
};

/** Share of the topics that people speak of on which they want contrary things. */
const dividedShares = { all: 0.45, five: 0.6 } as const;
const wishShare = 0.8;

/** How often nothing stands, and of which topics something does: nothing, a principle, or both sides as clauses. */
const blankShare = 0.35;
const topicShares = [0.5, 0.3, 0.2] as const;

const drawStanding = ({ random }: SceneSource): Wish[][] => {
  const pairs: Wish[][] = [];
  if (random.next() < blankShare) return pairs;
  for (const wish of random.shuffle(allWishes)) {
    if (pairs.some(([one]) => topicOf(one!) === topicOf(wish))) continue;
    const sides = random.weighted(topicShares);
    if (sides > 0) pairs.push(sides === 1 ? [wish] : [wish, oppositeOf(wish)]);
  }
  return pairs;
};

/** Draws what stands, comments, and the documents that come of them. There is always something to write. */
export const drawAccord = (source: SceneSource, five: boolean): AccordScene => {
  const { random } = source;
  const size = five ? "five" : "all";
  for (;;) {
    const sides = drawStanding(source);
    const minds = drawMinds(random, dividedShares[size]);
    const texts = (wishes: readonly Wish[]): Standing[] =>
      wishes.map((wish) => ({ wish, text: say(source, wish) }));
    const principles = texts(sides.filter(({ length }) => length === 1).flat());
    const clauses = texts(random.shuffle(sides.filter(({ length }) => length === 2).flat()));
    const said = drawRemarks(random, minds, wishShare);
    const standing = [...principles, ...clauses];
    const wishes = standing.map(({ wish }) => wish);
    const accord = agree(wishes, said, mostOfEach[size]);
    if (accord.principles.length + accord.clauses.length === 0) continue;
    const comments = said.map((remark) => sayRemark(source, remark));
    const written = ({ standing: place, from }: Agreed): AmendedPrinciple => ({
      text: place === null ? comments[from[0]! - 1]! : standing[place]!.text,
      standing: place,
      from,
    });
    return {
      kind: "accord",
      five,
      current: {
        principles: principles.map(({ text }) => text),
        clauses: clauses.map(({ text }) => text),
      },
      comments,
      principles: accord.principles.map(written),
      clauses: accord.clauses.map(written),
    };
  }
};
