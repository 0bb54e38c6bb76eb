// What a game is: its state, whose move it is, what that seat may see, which moves are legal, and how it ends. A state is
// the setup with the moves so far, so it is plain data, and the same moves lead to the same end. Knows no player, no
// chance and no text.

import { CovenantError } from "../../core/index.ts";
import type { GameSetup, Move, Resource, SeatMove } from "../../records/index.ts";

export type GameState<Setup extends GameSetup = GameSetup> = {
  readonly setup: Setup;
  readonly moves: readonly SeatMove[];
};

/** What a seat may see when it is to move; nothing else of the state reaches a player. */
export type View =
  | {
      readonly type: "propose";
      readonly power: "ultimatum" | "dictator";
      readonly resources: readonly Resource[];
    }
  | { readonly type: "decide"; readonly resources: readonly Resource[]; readonly given: readonly number[] }
  | {
      readonly type: "contribute";
      readonly endowment: Resource;
      readonly players: number;
      readonly multiplier: number;
    }
  | {
      readonly type: "pick";
      readonly rewards: readonly [number, number];
      readonly prices: readonly [number, number];
      readonly last: boolean;
    }
  | {
      readonly type: "price";
      readonly costs: readonly [number, number];
      readonly total: number;
      readonly picked: 0 | 1;
    };

/**
 * The rules of a game. turn: the seats that move now, all at once without seeing each other; none when it is over.
 * legalMoves: all of them, in order. payoffs: null while the game goes on, and for good when a move is missing.
 */
export type Game<Setup extends GameSetup = GameSetup> = {
  roles(setup: Setup): readonly string[];
  turn(state: GameState<Setup>): readonly number[];
  view(state: GameState<Setup>, seat: number): View;
  isLegal(state: GameState<Setup>, seat: number, move: Move): boolean;
  legalMoves(state: GameState<Setup>, seat: number): Iterable<Move>;
  payoffs(state: GameState<Setup>): readonly number[] | null;
};

/** Whether a move is missing, which ends any game. */
export const isVoid = ({ moves }: GameState): boolean => moves.some(({ move }) => move === null);

/** The moves of a state as moves; those before a missing one. */
export const movesOf = ({ moves }: GameState): readonly Move[] =>
  moves.flatMap(({ move }) => (move === null ? [] : [move]));

/**
 * The state after the moves of one turn. Throws CovenantError for a seat that is not to move or moves twice, and for an
 * illegal move.
 */
export const advance = <Setup extends GameSetup>(
  game: Game<Setup>,
  state: GameState<Setup>,
  made: readonly SeatMove[],
): GameState<Setup> => {
  const turn = game.turn(state);
  const seats = new Set(made.map(({ seat }) => seat));
  const isTurn =
    seats.size === turn.length && made.length === turn.length && turn.every((seat) => seats.has(seat));
  const isLegal = made.every(({ seat, move }) => move === null || game.isLegal(state, seat, move));
  if (turn.length > 0 && isTurn && isLegal) return { ...state, moves: [...state.moves, ...made] };
  throw new CovenantError(
    "move-illegal",
    `Got ${JSON.stringify(made)}; expected one legal move of each of the seats ${turn.join(", ") || "(none)"}.`,
  );
};
