// Scenes of people who buy and sell, as data: a pick, a pair of prices, and what a strategy becomes of a round that was seen.
// What is right is known, since texts have a strategy. Prices are raised by one point. How a scene is told, whoever plays
// games knows.

import type { Random } from "../../core/index.ts";
import { expandAll } from "../phrase.ts";
import { isHeldOutText } from "../principle.ts";
import type { SharingSplit } from "./norm.ts";
import type { SharingSeat } from "./scene.ts";
import {
  buyerStrategies,
  type Strategy,
  sellerStrategies,
  strategies,
  strategyForms,
} from "./trade-phrases.ts";

/** Two numbers, of item A and of item B. */
export type Pair = readonly [number, number];
type Item = 0 | 1;

/** A trader and what it holds to: a policy for good, or a principle that may change. */
export type Trader = { readonly type: SharingSeat; readonly text: string };

/** What the items are worth to the buyer, and their first prices. */
export type Goods = { readonly rewards: Pair; readonly costs: Pair };

/** last: whether prices have been set anew. learned: the principle after the round, in the words that games tell. */
export type TradeScene =
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
  | (Goods & {
      readonly kind: "strategy";
      readonly role: "buyer" | "seller";
      readonly principle: string;
      readonly first: Item;
      readonly prices: Pair;
      readonly last: Item;
      readonly learned: string;
    });

const textsOf = (strategy: Strategy, split: SharingSplit): readonly string[] =>
  [...new Set(expandAll(strategyForms[strategy]))].filter(
    (text, at) => (at > 0 && isHeldOutText(text)) === (split === "test"),
  );

const textsBySplit = Object.fromEntries(
  strategies.map((strategy) => [
    strategy,
    { train: textsOf(strategy, "train"), test: textsOf(strategy, "test") },
  ]),
) as Readonly<Record<Strategy, Readonly<Record<SharingSplit, readonly string[]>>>>;

/** All sentences that ask for a strategy. */
export const strategyTexts = (strategy: Strategy, split: SharingSplit): readonly string[] =>
  textsBySplit[strategy][split];

const strategyByText: ReadonlyMap<string, Strategy> = new Map(
  strategies.flatMap((strategy) =>
    (["train", "test"] as const).flatMap((split) =>
      strategyTexts(strategy, split).map((text) => [text, strategy] as const),
    ),
  ),
);

/** The strategy that a sentence of the language asks for; null for any other text. */
export const readStrategy = (text: string): Strategy | null => strategyByText.get(text.trim()) ?? null;

/** Kinds of scenes with their shares. */
const kinds = ["pick", "price", "strategy"] as const;
const kindShares = [0.45, 0.3, 0.25];

/** How often the goods are those that games have by default. */
const usualShare = 0.3;
const mostCost = 12;
const mostGain = 8;

const turn = ([one, other]: Pair, isTurned: boolean): Pair => (isTurned ? [other, one] : [one, other]);

const drawGoods = (random: Random): Goods => {
  const isTurned = random.integer(2) === 1;
  if (random.next() < usualShare) return { rewards: turn([0, 10], isTurned), costs: turn([1, 9], isTurned) };
  const costs: Pair = [1 + random.integer(mostCost), 1 + random.integer(mostCost)];
  const worth = (cost: number): number => Math.max(0, cost + random.integer(2 * mostGain + 1) - mostGain);
  return { rewards: [worth(costs[0]), worth(costs[1])], costs };
};

const otherOf = (item: Item): Item => (item === 0 ? 1 : 0);

const gainsOf = (rewards: Pair, prices: Pair): Pair => [rewards[0] - prices[0], rewards[1] - prices[1]];

/** The item that brings more; the first where both bring as much. */
const bestOf = ([one, other]: Pair): Item => (other > one ? 1 : 0);

const sumOf = ([one, other]: Pair): number => one + other;

/** Even prices, of which the first has the odd point, with so much put on one item and taken from the other. */
const pricesOf = (total: number, raised: Item | null, by: number): Pair => {
  const even = Math.ceil(total / 2);
  const most = raised === null ? 0 : Math.min(by, total - even);
  const first = even + (raised === 1 ? -most : most);
  return [first, total - first];
};

