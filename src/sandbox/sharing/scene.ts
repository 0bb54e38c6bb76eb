// Scenes of people who share things, as data: an offer, a gift into a pot, a decision, and what a principle becomes of play
// that was seen. What is right is known, since texts have a norm. How a scene is told, whoever plays games knows.

import type { Random } from "../../core/index.ts";
import { drawNormText, type SharingSplit } from "./norm.ts";
import { heldOutUnits, type Norm, normForms, norms, sharedUnits } from "./phrases.ts";

/** Whether a player holds to a policy for good or to a principle that may change. */
export type SharingSeat = "fixed" | "flexible";

/** What a player is told. text: empty where a flexible player has no principle yet; prior: what held before it, if told. */
export type SharingPlayer = {
  readonly type: SharingSeat;
  readonly text: string;
  readonly prior: string | null;
};

/** One play that was seen: who gave how much, and whether the other, where there was a decision, took it. */
export type SharingPlay = {
  readonly proposer: SharingSeat;
  readonly decider: SharingSeat;
  readonly given: number;
  readonly accepts: boolean;
};

/** So many of a thing. */
export type Thing = { readonly unit: string; readonly amount: number };

/** given: of the amount, to the other. learned: the principle after it, in the words that players of games are told. */
export type SharingScene =
  | (Thing & {
      readonly kind: "offer";
      readonly player: SharingPlayer;
      readonly power: "ultimatum" | "dictator";
      readonly given: number;
    })
  | (Thing & {
      readonly kind: "gift";
      readonly player: SharingPlayer;
      readonly players: number;
      readonly multiplier: number;
      readonly given: number;
    })
  | (Thing & {
      readonly kind: "decision";
      readonly player: SharingPlayer;
      readonly given: number;
      readonly accepts: boolean;
    })
  | (Thing & {
      readonly kind: "norm";
      readonly principle: string;
      readonly plays: readonly SharingPlay[];
      readonly learned: string;
    });

/** Kinds of scenes with their shares. */
const kinds = ["offer", "gift", "decision", "norm"] as const;
const kindShares = [0.4, 0.08, 0.17, 0.35];

const emptyShare = 0.04;
const priorShare = 0.1;
const strictShares = { acts: 0.1, decides: 0.5, seen: 0.15 };
const potShare = 0.1;

const unitShares = { usual: 0.4, counted: 0.3, measured: 0.3 };

/** A thing of a split with an amount of it. */
export const drawThing = (random: Random, split: SharingSplit): Thing => {
  const names = ["usual", "counted", "measured"] as const;
  const kind = names[random.weighted(names.map((name) => unitShares[name]))]!;
  const units = split === "test" ? heldOutUnits : sharedUnits[kind];
  return { unit: random.pick(units), amount: 10 + random.integer(91) };
};

/** What a norm gives; the odd unit stays, so that there is one right answer. least: what a selfish player gives. */
export const givenBy = (norm: Norm, amount: number, least: number): number => {
  if (norm === "altruistic") return amount;
  return norm === "fair" ? Math.floor(amount / 2) : least;
};

/** Whether a strict player of a norm takes so much: altruistic, not more than half; selfish, not less; fair, neither. */
export const takes = (norm: Norm, given: number, amount: number): boolean => {
  const isTooMuch = given > Math.ceil(amount / 2);
  const isTooLittle = given < Math.floor(amount / 2);
  return !(norm !== "selfish" && isTooMuch) && !(norm !== "altruistic" && isTooLittle);
};

/** norm: null where the player has nothing to go by. */
type Drawn = { readonly player: SharingPlayer; readonly norm: Norm | null; readonly strict: boolean };

const drawPlayer = (random: Random, split: SharingSplit, strictShare: number): Drawn => {
  const type = random.pick(["fixed", "flexible"] as const);
  if (type === "flexible" && random.next() < emptyShare)
    return { player: { type, text: "", prior: null }, norm: null, strict: false };
  const norm = random.pick(norms);
  const strict = random.next() < strictShare;
  const text = drawNormText(random, norm, split, strict);
  const hasPrior = type === "flexible" && random.next() < priorShare;
  const prior = hasPrior ? drawNormText(random, random.pick(norms), split, false) : null;
  return { player: { type, text, prior }, norm, strict };
};

