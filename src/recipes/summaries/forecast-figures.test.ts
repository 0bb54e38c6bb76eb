// Figures of chances: what is the same differs by nothing, what is right beats what is wrong, and intervals are over voters, whose
// votes hang together.

import { describe, expect, it } from "vitest";
import type { VoteForecast } from "../../simulation/index.ts";
import { forecastFigures, type ToldVote } from "./forecast-figures.ts";

const sure: VoteForecast = { agree: 1, disagree: 0, pass: 0 };
const wrong: VoteForecast = { agree: 0, disagree: 1, pass: 0 };

/** So many voters of so many votes each, who all agree. right: whether the model is right about a voter. */
const told = (voters: number, votes: number, right: (voter: number) => boolean): ToldVote[] =>
  Array.from({ length: voters * votes }, (_, at) => {
    const voter = Math.floor(at / votes);
    const model = right(voter) ? sure : wrong;
    return {
      ...{ voter, statement: at % votes, vote: 1, group: voter % 2 === 0 ? "even" : null },
      said: { model, majority: sure, neighbours: wrong },
    };
  });

describe("figures of chances", () => {
  it("say better, worse, or neither, and whether intervals overlap", () => {
    const { differences, predictors } = forecastFigures(
      told(20, 3, () => true),
      [],
      1,
    );
    expect(predictors.model).toMatchObject({ n: 60, accuracy: 1, low: 1, high: 1, brier: 0 });
    expect(differences.majority.accuracy).toEqual({
      ...{ value: 0, low: 0, high: 0, verdict: "undecided", overlap: true },
    });
    expect(differences.neighbours.accuracy).toMatchObject({ value: 1, verdict: "better", overlap: false });
    expect(differences.neighbours.brier).toMatchObject({ value: -2, verdict: "better", overlap: false });
    const missed = forecastFigures(
      told(20, 3, () => false),
      [],
      1,
    ).differences.majority;
    expect([missed.accuracy.verdict, missed.brier.verdict, missed.logLoss.verdict]).toEqual(
      Array(3).fill("worse"),
    );
  });

  it("draw voters, not votes: many votes of the same voters make no interval narrower", () => {
    const widthOf = (votes: number): number => {
      const { low, high } = forecastFigures(
        told(16, votes, (voter) => voter < 8),
        [],
        1,
      ).predictors.model;
      return high - low;
    };
    expect(widthOf(20)).toBeCloseTo(widthOf(1), 6);
    expect(widthOf(1)).toBeGreaterThan(0.3);
  });

  it("tell groups by themselves, in their order, and voters of none last", () => {
    const { groups } = forecastFigures(
      told(10, 2, (voter) => voter % 2 === 0),
      ["empty", "even"],
      1,
    );
    expect(groups.map(({ id, voters, votes }) => [id, voters, votes])).toEqual([
      ["even", 5, 10],
      [null, 5, 10],
    ]);
    expect(groups.map(({ accuracy }) => accuracy.model.value)).toEqual([1, 0]);
  });
});