const raisedBy = (strategy: Strategy, picked: Item): Item | null => {
  if (strategy === "picked") return picked;
  return strategy === "other" ? otherOf(picked) : null;
};

const pickBy = (strategy: Strategy, gains: Pair, last: boolean): Item => {
  const best = bestOf(gains);
  return strategy === "deceptive" && !last ? otherOf(best) : best;
};

/**
 * How often a trader of a scene holds to a strategy, beside others of the same side. Whether an item is the better one and a
 * strategy takes it, or is the picked one and a strategy raises it, is a puzzle of two yes or no of which no part helps alone;
 * with one side more frequent, its parts are learned one after the other.
 */
const weights: Readonly<Record<Strategy, number>> = {
  ...{ honest: 2, deceptive: 1 },
  ...{ none: 1, picked: 2, other: 1 },
};

type Drawn<Of extends Strategy> = { readonly player: Trader; readonly strategy: Of };

const drawTrader = <Of extends Strategy>(
  random: Random,
  split: SharingSplit,
  of: readonly Of[],
): Drawn<Of> => {
  const type = random.pick(["fixed", "flexible"] as const);
  const strategy = of[random.weighted(of.map((one) => weights[one]))]!;
  return { player: { type, text: random.pick(strategyTexts(strategy, split)) }, strategy };
};

const drawPick = (random: Random, split: SharingSplit): TradeScene => {
  const { player, strategy } = drawTrader(random, split, buyerStrategies);
  const { rewards, costs } = drawGoods(random);
  const last = random.next() < 0.4;
  const raised = random.pick([0, 1, null] as const);
  const prices = last ? pricesOf(sumOf(costs), raised, 1 + random.integer(2)) : costs;
  return {
    ...{ kind: "pick", player, rewards, prices, last },
    item: pickBy(strategy, gainsOf(rewards, prices), last),
  };
};

const drawPrice = (random: Random, split: SharingSplit): TradeScene => {
  const { player, strategy } = drawTrader(random, split, sellerStrategies);
  const { costs } = drawGoods(random);
  const picked = random.pick([0, 1] as const);
  const total = sumOf(costs);
  return {
    ...{ kind: "price", player, costs, total, picked },
    prices: pricesOf(total, raisedBy(strategy, picked), 1),
  };
};

/** A feint is worth a try where it would lose nothing: what was picked became at least as much dearer as a feint costs. */
const buyerLearns = ({ rewards, costs }: Goods, first: Item, prices: Pair): Strategy => {
  const [one, other] = gainsOf(rewards, costs);
  const dearer = prices[first] - prices[otherOf(first)];
  return dearer > 0 && dearer >= Math.abs(one - other) ? "deceptive" : "honest";
};

const drawStrategy = (random: Random, split: SharingSplit): TradeScene => {
  const role = random.pick(["buyer", "seller"] as const);
  const goods = drawGoods(random);
  const [bought, sold] = [random.pick(buyerStrategies), random.pick(sellerStrategies)];
  const first = pickBy(bought, gainsOf(goods.rewards, goods.costs), false);
  const prices = pricesOf(sumOf(goods.costs), raisedBy(sold, first), 1 + random.integer(3));
  const last =
    role === "buyer" ? bestOf(gainsOf(goods.rewards, prices)) : random.pick([first, otherOf(first)]);
  const learned = role === "buyer" ? buyerLearns(goods, first, prices) : last === first ? "picked" : "other";
  return {
    ...{ kind: "strategy", role, ...goods, first, prices, last },
    principle: random.pick(strategyTexts(role === "buyer" ? bought : sold, split)),
    learned: strategyForms[learned][0]!,
  };
};

/** Draws a scene. test: with sentences that no document of training has. */
export const drawTradeScene = (random: Random, split: SharingSplit): TradeScene => {
  const kind = kinds[random.weighted(kindShares)]!;
  switch (kind) {
    case "pick":
      return drawPick(random, split);
    case "price":
      return drawPrice(random, split);
    case "strategy":
      return drawStrategy(random, split);
    default:
      return kind satisfies never;
  }
};
