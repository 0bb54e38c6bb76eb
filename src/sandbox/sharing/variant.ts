// Scenes of what differs from imitation, as data: a lesson in one's own gain, and players who hold to one norm with one thing
// and to another with the next. A lesson on a thing apart is a lesson like any other (scene.ts). How a scene is told, whoever
// plays games knows.

import type { Random } from "../../core/index.ts";
import { uncapitalise } from "../phrase.ts";
import { drawNormText, type SharingSplit } from "./norm.ts";
import { heldOutUnits, type Norm, normForms, norms, sharedUnits } from "./phrases.ts";
import {
  drawSeats,
  drawThing,
  fixedNorms,
  givenBy,
  type SharingPlay,
  type SharingPlayer,
  type SharingScene,
  seenGift,
  type Thing,
  takes,
} from "./scene.ts";

/** decided: whether gifts were accepted or refused at all. learned: as of a lesson (SharingScene). */
export type GainScene = Thing & {
  readonly kind: "gain";
  readonly principle: string;
  readonly plays: readonly SharingPlay[];
  readonly decided: boolean;
  readonly learned: string;
};

export type VariantScene = GainScene | Extract<SharingScene, { kind: "offer" | "gift" | "decision" }>;

/** How often a scene is a lesson in one's own gain; of the others so many are offers, gifts into a pot, and decisions. */
const gainShare = 0.45;
const kindShares = [0.85, 0.08, 0.07];

const strictShare = 0.6;
const undecidedShare = 0.15;
const emptyShare = 0.04;

/** The norm that a gift is of. */
const normOf = (given: number, amount: number): Norm => {
  if (given === amount) return "altruistic";
  return given <= Math.max(1, amount / 10) ? "selfish" : "fair";
};

/** What is seen of a norm: the mean of what its givers kept, as a share, nothing where it was refused. */
const earningsOf = ({ plays, amount, decided }: Pick<GainScene, "plays" | "amount" | "decided">) => {
  const byFixed = plays.filter(({ decider }) => decider === "fixed");
  const counted = decided && byFixed.length > 0 ? byFixed : plays;
  return norms.flatMap((norm) => {
    const own = counted.filter(({ given }) => normOf(given, amount) === norm);
    if (own.length === 0) return [];
    const kept = own.reduce((sum, { given, accepts }) => sum + (accepts ? amount - given : 0), 0);
    return [{ norm, earned: kept / own.length / amount }];
  });
};

/** Earnings of two norms that differ by less are too near to learn from. */
const clear = 0.1;

/**
 * The norm that earned its givers most with those who decide for themselves, the fixed players; half, which nobody refuses,
 * where none of the norms that were seen earned anything; null where two earned much the same.
 */
export const gainfulNorm = (scene: Pick<GainScene, "plays" | "amount" | "decided">): Norm | null => {
  const [best, next] = earningsOf(scene).sort((one, other) => other.earned - one.earned);
  if (best === undefined || best.earned === 0) return "fair";
  return next !== undefined && best.earned - next.earned < clear ? null : best.norm;
};

const drawPlays = (random: Random, { amount }: Thing, before: Norm | null, decided: boolean) => {
  const main = random.pick(norms);
  const strict = decided && random.next() < strictShare;
  const proposers = drawSeats(random, random.pick([8, 8, 8, 7, 6, 5, 4]));
  const deciders = random.shuffle(drawSeats(random, proposers.length));
  const fixed = (seats: readonly string[]): number => seats.filter((seat) => seat === "fixed").length;
  const [giving, taking] = [proposers, deciders].map((seats) => fixedNorms(random, fixed(seats), main));
  return proposers.map((proposer, at): SharingPlay => {
    const norm = proposer === "fixed" ? giving!.pop()! : before;
    const given =
      norm === null ? random.integer(amount + 1) : seenGift(random, norm, amount, decided ? 1 : 0);
    const decider = deciders[at]!;
    const accepts = decider === "flexible" || takes(taking!.pop()!, given, amount);
    return { proposer, decider, given, accepts: !strict || accepts };
  });
};

