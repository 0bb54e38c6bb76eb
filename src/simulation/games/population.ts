// Who meets whom in an iteration, about what: drawn by seed from what an experiment says of its group. Shares of policies
// become whole seats by D'Hondt's rule, the same number in every iteration; who sits where is chance. Knows no move.

import { createRandom, deriveSeed, type Random } from "../../core/index.ts";
import type { GameName, GamePrinciple, GameSetup, InteractionKind } from "../../records/index.ts";
import type { TradeSetup } from "./buyer-seller.ts";
import { type FixedPlayer, type FlexiblePlayer, type Level, type Player, seatTypeOf } from "./player.ts";

/** A part of the fixed players. weight: of any size; only their proportions count. */
export type Member = { readonly weight: number } & Pick<FixedPlayer, "policy" | "byUnit" | "manner">;

/** A trade's seats: levels, or "flexible". */
export type Match = { readonly buyer: Level | "flexible"; readonly seller: Level | "flexible" };

/** flexible: share of the seats that learn. match: of a trade, in place of members. */
export type Experiment = {
  readonly name: string;
  readonly members: readonly Member[];
  readonly flexible: number;
  readonly match?: Match;
};

/** What all experiments of a run have in common. resources: kinds of things split at a time. */
export type World = {
  readonly game: GameName;
  readonly interactions: number;
  readonly currencies: readonly string[];
  readonly least: number;
  readonly most: number;
  readonly resources: number;
  readonly variance: number;
  readonly strict: boolean;
  readonly publicGoods: { readonly players: number; readonly multiplier: number };
  readonly trade: Pick<TradeSetup, "rewards" | "costs"> & {
    readonly markup: number;
    readonly levelsBy: "script" | "model";
  };
  readonly fixedBy: "script" | "model";
  readonly flexibleBy: "script" | "model";
};

/** Whether any seat of an experiment learns. */
export const learns = ({ flexible, match }: Pick<Experiment, "flexible" | "match">): boolean =>
  match === undefined ? flexible > 0 : match.buyer === "flexible" || match.seller === "flexible";

/** A game to be played; players: by seat. */
export type Interaction = {
  readonly setup: GameSetup;
  readonly players: readonly Player[];
  readonly kind: InteractionKind;
};

/**
 * So many seats divided by weights (D'Hondt): one after the other goes to whoever has most weight for each seat that it
 * would then hold. Ties go to the greater weight, then to chance.
 */
export const apportion = (weights: readonly number[], seats: number, random: Random): number[] => {
  const held = weights.map(() => 0);
  const chance = random.order(weights.length);
  for (let seat = 0; seat < seats; seat++) {
    const worth = (at: number): number => weights[at]! / (held[at]! + 1);
    const [best] = weights
      .map((_, at) => at)
      .sort((one, other) => {
        const gap = worth(other) - worth(one);
        if (Math.abs(gap) > 1e-9) return gap;
        return weights[other]! - weights[one]! || chance[one]! - chance[other]!;
      });
    held[best!] = held[best!]! + 1;
  }
  return held;
};

/** So many fixed players of a group, in chance order. */
const fixedPlayers = (
  members: readonly Member[],
  count: number,
  world: World,
  random: Random,
): FixedPlayer[] => {
  const { variance, strict, fixedBy: by } = world;
  const seats = apportion(
    members.map(({ weight }) => weight),
    count,
    random,
  );
  const players = members.flatMap(({ weight: _, ...member }, at) =>
    Array.from(
      { length: seats[at]! },
      (): FixedPlayer => ({ type: "fixed", ...member, variance, strict, by }),
    ),
  );
  return random.shuffle(players);
};

/** A side of so many seats, some of them flexible, in chance order. */
const drawSide = (
  { members }: Experiment,
  size: number,
  flexible: number,
  player: FlexiblePlayer,
  world: World,
  random: Random,
): Player[] =>
  random.shuffle<Player>([
    ...Array.from({ length: flexible }, () => player),
    ...fixedPlayers(members, size - flexible, world, random),
  ]);

