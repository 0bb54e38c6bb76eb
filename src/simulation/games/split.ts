// Splits of one or several resources: the proposer says how much of each the other gets. In the ultimatum game the other
// accepts, or both get nothing; a dictator is not asked. One shot, whole units. Payoffs are shares of what there was.

import type { GameSetup, Move } from "../../records/index.ts";
import { type Game, type GameState, isVoid, movesOf } from "./game.ts";

export type SplitSetup = Extract<GameSetup, { type: "split" }>;

export const proposer = 0;
export const decider = 1;

/** All ways to give of some resources, from nothing to everything, the last resource changing fastest. */
function* allGifts(amounts: readonly number[]): Generator<readonly number[]> {
  const [first, ...rest] = amounts;
  if (first === undefined) yield [];
  else
    for (let given = 0; given <= first; given++)
      for (const others of allGifts(rest)) yield [given, ...others];
}

function* splitMoves(state: GameState<SplitSetup>, seat: number): Generator<Move> {
  if (!split.turn(state).includes(seat)) return;
  if (seat === decider) yield* [true, false].map((accepts): Move => ({ type: "decision", accepts }));
  else
    for (const given of allGifts(state.setup.resources.map(({ amount }) => amount)))
      yield { type: "offer", given: [...given] };
}

const isOffer = ({ resources }: SplitSetup, move: Move): boolean =>
  move.type === "offer" &&
  move.given.length === resources.length &&
  move.given.every((given, at) => Number.isInteger(given) && given >= 0 && given <= resources[at]!.amount);

/** Share of the resources that is given, each resource counting alike. */
export const shareGiven = (setup: Pick<SplitSetup, "resources">, given: readonly number[]): number =>
  setup.resources.reduce((sum, { amount }, at) => sum + given[at]! / amount, 0) / setup.resources.length;

/** The rules of ultimatum and dictator; seat 0 proposes, seat 1 decides. */
export const split: Game<SplitSetup> = {
  roles: () => ["proposer", "decider"],
  turn(state) {
    if (isVoid(state)) return [];
    if (state.moves.length === 0) return [proposer];
    return state.moves.length === 1 && state.setup.power === "ultimatum" ? [decider] : [];
  },
  view(state, seat) {
    const { power, resources } = state.setup;
    const [offer] = movesOf(state);
    if (seat === proposer || offer?.type !== "offer") return { type: "propose", power, resources };
    return { type: "decide", resources, given: offer.given };
  },
  isLegal: (state, seat, move) =>
    split.turn(state).includes(seat) &&
    (seat === decider ? move.type === "decision" : isOffer(state.setup, move)),
  legalMoves: splitMoves,
  payoffs(state) {
    const [offer, decision] = movesOf(state);
    if (split.turn(state).length > 0 || offer?.type !== "offer" || isVoid(state)) return null;
    if (decision?.type === "decision" && !decision.accepts) return [0, 0];
    const given = shareGiven(state.setup, offer.given);
    return [1 - given, given];
  },
};
