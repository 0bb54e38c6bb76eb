// The rules of all games, over random setups and random play: what is legal is exactly what is listed, states are plain
// data, payoffs add up, and a missing move leaves no payoff.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GameSetup, type Move, setupSchema } from "../../records/index.ts";
import { advance, type GameState } from "./game.ts";
import { rulesOf } from "./rules.ts";

const resource = fc.record({
  unit: fc.constantFrom("dollars", "apples"),
  amount: fc.integer({ min: 1, max: 8 }),
});

const setups: fc.Arbitrary<GameSetup> = fc.oneof(
  fc.record({
    type: fc.constant("split" as const),
    power: fc.constantFrom("ultimatum" as const, "dictator" as const),
    resources: fc.array(resource, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    type: fc.constant("public-goods" as const),
    players: fc.integer({ min: 2, max: 5 }),
    endowment: resource,
    multiplier: fc.constantFrom(0.5, 1.6, 2),
  }),
  fc.record({
    type: fc.constant("trade" as const),
    rewards: fc.tuple(fc.nat(10), fc.nat(10)),
    costs: fc.tuple(fc.nat(10), fc.nat(10)),
    total: fc.integer({ min: 1, max: 10 }),
  }),
);

const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    type: fc.constant("offer" as const),
    given: fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant("decision" as const), accepts: fc.boolean() }),
  fc.record({ type: fc.constant("contribution" as const), units: fc.integer({ min: -1, max: 9 }) }),
  fc.record({ type: fc.constant("pick" as const), item: fc.constantFrom(0 as const, 1 as const) }),
  fc.record({
    type: fc.constant("prices" as const),
    prices: fc.tuple(fc.integer({ min: -2, max: 11 }), fc.integer({ min: -2, max: 11 })),
  }),
);

/** Plays a game with the choices of a list of numbers; all states on the way. */
const playBy = (setup: GameSetup, choices: readonly number[]): GameState[] => {
  const rules = rulesOf(setup);
  const states: GameState[] = [{ setup, moves: [] }];
  for (let at = 0; ; at++) {
    const state = states.at(-1)!;
    const turn = rules.turn(state);
    if (turn.length === 0) return states;
    const made = turn.map((seat, index) => {
      const legal = [...rules.legalMoves(state, seat)];
      const move = legal[choices[(at + index) % choices.length]! % legal.length]!;
      return { seat, move, state: "made" as const };
    });
    states.push(advance(rules, state, made));
  }
};

const choices = fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 });

describe("rules of games", () => {
  it("list exactly the moves that are legal, for seats that are to move", () => {
    fc.assert(
      fc.property(setups, choices, moves, fc.nat(5), (setup, chosen, move, seat) => {
        for (const state of playBy(setup, chosen)) {
          const legal = [...rulesOf(setup).legalMoves(state, seat)];
          expect(rulesOf(setup).isLegal(state, seat, move)).toBe(
            legal.some((one) => JSON.stringify(one) === JSON.stringify(move)),
          );
          if (!rulesOf(setup).turn(state).includes(seat)) expect(legal).toEqual([]);
        }
      }),
    );
  });

  it("end every game, with payoffs at the end and nowhere before, and states that JSON holds", () => {
    fc.assert(
      fc.property(setups, choices, (setup, chosen) => {
        const states = playBy(setup, chosen);
        const payoffs = states.map((state) => rulesOf(setup).payoffs(JSON.parse(JSON.stringify(state))));
        expect(payoffs.slice(0, -1).every((one) => one === null)).toBe(true);
        expect(payoffs.at(-1)).toHaveLength(rulesOf(setup).roles(setup).length);
        expect(setupSchema.parse(setup)).toEqual(setup);
      }),
    );
  });

  it("share out what there is: a split sums to 1 or to nothing, a pot to what it was multiplied to", () => {
    fc.assert(
      fc.property(setups, choices, (setup, chosen) => {
        const end = playBy(setup, chosen).at(-1)!;
        const sum = rulesOf(setup)
          .payoffs(end)!
          .reduce((total, one) => total + one, 0);
        const last = end.moves.at(-1)!.move;
        if (setup.type === "split")
          expect(sum).toBeCloseTo(last?.type === "decision" && !last.accepts ? 0 : 1, 10);
        if (setup.type === "public-goods") {
          const given = end.moves.reduce(
            (total, { move }) => total + (move?.type === "contribution" ? move.units : 0),
            0,
          );
          const made = setup.players * setup.endowment.amount + (setup.multiplier - 1) * given;
          expect(sum * setup.endowment.amount).toBeCloseTo(made, 8);
        }
      }),
    );
  });

  it("leave a game without payoffs when a move is missing, and nobody moves after it", () => {
    fc.assert(
      fc.property(setups, choices, fc.nat(3), (setup, chosen, where) => {
        const states = playBy(setup, chosen);
        const state = states[where % (states.length - 1)]!;
        const rules = rulesOf(setup);
        const missing = rules.turn(state).map((seat) => ({ seat, move: null, state: "missing" as const }));
        const ended = advance(rules, state, missing);
        expect([rules.turn(ended), rules.payoffs(ended)]).toEqual([[], null]);
      }),
    );
  });

  it("refuse moves out of turn and illegal ones", () => {
    const setup: GameSetup = {
      type: "split",
      power: "ultimatum",
      resources: [{ unit: "dollars", amount: 10 }],
    };
    const start: GameState = { setup, moves: [] };
    const give = (given: number, seat = 0) => [
      { seat, move: { type: "offer" as const, given: [given] }, state: "made" as const },
    ];
    expect(() => advance(rulesOf(setup), start, give(11))).toThrow("expected one legal move");
    expect(() => advance(rulesOf(setup), start, give(5, 1))).toThrow("expected one legal move");
    expect(() => advance(rulesOf(setup), start, [...give(5), ...give(5)])).toThrow("expected one legal move");
    const { moves: made } = advance(rulesOf(setup), start, give(5));
    expect(made).toHaveLength(1);
  });

  it("hide rewards from the seller, and what others give from those who give", () => {
    const trade: GameSetup = { type: "trade", rewards: [0, 10], costs: [1, 9], total: 10 };
    const picked = playBy(trade, [1])[1]!;
    expect(JSON.stringify(rulesOf(trade).view(picked, 1))).not.toContain("rewards");
    const pot: GameSetup = {
      type: "public-goods",
      players: 3,
      endowment: { unit: "dollars", amount: 5 },
      multiplier: 2,
    };
    expect(rulesOf(pot).turn({ setup: pot, moves: [] })).toEqual([0, 1, 2]);
  });
});