const drawOffer = (random: Random, split: SharingSplit): SharingScene => {
  const thing = drawThing(random, split);
  const { player, norm } = drawPlayer(random, split, strictShares.acts);
  const given = norm === null ? random.integer(thing.amount + 1) : givenBy(norm, thing.amount, 1);
  const power = random.next() < 0.7 ? "ultimatum" : "dictator";
  return { kind: "offer", ...thing, player, power, given };
};

/** How many give into a pot, and by what it grows. */
export const drawPot = (random: Random) => ({
  players: random.pick([2, 3, 4, 4, 4, 5, 6]),
  multiplier: random.pick([1.6, 1.6, 1.5, 2, 3]),
});

const drawGift = (random: Random, split: SharingSplit): SharingScene => {
  const thing = drawThing(random, split);
  const { player, norm } = drawPlayer(random, split, 0);
  const given = norm === null ? random.integer(thing.amount + 1) : givenBy(norm, thing.amount, 0);
  return { kind: "gift", ...thing, player, ...drawPot(random), given };
};

const drawDecision = (random: Random, split: SharingSplit): SharingScene => {
  const thing = drawThing(random, split);
  const { player, norm, strict } = drawPlayer(random, split, strictShares.decides);
  const isOfNorm = random.next() < 0.75;
  const given = isOfNorm ? givenBy(random.pick(norms), thing.amount, 1) : random.integer(thing.amount + 1);
  const accepts = norm === null || !strict || takes(norm, given, thing.amount);
  return { kind: "decision", ...thing, player, given, accepts };
};

/** So many fixed players' norms, in chance order: of one norm, or with fewer of another among them. */
export const fixedNorms = (random: Random, count: number, main: Norm): Norm[] => {
  const isMixed = random.next() < 0.5;
  const others = isMixed ? random.integer(Math.ceil(count / 2)) : 0;
  const other = random.pick(norms.filter((norm) => norm !== main));
  return random.shuffle(Array.from({ length: count }, (_, at) => (at < others ? other : main)));
};

/** So many seats, some of them flexible by chance, at least one fixed. */
export const drawSeats = (random: Random, count: number): SharingSeat[] => {
  const share = random.pick([0.1, 0.1, 0.3, 0.5, 0.9]);
  const seats = Array.from({ length: count }, () =>
    random.next() < share ? ("flexible" as const) : ("fixed" as const),
  );
  return seats.includes("fixed") ? seats : random.shuffle([...seats.slice(1), "fixed" as const]);
};

/** As scripted players give: of half, the odd unit falls to either side. */
export const seenGift = (random: Random, norm: Norm, amount: number, least: number): number =>
  norm === "fair" ? Math.floor((amount + random.integer(2)) / 2) : givenBy(norm, amount, least);

const drawLesson = (random: Random, split: SharingSplit): SharingScene => {
  const thing = drawThing(random, split);
  const { amount } = thing;
  const main = random.pick(norms);
  const before = random.next() < emptyShare ? null : random.pick(norms);
  const proposers = drawSeats(random, random.pick([8, 8, 8, 8, 7, 6, 5, 4]));
  const deciders = random.shuffle(drawSeats(random, proposers.length));
  const own = fixedNorms(random, proposers.filter((seat) => seat === "fixed").length, main);
  // What was seen may be gifts into a pot, of which selfish players give nothing and which nobody refuses.
  const least = random.next() < potShare ? 0 : 1;
  const strict = least === 1 && random.next() < strictShares.seen;
  const plays = proposers.map((proposer, at): SharingPlay => {
    const norm = proposer === "fixed" ? own.pop()! : before;
    const given = norm === null ? random.integer(amount + 1) : seenGift(random, norm, amount, least);
    const decider = deciders[at]!;
    return {
      proposer,
      decider,
      given,
      accepts: !strict || decider !== "fixed" || takes(main, given, amount),
    };
  });
  return {
    ...{ kind: "norm", ...thing, plays },
    principle: before === null ? "" : drawNormText(random, before, split, false),
    learned: normForms[main][0]!,
  };
};

/**
 * Draws a scene. test: with sentences and things that no document of training has. In a lesson, most of the fixed players
 * hold to one norm, which is to be imitated.
 */
export const drawSharingScene = (random: Random, split: SharingSplit): SharingScene => {
  const kind = kinds[random.weighted(kindShares)]!;
  switch (kind) {
    case "offer":
      return drawOffer(random, split);
    case "gift":
      return drawGift(random, split);
    case "decision":
      return drawDecision(random, split);
    case "norm":
      return drawLesson(random, split);
    default:
      return kind satisfies never;
  }
};
