// Forecasts are measured as their definitions say, nothing of a held-out vote reaches a predictor, and the baselines know
// what they should know of planted voters, and no more.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import {
  majorityPredictor,
  measureForecasts,
  measurePredictor,
  neighbourPredictor,
  splitVotes,
  unseen,
  type VoteMatrix,
} from "./index.ts";

const matrixOf = (rows: readonly (readonly number[])[]): VoteMatrix => ({
  voters: rows.map((_, at) => ({ id: `v${at}`, group: null })),
  statements: (rows[0] ?? []).map((_, at) => ({ id: String(at), text: "", moderation: 1, isMeta: false })),
  votes: Int8Array.from(rows.flat()),
});

describe("held-out votes", () => {
  const rows = fc.array(fc.array(fc.constantFrom(-1, 0, 1, unseen), { minLength: 6, maxLength: 6 }), {
    minLength: 1,
    maxLength: 6,
  });

  it("are a share of every voter's, taken out of what is known, whoever else there is", () => {
    fc.assert(
      fc.property(rows, fc.nat(), (votes, seed) => {
        const matrix = matrixOf(votes);
        const { known, heldOut } = splitVotes(matrix, 0.4, seed);
        const back = known.votes.slice();
        for (const { voter, statement, vote } of heldOut) {
          expect(back[voter * 6 + statement]).toBe(unseen);
          back[voter * 6 + statement] = vote;
        }
        expect(back).toEqual(matrix.votes);
        votes.forEach((row, voter) => {
          const seen = row.filter((vote) => vote !== unseen).length;
          expect(heldOut.filter((one) => one.voter === voter)).toHaveLength(Math.floor(0.4 * seen));
        });
        const alone = splitVotes(matrixOf(votes.slice(0, 1)), 0.4, seed).heldOut;
        expect(alone).toEqual(heldOut.filter(({ voter }) => voter === 0));
      }),
    );
  });
});

describe("measures of forecasts", () => {
  const heldOut = [1, 1, -1, 0].map((vote, statement) => ({ voter: 0, statement, vote }));
  const certain = (agree: number, disagree: number) => ({ agree, disagree, pass: 1 - agree - disagree });

  it("are those of the definitions", () => {
    const forecasts = [certain(0.8, 0.1), certain(0.6, 0.3), certain(0.6, 0.4), certain(0.2, 0.2)];
    const { accuracy, balanced, brier, logLoss, calibration, bins, n } = measureForecasts(heldOut, forecasts);
    expect([n, accuracy, balanced]).toEqual([4, 0.75, expect.closeTo(2 / 3, 12)]);
    expect(brier).toBeCloseTo((0.06 + 0.26 + 0.72 + 0.24) / 4, 12);
    expect(logLoss).toBeCloseTo(-Math.log(0.8 * 0.6 * 0.4 * 0.6) / 4, 12);
    // In the bin from 0.6: three forecasts of 0.6, of which two came. In the bin from 0.8: one, which came.
    expect(bins.map(({ n: inside, said, came }) => [inside, said, came])).toEqual([
      [3, expect.closeTo(0.6, 12), expect.closeTo(2 / 3, 12)],
      [1, 0.8, 1],
    ]);
    expect(calibration).toBeCloseTo((3 / 4) * (2 / 3 - 0.6) + (1 / 4) * 0.2, 12);
  });

  it("refuse what is no forecast", () => {
    expect(() => measureForecasts(heldOut, [certain(1, 0)])).toThrow("1 forecasts of 4 votes");
    const wrong = { agree: 0.9, disagree: 0.9, pass: 0.9 };
    expect(() => measureForecasts(heldOut, [wrong, wrong, wrong, wrong])).toThrow("do not sum to 1");
  });
});

describe("baselines", () => {
  const random = createRandom(3);
  /** Two camps of equal size that say the opposite of each other, one vote in ten at random. */
  const camps = matrixOf(
    Array.from({ length: 60 }, (_, voter) =>
      Array.from({ length: 20 }, () => {
        if (random.next() < 0.3) return unseen;
        if (random.next() < 0.1) return random.integer(3) - 1;
        return voter % 2 === 0 ? 1 : -1;
      }),
    ),
  );
  const split = splitVotes(camps, 0.25, 1);

  it("know camps by their neighbours, where the majority knows nothing", async () => {
    const neighbours = await measurePredictor(split, neighbourPredictor(10));
    const majority = await measurePredictor(split, majorityPredictor);
    expect(neighbours.accuracy).toBeGreaterThan(0.88);
    expect(majority.accuracy).toBeLessThan(0.65);
    expect(neighbours.brier).toBeLessThan(majority.brier);
  });

  it("know what everybody says", async () => {
    const alike = matrixOf(Array.from({ length: 200 }, () => [1, -1, 0, 1, -1]));
    for (const predict of [majorityPredictor, neighbourPredictor()]) {
      const { accuracy, logLoss } = await measurePredictor(splitVotes(alike, 0.2, 2), predict);
      expect(accuracy).toBe(1);
      expect(logLoss).toBeLessThan(0.15);
    }
  });

  it("are told nothing of what is held out", () => {
    const votes = camps.votes.slice();
    for (const { voter, statement, vote } of split.heldOut)
      votes[voter * 20 + statement] = vote === 1 ? -1 : 1;
    const turned = splitVotes({ ...camps, votes }, 0.25, 1);
    expect(turned.known).toEqual(split.known);
    expect(turned.heldOut).not.toEqual(split.heldOut);
  });
});
