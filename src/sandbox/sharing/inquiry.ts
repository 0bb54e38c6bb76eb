// Scenes of offers that are more than one line, as data: of two things at once, with a reason before them, or after a question
// where nothing that was told applies. What is right is known, since texts have a norm. How a scene is told, whoever plays games
// knows.

import type { Random } from "../../core/index.ts";
import { drawNormText, type SharingSplit } from "./norm.ts";
import { type Norm, normForms, norms } from "./phrases.ts";
import { drawThing, givenBy, type SharingPlayer, type Thing } from "./scene.ts";

/**
 * things: each once, offered in this order; told: whether the player was told anything of each; given: of each, to the other,
 * by chance where it was not. reasons: a reason is asked for; reason: the one that is
 * right, in the words that players of games are told. asks: a question may be asked before; question: the one that is, null
 * where what the player was told says all.
 */
export type InquiryScene = {
  readonly kind: "inquiry";
  readonly things: readonly Thing[];
  readonly told: readonly boolean[];
  readonly player: SharingPlayer;
  readonly power: "ultimatum" | "dictator";
  readonly reasons: boolean;
  readonly reason: string;
  readonly asks: boolean;
  readonly question: string | null;
  readonly given: readonly number[];
};

const severalShare = 0.5;
const byThingShare = 0.6;
const reasonsShare = 0.45;
const asksShare = 0.6;
/** How often a player is told nothing that applies, where it may ask, and where not. */
const silentShare = { mayAsk: 0.35, mayNot: 0.04 };

const drawThings = (random: Random, split: SharingSplit): Thing[] => {
  const first = drawThing(random, split);
  if (random.next() >= severalShare) return [first];
  for (;;) {
    const second = drawThing(random, split);
    if (second.unit !== first.unit) return [first, second];
  }
};

/** What a player is told, and the norm that it has for each thing; null where none is told. */
type Told = { readonly text: string; readonly norms: readonly (Norm | null)[] };

/** One norm for all things, or nothing. */
const tellOne = (random: Random, things: readonly Thing[], split: SharingSplit, silent: boolean): Told => {
  if (silent) return { text: "", norms: things.map(() => null) };
  const norm = random.pick(norms);
  return { text: drawNormText(random, norm, split, false), norms: things.map(() => norm) };
};

/** How often a line is about a thing that is not there; in silence one more, so that the count of lines tells nothing. */
const besideShare = 0.4;

/** A line for each thing but, in silence, one of them, in chance order; and now and then for other things. */
const tellEach = (random: Random, things: readonly Thing[], split: SharingSplit, silent: boolean): Told => {
  const left = silent ? random.integer(things.length) : null;
  const own = things.map((_, at) => (at === left ? null : random.pick(norms)));
  const beside = new Set<string>();
  const count = (silent ? 1 : 0) + (random.next() < besideShare ? 1 : 0);
  while (beside.size < count) {
    const { unit } = drawThing(random, split);
    if (things.every((thing) => thing.unit !== unit)) beside.add(unit);
  }
  const told: [string, Norm][] = [
    ...things.flatMap(({ unit }, at): [string, Norm][] => (own[at] == null ? [] : [[unit, own[at]]])),
    ...[...beside].map((unit): [string, Norm] => [unit, random.pick(norms)]),
  ];
  const lines = random
    .shuffle(told)
    .map(([unit, norm]) => `Of ${unit}: ${drawNormText(random, norm, split, false)}`);
  return { text: lines.join("\n"), norms: own };
};

/** Why a player gives what it gives: the sentence of each norm once. */
const reasonOf = (own: readonly (Norm | null)[]): string =>
  [...new Set(own)]
    .map((norm) => (norm === null ? "Nothing was told of this." : normForms[norm][0]!))
    .join(" ");

/** Draws a scene. test: with sentences and things that no document of training has. */
export const drawInquiryScene = (random: Random, split: SharingSplit): InquiryScene => {
  const things = drawThings(random, split);
  const type = random.next() < 0.7 ? ("flexible" as const) : ("fixed" as const);
  // who holds to a policy for good is told it, and asks nothing
  const asks = type === "flexible" && random.next() < asksShare;
  const silent = type === "flexible" && random.next() < (asks ? silentShare.mayAsk : silentShare.mayNot);
  const byThing = type === "flexible" && random.next() < byThingShare;
  const { text, norms: own } = (byThing ? tellEach : tellOne)(random, things, split, silent);
  return {
    kind: "inquiry",
    things,
    told: own.map((norm) => norm !== null),
    player: { type, text, prior: null },
    power: random.next() < 0.7 ? "ultimatum" : "dictator",
    reasons: random.next() < reasonsShare,
    reason: reasonOf(own),
    asks,
    question:
      asks && own.includes(null) ? `How do I share ${things.map(({ unit }) => unit).join(" and ")}?` : null,
    given: things.map(({ amount }, at) => {
      const norm = own[at] ?? null;
      return norm === null ? random.integer(amount + 1) : givenBy(norm, amount, 1);
    }),
  };
};
