// The rules of every game by its setup, so that whoever plays need not know which game it is.
// What a game is, game.ts says; each has a file of its own.

import type { GameSetup } from "../../records/index.ts";
import { trade } from "./buyer-seller.ts";
import type { Game } from "./game.ts";
import { publicGoods } from "./public-goods.ts";
import { split } from "./split.ts";

const games = { split, "public-goods": publicGoods, trade } as const;

/** The rules of a setup's game. */
export const rulesOf = ({ type }: GameSetup): Game => games[type];