const drawResources = (world: World, count: number, random: Random) => {
  const { currencies, least, most } = world;
  return random
    .shuffle(currencies)
    .slice(0, count)
    .map((unit) => ({ unit, amount: least + random.integer(most - least + 1) }));
};

const kindOf = (players: readonly Player[]): InteractionKind => {
  const flexible = players.filter((player) => seatTypeOf(player) === "flexible").length;
  if (flexible === 0) return "fixed";
  return flexible === players.length ? "flexible" : "mixed";
};

/** Seats of an iteration, over all its games. */
export const seatsOf = ({ game, interactions, publicGoods }: World): number =>
  interactions * (game === "public-goods" ? publicGoods.players : 2);

/** How many of them learn. */
export const flexibleSeatsOf = (world: World, share: number): number => Math.round(seatsOf(world) * share);

const drawTrades = (
  { match }: Experiment,
  player: FlexiblePlayer,
  world: World,
  random: Random,
): Interaction[] => {
  const { rewards, costs, markup, levelsBy: by } = world.trade;
  const seat = (who: Level | "flexible" | undefined): Player =>
    who === undefined || who === "flexible"
      ? { ...player, markup }
      : { type: "trading", level: who, markup, by };
  const players = [seat(match?.buyer), seat(match?.seller)];
  // Which of the items is the wanted one is chance, so that nobody learns its letter.
  const turned = random.integer(2) === 1;
  const turn = ([one, other]: readonly [number, number]): [number, number] =>
    turned ? [other, one] : [one, other];
  const setup: TradeSetup = {
    type: "trade",
    rewards: turn(rewards),
    costs: turn(costs),
    total: costs[0] + costs[1],
  };
  return [{ setup, players, kind: kindOf(players) }];
};

const drawSplits = (
  experiment: Experiment,
  player: FlexiblePlayer,
  world: World,
  random: Random,
): Interaction[] => {
  const { interactions, game } = world;
  const resources = drawResources(world, world.resources, random);
  const power = game === "dictator" ? "dictator" : "ultimatum";
  const flexible = flexibleSeatsOf(world, experiment.flexible);
  // The odd flexible seat is on either side by chance.
  const proposing = Math.floor((flexible + random.integer(2)) / 2);
  const side = (count: number): Player[] => drawSide(experiment, interactions, count, player, world, random);
  const [proposers, deciders] = [side(proposing), side(flexible - proposing)];
  return proposers.map((one, at) => {
    const players = [one, deciders[at]!];
    return { setup: { type: "split", power, resources }, players, kind: kindOf(players) };
  });
};

const drawPots = (
  experiment: Experiment,
  player: FlexiblePlayer,
  world: World,
  random: Random,
): Interaction[] => {
  const { interactions, publicGoods } = world;
  const [endowment] = drawResources(world, 1, random);
  const flexible = flexibleSeatsOf(world, experiment.flexible);
  const all = drawSide(experiment, seatsOf(world), flexible, player, world, random);
  return Array.from({ length: interactions }, (_, at): Interaction => {
    const players = all.slice(at * publicGoods.players, (at + 1) * publicGoods.players);
    return {
      setup: { type: "public-goods", endowment: endowment!, ...publicGoods },
      players,
      kind: kindOf(players),
    };
  });
};

/** How many games an iteration of an experiment has. */
export const gamesOf = ({ game, interactions }: World): number =>
  game === "buyer-seller" ? 1 : interactions;

/**
 * The games of one iteration. The amount is the same in all of them. principle: what flexible players follow now; prior:
 * what they began with.
 */
export const drawInteractions = (
  experiment: Experiment,
  world: World,
  { principle, prior }: { readonly principle: GamePrinciple; readonly prior: GamePrinciple },
  seed: number,
): Interaction[] => {
  const random = createRandom(deriveSeed(seed, "who meets whom"));
  const player: FlexiblePlayer = { type: "flexible", principle, prior, by: world.flexibleBy };
  if (world.game === "buyer-seller") return drawTrades(experiment, player, world, random);
  return world.game === "public-goods"
    ? drawPots(experiment, player, world, random)
    : drawSplits(experiment, player, world, random);
};
