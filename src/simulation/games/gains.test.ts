// What a learner in the brief wording is shown: of its own gain what fixed players took and refused, of a trade what its own seat
// saw and no more.

import { describe, expect, it } from "vitest";
import type { SeatType } from "../../records/index.ts";
import { learningTurns } from "./learner.ts";
import { learnerPrompts } from "./learner-prompts.ts";
import { type Observation, observe } from "./observation.ts";
import { strategyPrinciple } from "./trade-wording.ts";

const split = (proposer: SeatType, decider: SeatType | null, given: number, accepts = true): Observation => ({
  kind: "mixed",
  setup: {
    ...{ type: "split", power: decider === null ? "dictator" : "ultimatum" },
    resources: [{ unit: "dollars", amount: 10 }],
  },
  seats: [proposer, decider ?? "fixed"],
  moves: [
    { seat: 0, move: { type: "offer", given: [given] }, state: "made" },
    ...(decider === null ? [] : [{ seat: 1, move: { type: "decision", accepts }, state: "made" } as const]),
  ],
});

const shown = (observations: readonly Observation[]): string[] => {
  const task = { seed: 1, principle: { text: "Share evenly." }, variant: "own-gain" as const };
  const [, , ...lines] = learningTurns({ ...task, observations }, learnerPrompts.brief)[0]!.content.split(
    "\n",
  );
  return lines.slice(0, -2);
};

describe("plays of which the own gain is learned", () => {
  it("are those about which fixed players decided, of flexible players first, at most eight", () => {
    const fixed = Array.from({ length: 9 }, () => split("fixed", "fixed", 5));
    expect(shown([...fixed, split("flexible", "flexible", 2), split("flexible", "fixed", 1, false)])).toEqual(
      [
        "flexible kept 9 and gave 1 dollars, refused by fixed",
        ...Array.from({ length: 7 }, () => "fixed kept 5 and gave 5 dollars, accepted by fixed"),
      ],
    );
  });

  it("are all where fixed players decide about none, or nobody does", () => {
    expect(shown([split("fixed", "flexible", 5), split("flexible", null, 0)])).toEqual([
      "flexible kept 10 and gave 0 dollars",
      "fixed kept 5 and gave 5 dollars, accepted by flexible",
    ]);
    expect(shown([])).toEqual(["(nothing)"]);
  });
});

describe("rounds of trade of which a strategy is learned", () => {
  const round = (flexible: "buyer" | "seller", prices: [number, number], last: 0 | 1): string => {
    const game = observe({
      ...{ kind: "mixed", setup: { type: "trade", rewards: [0, 10], costs: [1, 9], total: 10 } },
      seats: (["buyer", "seller"] as const).map((role) => ({
        type: role === flexible ? "flexible" : "fixed",
      })),
      moves: [
        { seat: 0, move: { type: "pick", item: 1 }, state: "made" },
        { seat: 1, move: { type: "prices", prices }, state: "made" },
        { seat: 0, move: { type: "pick", item: last }, state: "made" },
      ],
    });
    const principle = strategyPrinciple("honest");
    const task = { seed: 1, principle, observations: [game], variant: "imitation" as const };
    return learningTurns(task, learnerPrompts.brief)[0]!.content;
  };

  it("tell a seller both picks, and a buyer what the first one became and what a feint costs", () => {
    expect(round("seller", [4, 6], 1)).toBe(
      "Principle so far: Pick what you want at once.\nWhat the seller saw:\nThe buyer picked item B, and then item B again.\nWrite the principle that brings the seller most.\nPrinciple: ...",
    );
    expect(round("seller", [4, 6], 0)).toContain("picked item B, and then item A instead.");
    expect(round("buyer", [4, 6], 1)).toContain(
      "What the buyer saw:\nThe first pick became 2 dearer than the other. A feint costs 2.\n",
    );
    expect(round("buyer", [6, 4], 1)).toContain("became 2 cheaper than the other");
    expect(round("buyer", [5, 5], 1)).toContain("became as dear as the other");
  });
});
