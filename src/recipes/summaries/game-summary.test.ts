// What is said of moves that were none.

import { describe, expect, it } from "vitest";
import type { GameRecord } from "../../records/index.ts";
import { addGame, type Measures } from "../../simulation/index.ts";
import { describeGames } from "./game-summary.ts";

const game: GameRecord = {
  ...{
    id: "a",
    parents: [],
    stage: "iteration-1",
    seed: 1,
    experiment: "fair-10",
    repetition: 0,
    iteration: 1,
  },
  ...{ game: "ultimatum", kind: "fixed", seats: [{ type: "fixed" }, { type: "fixed" }], payoffs: null },
  setup: { type: "split", power: "ultimatum", resources: [{ unit: "dollars", amount: 10 }] },
  moves: [
    { seat: 0, move: { type: "offer", given: [5] }, state: "made" },
    { seat: 1, move: null, state: "unparseable", fault: "decision-missing", text: "Hm." },
  ],
};

describe("moves that could not be read", () => {
  it("are told as what they are: their games pay nobody, and offers in them count", () => {
    const measures: Measures = new Map();
    addGame(measures, game);
    const { given, income, moves } = measures.get("fixed")!;
    expect([given, income]).toEqual([
      { total: 0.5, n: 1 },
      { total: 0, n: 0 },
    ]);
    const told = { figures: [], probes: [], principles: [], moves };
    expect(describeGames(told, { game: "ultimatum", iterations: 1, repetitions: 1 }).at(-1)).toBe(
      "2 moves: 1 that could not be read; those games pay nobody, and what could be read in them still counts as given.",
    );
  });
});
