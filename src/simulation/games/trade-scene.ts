// Scenes of trade told in the brief wording, as scene.ts tells those of sharing, with the answer that is right. The same functions
// ask in games.

import type { Message, SeatType } from "../../records/index.ts";
import { learningTurns } from "./learner.ts";
import { learnerPrompts } from "./learner-prompts.ts";
import type { Observation } from "./observation.ts";
import { firstTurns } from "./play.ts";
import type { Trade } from "./trade-wording.ts";
import { fixedPlayerText, flexibleText } from "./wording.ts";

type Pair = readonly [number, number];
type Item = 0 | 1;

/** text: a fixed trader's policy or a flexible one's principle. */
type Trader = { readonly type: SeatType; readonly text: string };

/** A pick, both prices, or what is learned of a round by its buyer or its seller. */
export type TradeGameScene =
  | {
      readonly kind: "pick";
      readonly player: Trader;
      readonly rewards: Pair;
      readonly prices: Pair;
      readonly last: boolean;
      readonly item: Item;
    }
  | {
      readonly kind: "price";
      readonly player: Trader;
      readonly costs: Pair;
      readonly total: number;
      readonly picked: Item;
      readonly prices: Pair;
    }
  | (Trade & {
      readonly kind: "strategy";
      readonly role: "buyer" | "seller";
      readonly principle: string;
      readonly learned: string;
    });

const systemOf = ({ type, text }: Trader): string =>
  type === "fixed" ? fixedPlayerText(text, "brief") : flexibleText(text, "brief");

const asking = { asks: false, reasons: false };

const observationOf = (
  { rewards, costs, first, prices, last }: Trade,
  role: "buyer" | "seller",
): Observation => ({
  kind: "mixed",
  setup: { type: "trade", rewards: [...rewards], costs: [...costs], total: costs[0] + costs[1] },
  seats: role === "buyer" ? ["flexible", "fixed"] : ["fixed", "flexible"],
  moves: [
    { seat: 0, move: { type: "pick", item: first }, state: "made" },
    { seat: 1, move: { type: "prices", prices: [...prices] }, state: "made" },
    { seat: 0, move: { type: "pick", item: last }, state: "made" },
  ],
});

/** What is asked in a scene. */
export const tradeTurns = (scene: TradeGameScene): Message[] => {
  switch (scene.kind) {
    case "pick": {
      const { player, rewards, prices, last } = scene;
      return firstTurns(systemOf(player), { type: "pick", rewards, prices, last }, asking, "brief");
    }
    case "price": {
      const { player, costs, total, picked } = scene;
      return firstTurns(systemOf(player), { type: "price", costs, total, picked }, asking, "brief");
    }
    case "strategy": {
      const observations = [observationOf(scene, scene.role)];
      const principle = { text: scene.principle };
      return learningTurns({ seed: 0, principle, observations, variant: "imitation" }, learnerPrompts.brief);
    }
    default:
      return scene satisfies never;
  }
};

/** What is right to answer. */
export const tradeAnswer = (scene: TradeGameScene): string => {
  switch (scene.kind) {
    case "pick":
      return `Pick: item ${scene.item === 0 ? "A" : "B"}`;
    case "price":
      return `Prices: item A ${scene.prices[0]}, item B ${scene.prices[1]}`;
    case "strategy":
      return `Principle: ${scene.learned}`;
    default:
      return scene satisfies never;
  }
};
