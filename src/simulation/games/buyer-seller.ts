// Buyer and seller, a game of what one thinks that the other thinks: the buyer picks one of two items at first prices; the
// seller, who does not know the rewards, sees the pick and sets both prices anew; the buyer picks again. The buyer's
// points are reward less price of both picks, the seller's the price of the second.

import type { GameSetup, Move } from "../../records/index.ts";
import { type Game, type GameState, isVoid, movesOf } from "./game.ts";

export type TradeSetup = Extract<GameSetup, { type: "trade" }>;

export const buyer = 0;
export const seller = 1;

type Item = 0 | 1;

/** The item that is not this one. */
export const otherItem = (item: Item): Item => (item === 0 ? 1 : 0);

const readTrade = (state: GameState<TradeSetup>) => {
  const [first, reset, last] = movesOf(state);
  return {
    first: first?.type === "pick" ? first.item : null,
    prices: reset?.type === "prices" ? reset.prices : null,
    last: last?.type === "pick" ? last.item : null,
  };
};

function* tradeMoves(state: GameState<TradeSetup>, seat: number): Generator<Move> {
  if (!trade.turn(state).includes(seat)) return;
  if (seat === buyer) yield* ([0, 1] as const).map((item): Move => ({ type: "pick", item }));
  else
    for (let price = 0; price <= state.setup.total; price++)
      yield { type: "prices", prices: [price, state.setup.total - price] };
}

const isPriceList = ({ total }: TradeSetup, move: Move): boolean =>
  move.type === "prices" &&
  move.prices.every((price) => Number.isInteger(price) && price >= 0) &&
  move.prices[0] + move.prices[1] === total;

/** The rules of buyer and seller; seat 0 buys, seat 1 sells. */
export const trade: Game<TradeSetup> = {
  roles: () => ["buyer", "seller"],
  turn(state) {
    if (isVoid(state) || state.moves.length >= 3) return [];
    return [state.moves.length === 1 ? seller : buyer];
  },
  view(state, seat) {
    const { rewards, costs, total } = state.setup;
    const { first, prices } = readTrade(state);
    if (seat === seller) return { type: "price", costs, total, picked: first ?? 0 };
    return { type: "pick", rewards, prices: prices ?? costs, last: prices !== null };
  },
  isLegal: (state, seat, move) =>
    trade.turn(state).includes(seat) &&
    (seat === buyer ? move.type === "pick" : isPriceList(state.setup, move)),
  legalMoves: tradeMoves,
  payoffs(state) {
    const { rewards, costs } = state.setup;
    const { first, prices, last } = readTrade(state);
    if (first === null || prices === null || last === null) return null;
    return [rewards[first] - costs[first] + rewards[last] - prices[last], prices[last]];
  },
};
