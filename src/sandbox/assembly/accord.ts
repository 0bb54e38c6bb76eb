// How comments become two documents: what nobody contradicts is a principle for everybody, and where people want contrary
// things each side is a clause of its own, so that no clause goes against a principle. A wish that stands in one of the
// documents is said by it, whoever wanted it. The most wanted are kept. Whom a clause is for is not known here.

import { type AmendedPrinciple, drawMinds, drawRemarks, mostComments, type Standing } from "./amendment.ts";
import { type SceneSource, say, sayRemark } from "./scene-source.ts";
import { allWishes, contradict, isSame, oppositeOf, topicOf, type Wish } from "./wish.ts";
import type { OtherComment } from "./wish-phrases.ts";

/**
 * What a comment speaks for or against: what stands, by its place from 0, or the first comment on the same topic, by its number
 * from 1. new: it is the first on a topic on which nothing stands; nothing: it says no wish.
 */
export type SortedComment =
  | "new"
  | "nothing"
  | { readonly standing: number; readonly side: "for" | "against" }
  | { readonly comment: number; readonly side: "for" | "against" };

/** Sorts comments. Where both sides of a topic stand, a comment is for its own. */
export const sortComments = (
  standing: readonly Wish[],
  remarks: readonly (Wish | OtherComment)[],
): SortedComment[] =>
  remarks.map((remark, at): SortedComment => {
    if (typeof remark === "string") return "nothing";
    const own = standing.findIndex((one) => isSame(one, remark));
    if (own >= 0) return { standing: own, side: "for" };
    const contrary = standing.findIndex((one) => contradict(one, remark));
    if (contrary >= 0) return { standing: contrary, side: "against" };
    const first = remarks.findIndex((one) => typeof one !== "string" && topicOf(one) === topicOf(remark));
    if (first === at) return "new";
    return { comment: first + 1, side: isSame(remarks[first] as Wish, remark) ? "for" : "against" };
  });

/**
 * sorted: what a model is to say; principles, clauses: what comes of it. current: the principles and clauses that stand;
 * a place in them counts through both, the principles first. five: asked for with the meta-prompt that wants five of
 * each.
 */
export type AccordScene = {
  readonly kind: "accord";
  readonly five: boolean;
  readonly current: { readonly principles: readonly string[]; readonly clauses: readonly string[] };
  readonly comments: readonly string[];
  readonly sorted: readonly SortedComment[];
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

/** What stands, and what people talk of. */
type Matters = { readonly sides: readonly (readonly Wish[])[]; readonly minds: readonly Wish[][] };

/** How often nothing stands, a principle, or both sides, on the one topic that most comments of a short scene are on. */
const fewShares = [0.35, 0.45, 0.2] as const;

/** Of a short scene: mostly both sides of one topic, on which something may stand, and now and then another. */
const drawFew = ({ random }: SceneSource): Matters => {
  const [wish, other] = random.shuffle(allWishes);
  const both = [wish!, oppositeOf(wish!)];
  const kind = random.weighted(fewShares);
  return { sides: kind === 0 ? [] : kind === 1 ? [[wish!]] : [both], minds: [both, both, [other!]] };
};

/** few: two or three comments, mostly on one topic: what is learned first. */
export type AccordSize = { readonly five: boolean; readonly few: boolean };

/** Draws what stands, comments, and the documents that come of them. There is always something to write. */
export const drawAccord = (source: SceneSource, { five, few }: AccordSize): AccordScene => {
  const { random } = source;
  for (;;) {
    const { sides, minds }: Matters = few
      ? drawFew(source)
      : { sides: drawStanding(source), minds: drawMinds(random, dividedShares[five ? "five" : "all"]) };
    const texts = (wishes: readonly Wish[]): Standing[] =>
      wishes.map((wish) => ({ wish, text: say(source, wish) }));
    const principles = texts(sides.filter(({ length }) => length === 1).flat());
    const clauses = texts(random.shuffle(sides.filter(({ length }) => length === 2).flat()));
    const size = five ? "five" : "all";
    const said = drawRemarks(random, minds, { most: few ? 3 : mostComments, wishShare });
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
      sorted: sortComments(wishes, said),
      principles: accord.principles.map(written),
      clauses: accord.clauses.map(written),
    };
  }
};
