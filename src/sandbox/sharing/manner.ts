// Scenes of fixed players with a manner, as data: an offer, a gift into a pot, or a decision, with the sentence that is said
// before it. The sentence is drawn from those of the manner; what is given or decided follows from the policy alone. How a
// scene is told, whoever plays games knows.

import type { Random } from "../../core/index.ts";
import { expandAll } from "../phrase.ts";
import { isHeldOutText } from "../principle.ts";
import { mannerForms, type SpokenManner, spokenManners } from "./manner-phrases.ts";
import { drawNormText, type SharingSplit } from "./norm.ts";
import { type Norm, norms } from "./phrases.ts";
import {
  drawPot,
  drawThing,
  givenBy,
  type SharingPlayer,
  type SharingScene,
  type Thing,
  takes,
} from "./scene.ts";
import { drawPolicyByThing } from "./variant.ts";

/** A fixed player that says a sentence before its move; neutral: that says none. */
export type MannerPlayer = SharingPlayer & { readonly manner: SpokenManner | "neutral" };

/** sentence: said before the move, in the player's manner; empty where that is neutral. */
export type MannerScene = Extract<SharingScene, { kind: "offer" | "gift" | "decision" }> & {
  readonly player: MannerPlayer;
  readonly sentence: string;
};

const textsOf = (manner: SpokenManner, split: SharingSplit): readonly string[] =>
  expandAll(mannerForms[manner]).filter((text) => isHeldOutText(text) === (split === "test"));

const textsBySplit = Object.fromEntries(
  spokenManners.map((manner) => [manner, { train: textsOf(manner, "train"), test: textsOf(manner, "test") }]),
) as Readonly<Record<SpokenManner, Readonly<Record<SharingSplit, readonly string[]>>>>;

/** All sentences of a manner. A fifth of them is kept out of training by hash. */
export const mannerTexts = (manner: SpokenManner, split: SharingSplit): readonly string[] =>
  textsBySplit[manner][split];

const mannerByText: ReadonlyMap<string, SpokenManner> = new Map(
  spokenManners.flatMap((manner) => expandAll(mannerForms[manner]).map((text) => [text, manner] as const)),
);

/** The manner of a sentence of the language; null for any other text. */
export const readManner = (text: string): SpokenManner | null => mannerByText.get(text.trim()) ?? null;

/** Kinds of moves with their shares. */
const kinds = ["offer", "gift", "decision"] as const;
const kindShares = [0.6, 0.15, 0.25];

const neutralShare = 0.15;
const byThingShare = 0.15;
const strictShares = { offer: 0.15, gift: 0, decision: 0.6 };

/** norm: of the player with the thing at hand. strict: refuses what is against it. */
type Drawn = { readonly text: string; readonly norm: Norm; readonly strict: boolean };

const drawPolicy = (random: Random, thing: Thing, split: SharingSplit, strictShare: number): Drawn => {
  if (random.next() < byThingShare) return { ...drawPolicyByThing(random, thing, split), strict: false };
  const norm = random.pick(norms);
  const strict = random.next() < strictShare;
  return { text: drawNormText(random, norm, split, strict), norm, strict };
};

/** Draws a scene. test: with sentences, policies and things that no document of training has. */
export const drawMannerScene = (random: Random, split: SharingSplit): MannerScene => {
  const kind = kinds[random.weighted(kindShares)]!;
  const thing = drawThing(random, split);
  const { amount } = thing;
  const manner = random.next() < neutralShare ? "neutral" : random.pick(spokenManners);
  const sentence = manner === "neutral" ? "" : random.pick(mannerTexts(manner, split));
  const { text, norm, strict } = drawPolicy(random, thing, split, strictShares[kind]);
  const common = { ...thing, player: { type: "fixed", text, prior: null, manner }, sentence } as const;
  switch (kind) {
    case "offer": {
      const power = random.next() < 0.7 ? "ultimatum" : "dictator";
      return { kind, ...common, power, given: givenBy(norm, amount, 1) };
    }
    case "gift":
      return { kind, ...common, ...drawPot(random), given: givenBy(norm, amount, 0) };
    case "decision": {
      const given = givenBy(random.pick(norms), amount, 1);
      return { kind, ...common, given, accepts: !strict || takes(norm, given, amount) };
    }
    default:
      return kind satisfies never;
  }
};