const drawGain = (random: Random, split: SharingSplit): GainScene => {
  const thing = drawThing(random, split);
  for (;;) {
    const before = random.next() < emptyShare ? null : random.pick(norms);
    const decided = random.next() >= undecidedShare;
    const plays = drawPlays(random, thing, before, decided);
    const learned = gainfulNorm({ plays, decided, amount: thing.amount });
    if (learned !== null)
      return {
        ...{ kind: "gain", ...thing, plays, decided },
        principle: before === null ? "" : drawNormText(random, before, split, false),
        learned: normForms[learned][0]!,
      };
  }
};

/** How often a principle by thing says nothing of the thing at hand: its player gives by chance. */
const silentShare = 0.04;

const allThings = { train: Object.values(sharedUnits).flat(), test: heldOutUnits };

/** So many things that are not this one, each once. */
const otherThings = (random: Random, thing: string, count: number, split: SharingSplit): string[] => {
  const found = new Set<string>();
  while (found.size < count) {
    const one = random.pick(allThings[split]);
    if (one !== thing) found.add(one);
  }
  return [...found];
};

type Drawn = { readonly player: SharingPlayer; readonly norm: Norm | null };

/** A policy with what differs from it with some things, and its norm for the thing at hand. */
export const drawPolicyByThing = (
  random: Random,
  { unit }: Thing,
  split: SharingSplit,
): { readonly text: string; readonly norm: Norm } => {
  const [general, own] = [random.pick(norms), random.pick(norms)];
  const differs = random.next() < 0.6;
  const things = random.shuffle([
    ...(differs ? [unit] : []),
    ...otherThings(random, unit, differs ? random.integer(2) : 1, split),
  ]);
  const lines = things.map((thing) => {
    const text = drawNormText(random, thing === unit ? own : random.pick(norms), split, false);
    return `\nOf ${thing}, however: ${uncapitalise(text)}`;
  });
  const text = `${drawNormText(random, general, split, false)}${lines.join("")}`;
  return { text, norm: differs ? own : general };
};

const drawFixed = (random: Random, thing: Thing, split: SharingSplit): Drawn => {
  const { text, norm } = drawPolicyByThing(random, thing, split);
  return { player: { type: "fixed", text, prior: null }, norm };
};

/** A principle of a line for each thing. */
const drawFlexible = (random: Random, { unit }: Thing, split: SharingSplit): Drawn => {
  const norm = random.next() < silentShare ? null : random.pick(norms);
  const things = random.shuffle([
    ...(norm === null ? [] : [unit]),
    ...otherThings(random, unit, norm === null ? 2 : random.integer(3), split),
  ]);
  const lines = things.map((thing) => {
    const own = thing === unit && norm !== null ? norm : random.pick(norms);
    return `Of ${thing}: ${drawNormText(random, own, split, false)}`;
  });
  return { player: { type: "flexible", text: lines.join("\n"), prior: null }, norm };
};

const drawByThing = (random: Random, split: SharingSplit): VariantScene => {
  const thing = drawThing(random, split);
  const { player, norm } = (random.next() < 0.35 ? drawFixed : drawFlexible)(random, thing, split);
  const gives = (least: number): number =>
    norm === null ? random.integer(thing.amount + 1) : givenBy(norm, thing.amount, least);
  switch (random.weighted(kindShares)) {
    case 0:
      return {
        kind: "offer",
        ...thing,
        player,
        power: random.pick(["ultimatum", "dictator"]),
        given: gives(1),
      };
    case 1:
      return { kind: "gift", ...thing, player, players: 4, multiplier: 1.6, given: gives(0) };
    default: {
      const given = givenBy(random.pick(norms), thing.amount, 1);
      return { kind: "decision", ...thing, player, given, accepts: true };
    }
  }
};

/** Draws a scene. test: with sentences and things that no document of training has. */
export const drawVariantScene = (random: Random, split: SharingSplit): VariantScene =>
  random.next() < gainShare ? drawGain(random, split) : drawByThing(random, split);
