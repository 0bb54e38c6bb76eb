// How comments amend a list of principles: each comment is a vote for its wish, a principle that stands has one vote, on a
// topic the direction with more votes wins (a tie leaves what stands, or nothing), and the most wanted four are kept. New
// ones are in the words of the comment that said them first.

import type { Random } from "../../core/index.ts";
import { type SceneSource, say, sayRemark } from "./scene-source.ts";
import { allWishes, contradict, isSame, nameOf, oppositeOf, topicOf, type Wish } from "./wish.ts";
import type { OtherComment } from "./wish-phrases.ts";

/**
 * standing: the place, from 0, of a principle that stands; null for a new one. from: numbers of the comments that argue for
 * it, from 1.
 */
export type AmendedPrinciple = {
  readonly text: string;
  readonly standing: number | null;
  readonly from: readonly number[];
};

export type AmendmentScene = {
  readonly kind: "amendment";
  readonly current: readonly string[];
  readonly comments: readonly string[];
  readonly principles: readonly AmendedPrinciple[];
};

/** A principle that stands, with its text. */
export type Standing = { readonly wish: Wish; readonly text: string };

export const mostPrinciples = 4;
export const mostComments = 10;

type Amended = { readonly wish: Wish; readonly text: string | null; readonly from: readonly number[] };

/** What remains and what comes: those that stand, then new ones by their first comment. text: null for a new one. */
export const amend = (
  current: readonly Standing[],
  remarks: readonly (Wish | OtherComment)[],
): readonly Amended[] => {
  const votes = (wish: Wish): number[] =>
    remarks.flatMap((remark, at) => (typeof remark !== "string" && isSame(remark, wish) ? [at + 1] : []));
  const weight = (wish: Wish): number =>
    votes(wish).length + (current.some((one) => isSame(one.wish, wish)) ? 1 : 0);
  const wins = (wish: Wish): boolean => {
    const against = weight(oppositeOf(wish));
    if (weight(wish) !== against) return weight(wish) > against;
    return current.some((one) => isSame(one.wish, wish));
  };
  const standing = current
    .filter(({ wish }) => wins(wish))
    .map(({ wish, text }): Amended => ({ wish, text, from: votes(wish) }));
  const wanted = allWishes
    .filter((wish) => votes(wish).length > 0 && wins(wish))
    .filter((wish) => !standing.some((one) => isSame(one.wish, wish)))
    .map((wish): Amended => ({ wish, text: null, from: votes(wish) }));
  const byWeight = (one: Amended, other: Amended): number =>
    weight(other.wish) - weight(one.wish) || (one.from[0] ?? 0) - (other.from[0] ?? 0);
  const kept = new Set(
    [...standing, ...wanted]
      .sort(byWeight)
      .slice(0, mostPrinciples)
      .map(({ wish }) => nameOf(wish)),
  );
  return [...standing, ...wanted.sort((one, other) => one.from[0]! - other.from[0]!)].filter(({ wish }) =>
    kept.has(nameOf(wish)),
  );
};

export const otherShares: Readonly<Record<OtherComment, number>> = {
  pleased: 70,
  help: 12,
  scold: 6,
  "off-topic": 6,
  nonsense: 6,
};
export const otherKinds = Object.keys(otherShares) as readonly OtherComment[];

/**
 * What people talk of in a scene: two to five topics, few more often than many; most people of one mind on each, and so
 * often two to one.
 */
export const drawMinds = (random: Random, dividedShare = 0.35): Wish[][] => {
  const minds: Wish[][] = [];
  for (const wish of random.shuffle(allWishes)) {
    if (minds.length === 2 + random.integer(4)) break;
    if (minds.some(([one]) => topicOf(one!) === topicOf(wish))) continue;
    minds.push(random.next() < dividedShare ? [wish, wish, oppositeOf(wish)] : [wish]);
  }
  return minds;
};

const drawCurrent = (source: SceneSource): Standing[] => {
  const { random } = source;
  const chosen: Wish[] = [];
  const count = random.weighted([0.35, 0.15, 0.15, 0.2, 0.15]);
  for (const wish of random.shuffle(allWishes))
    if (chosen.length < count && !chosen.some((one) => isSame(one, wish) || contradict(one, wish)))
      chosen.push(wish);
  return chosen.map((wish) => ({ wish, text: say(source, wish) }));
};

/** Two to ten comments, of which this share says wishes; others: how often which of the rest. */
export const drawRemarks = (
  random: Random,
  minds: readonly Wish[][],
  wishShare: number,
  others: Partial<Readonly<Record<OtherComment, number>>> = otherShares,
): (Wish | OtherComment)[] =>
  Array.from({ length: 2 + random.integer(mostComments - 1) }, () =>
    random.next() < wishShare
      ? random.pick(random.pick(minds))
      : otherKinds[random.weighted(otherKinds.map((kind) => others[kind] ?? 0))]!,
  );

/** Of scenes so many begin with what people proposed: wishes alone, and nothing that stands. */
const proposalShare = 0.2;

/** Shares of comments that say wishes, each as often as the others; in so many scenes all of the rest are of one kind. */
const wishShares = [0.3, 0.6, 0.8, 0.9];
const oneKindShare = 0.4;

/** Draws principles that stand, comments or proposals, and the list that comes of them. There is always something to write. */
export const drawAmendment = (source: SceneSource): AmendmentScene => {
  const { random } = source;
  for (;;) {
    const proposed = random.next() < proposalShare;
    const current = proposed ? [] : drawCurrent(source);
    const others = random.next() < oneKindShare ? { [random.pick(otherKinds)]: 1 } : otherShares;
    const said = drawRemarks(random, drawMinds(random), proposed ? 1 : random.pick(wishShares), others);
    const amended = amend(current, said);
    if (amended.length === 0) continue;
    const comments = said.map((remark) => sayRemark(source, remark));
    return {
      kind: "amendment",
      current: current.map(({ text }) => text),
      comments,
      principles: amended.map(({ text, from }) => ({
        text: text ?? comments[from[0]! - 1]!,
        standing: text === null ? null : current.findIndex((one) => one.text === text),
        from,
      })),
    };
  }
};
