// The public goods game: all players at once give some of their endowment into a pot, which is multiplied and shared
// evenly among all, whatever they gave. Payoffs are in endowments, so above 1 where giving pays.

import type { GameSetup } from "../../records/index.ts";
import { type Game, isVoid, movesOf } from "./game.ts";

export type PublicGoodsSetup = Extract<GameSetup, { type: "public-goods" }>;

const seatsOf = (count: number): number[] => Array.from({ length: count }, (_, seat) => seat);

/** The rules of the public goods game. */
export const publicGoods: Game<PublicGoodsSetup> = {
  roles: ({ players }) => seatsOf(players).map(() => "contributor"),
  turn: ({ setup, moves }) => (moves.length === 0 ? seatsOf(setup.players) : []),
  view: ({ setup: { endowment, players, multiplier } }) => ({
    type: "contribute",
    endowment,
    players,
    multiplier,
  }),
  isLegal: (state, seat, move) =>
    publicGoods.turn(state).includes(seat) &&
    move.type === "contribution" &&
    Number.isInteger(move.units) &&
    move.units >= 0 &&
    move.units <= state.setup.endowment.amount,
  *legalMoves(state, seat) {
    if (!publicGoods.turn(state).includes(seat)) return;
    for (let units = 0; units <= state.setup.endowment.amount; units++) yield { type: "contribution", units };
  },
  payoffs(state) {
    if (state.moves.length === 0 || isVoid(state)) return null;
    const { endowment, multiplier, players } = state.setup;
    const given = movesOf(state).map((move) => (move.type === "contribution" ? move.units : 0));
    const back = (multiplier * given.reduce((sum, units) => sum + units, 0)) / players;
    return given.map((units) => (endowment.amount - units + back) / endowment.amount);
  },
};
