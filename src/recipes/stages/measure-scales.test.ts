// Scales hold what games can pay, so that an interval never ends below its own mean.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addValue, noValues, studentMean } from "../../evaluation/index.ts";
import type { GameSetup } from "../../records/index.ts";
import { advance, type GameState, rulesOf } from "../../simulation/index.ts";
import { gameScales } from "./measure-scales.ts";

const resource = fc.record({ unit: fc.constant("dollars"), amount: fc.integer({ min: 1, max: 8 }) });
const split = (power: "ultimatum" | "dictator"): fc.Arbitrary<GameSetup> =>
  fc.record({
    ...{ type: fc.constant("split" as const), power: fc.constant(power) },
    resources: fc.array(resource, { minLength: 1, maxLength: 2 }),
  });
const points = fc.tuple(fc.nat(10), fc.nat(10));

const setups: Readonly<Record<string, fc.Arbitrary<GameSetup>>> = {
  ultimatum: split("ultimatum"),
  dictator: split("dictator"),
  "public-goods": fc.record({
    type: fc.constant("public-goods" as const),
    players: fc.integer({ min: 2, max: 5 }),
    endowment: resource,
    multiplier: fc.double({ min: 0.5, max: 4, noNaN: true }),
  }),
  "buyer-seller": fc.record({
    ...{ type: fc.constant("trade" as const), rewards: points, costs: points },
    total: fc.integer({ min: 1, max: 10 }),
  }),
};

/** What every seat is paid by a game whose moves are chosen by these numbers. */
const payoffs = (setup: GameSetup, choices: readonly number[]): readonly number[] => {
  const rules = rulesOf(setup);
  let state: GameState = { setup, moves: [] };
  for (let at = 0; rules.turn(state).length > 0; at++) {
    const moves = rules.turn(state).map((seat, index) => {
      const legal = [...rules.legalMoves(state, seat)];
      const move = legal[choices[(at + index) % choices.length]! % legal.length]!;
      return { seat, move, state: "made" as const };
    });
    state = advance(rules, state, moves);
  }
  return rules.payoffs(state)!;
};

describe("the scale of income", () => {
  it.each(Object.entries(setups))(
    "of %s holds whatever a game pays, and its intervals their means",
    (game, setup) => {
      const scale = gameScales(game)("income")!;
      const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });
      const played = fc.array(fc.tuple(setup, choices), { minLength: 2, maxLength: 6 });
      fc.assert(
        fc.property(played, (games) => {
          const values = noValues();
          for (const [one, chosen] of games)
            for (const paid of payoffs(one, chosen)) {
              expect(paid).toBeGreaterThanOrEqual(scale.low - 1e-9);
              expect(paid).toBeLessThanOrEqual(scale.high + 1e-9);
              addValue(values, paid);
            }
          const { value, low, high } = studentMean(values, scale);
          expect(low!).toBeLessThanOrEqual(value! + 1e-9);
          expect(high!).toBeGreaterThanOrEqual(value! - 1e-9);
        }),
      );
    },
  );
});
