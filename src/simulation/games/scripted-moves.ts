// Moves of scripted players: the ground truth of the games, and players who follow a principle's rules to the letter. A
// move depends on the player, on what it sees and on its random numbers alone.

import type { Random } from "../../core/index.ts";
import type { GamePrinciple, Move, Resource, ShareRule } from "../../records/index.ts";
import { otherItem } from "./buyer-seller.ts";
import type { View } from "./game.ts";
import { type FixedPlayer, type FlexiblePlayer, type Player, type Policy, policyFor } from "./player.ts";
import { shareGiven } from "./split.ts";

/** Half of an amount; the odd unit falls to either side by a coin. */
const half = (amount: number, random: Random): number => {
  const coin = random.integer(2);
  return amount % 2 === 0 ? amount / 2 : (amount - 1) / 2 + coin;
};

const withinAmount = (units: number, amount: number): number =>
  Math.min(amount, Math.max(0, Math.round(units)));

/** Units that a policy gives. selfish: 1 of an offer, which is still one, and nothing into a pot. */
const givenBy = (policy: Policy, amount: number, least: number, random: Random): number => {
  if (policy === "altruistic") return amount;
  return policy === "selfish" ? Math.min(least, amount) : half(amount, random);
};

const fixedGift = (
  player: FixedPlayer,
  { unit, amount }: Resource,
  least: number,
  random: Random,
): number => {
  const given = givenBy(policyFor(player, unit), amount, least, random);
  const strayed = (2 * random.next() - 1) * player.variance * amount;
  return player.variance === 0 ? given : withinAmount(given + strayed, amount);
};

const ruleFor = ({ rules = [] }: GamePrinciple, unit: string): ShareRule | undefined =>
  rules.find((rule) => rule.unit === unit) ?? rules.find((rule) => rule.unit === null);

const ruleOf = ({ principle, prior }: FlexiblePlayer, unit: string): ShareRule | undefined =>
  ruleFor(principle, unit) ?? (prior === undefined ? undefined : ruleFor(prior, unit));

/** What a rule gives; without one, anything between nothing and all by chance. */
const flexibleGift = (player: FlexiblePlayer, { unit, amount }: Resource, random: Random): number => {
  const rule = ruleOf(player, unit);
  return rule === undefined ? random.integer(amount + 1) : withinAmount(rule.give * amount, amount);
};

/** Whether a strict policy takes so many units: not where it is itself favoured, disfavoured, or either. */
const takes = (policy: Policy, given: number, amount: number): boolean => {
  const least = Math.floor(amount / 2);
  const most = Math.ceil(amount / 2);
  if (policy === "altruistic") return given <= most;
  return policy === "selfish" ? given >= least : given >= least && given <= most;
};

const fixedAccepts = (
  player: FixedPlayer,
  resources: readonly Resource[],
  given: readonly number[],
): boolean =>
  !player.strict ||
  resources.every(({ unit, amount }, at) => takes(policyFor(player, unit), given[at]!, amount));

const flexibleAccepts = (
  player: FlexiblePlayer,
  resources: readonly Resource[],
  given: readonly number[],
): boolean =>
  resources.every((resource, at) => {
    const rule = ruleOf(player, resource.unit);
    const share = shareGiven({ resources: [resource] }, [given[at]!]);
    if (rule === undefined) return true;
    return share >= (rule.refuseBelow ?? 0) && share <= (rule.refuseAbove ?? 1);
  });

type Pick = Extract<View, { type: "pick" }>;
type Price = Extract<View, { type: "price" }>;

/** The item that pays more at these prices; the first where both pay alike. */
const bestItem = ({ rewards, prices }: Pick): 0 | 1 =>
  rewards[1] - prices[1] > rewards[0] - prices[0] ? 1 : 0;

const pickItem = (view: Pick, deceives: boolean): 0 | 1 => {
  const best = bestItem(view);
  return deceives && !view.last ? otherItem(best) : best;
};

/** Even prices, with `markup` taken from one item and put on the other; the odd unit is the first item's. */
const setPrices = ({ total }: Price, raised: 0 | 1 | null, markup: number): [number, number] => {
  const even = Math.ceil(total / 2);
  const by = raised === null ? 0 : Math.min(markup, total - even);
  const first = even + (raised === 1 ? -by : by);
  return [first, total - first];
};

/** Which item a seller of a strategy takes to be the wanted one. */
const believed = (strategy: GamePrinciple["strategy"], picked: 0 | 1): 0 | 1 | null => {
  if (strategy === "picked") return picked;
  return strategy === "other" ? otherItem(picked) : null;
};

const tradeMove = (player: Player, view: Pick | Price): Move => {
  const strategy = player.type === "flexible" ? player.principle.strategy : undefined;
  if (view.type === "pick") {
    const deceives = player.type === "trading" ? player.level === 2 : strategy === "deceptive";
    return { type: "pick", item: pickItem(view, deceives) };
  }
  const naive = player.type === "trading" && player.level === 1;
  const markup = player.type === "fixed" ? 0 : (player.markup ?? 1);
  return {
    type: "prices",
    prices: setPrices(view, believed(naive ? "picked" : strategy, view.picked), markup),
  };
};

/** The move of a scripted player. random: its own, for this move. */
export const scriptedMove = (player: Player, view: View, random: Random): Move => {
  const giftOf = (resource: Resource, least: number): number => {
    if (player.type === "fixed") return fixedGift(player, resource, least, random);
    return player.type === "flexible" ? flexibleGift(player, resource, random) : 0;
  };
  switch (view.type) {
    case "propose":
      return { type: "offer", given: view.resources.map((resource) => giftOf(resource, 1)) };
    case "contribute":
      return { type: "contribution", units: giftOf(view.endowment, 0) };
    case "decide": {
      const { resources, given } = view;
      if (player.type === "fixed")
        return { type: "decision", accepts: fixedAccepts(player, resources, given) };
      return {
        type: "decision",
        accepts: player.type !== "flexible" || flexibleAccepts(player, resources, given),
      };
    }
    case "pick":
    case "price":
      return tradeMove(player, view);
    default:
      return view satisfies never;
  }
};
