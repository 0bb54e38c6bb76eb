// The best step of a training: of all looks the first of the best, whatever lies between them, and how it is told.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StepRecord } from "../../records/index.ts";
import {
  type BestBy,
  bestStepOf,
  describeBest,
  isBetter,
  leastLoss,
  lookOf,
  mostOfPpo,
  noteLooks,
} from "./best-step.ts";

const stepsOf = (by: BestBy, values: readonly (number | null)[]): StepRecord[] =>
  values.map((value, step) => ({
    ...{ id: `rl/step-${step}`, parents: [], stage: "rl", seed: step, step },
    metrics: { other: 1, ...(value === null ? {} : { [by.metric]: value }) },
  }));

describe("the best step", () => {
  it("is the first look with the lowest loss or the highest objective, whatever lies between looks", () => {
    const look = fc.option(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(Number.NaN)));
    const values = fc.array(look, { maxLength: 12 });
    fc.assert(
      fc.property(values, fc.constantFrom(leastLoss, mostOfPpo), (looks, by) => {
        const told = looks.filter((value): value is number => value !== null && !Number.isNaN(value));
        const value = by === leastLoss ? Math.min(...told) : Math.max(...told);
        const wanted = told.length === 0 ? undefined : { step: looks.indexOf(value), value };
        const best = bestStepOf(stepsOf(by, looks), by);
        expect(best === null ? undefined : { step: best.step, value: best.value }).toEqual(wanted);
        // and the one whose weights are kept, where better ones alone take the place of those before
        let kept: { step: number; value: number } | undefined;
        for (const { step, metrics } of stepsOf(by, looks)) {
          const found = lookOf(metrics, by);
          if (found !== undefined && isBetter(by, found, kept?.value)) kept = { step, value: found };
        }
        expect(kept).toEqual(wanted);
      }),
    );
  });

  it("names its record, its metric and the other looks", () => {
    const best = bestStepOf(stepsOf(mostOfPpo, [null, 0.4, null, 0.6, null, 0.5]), mostOfPpo);
    expect(best).toEqual({
      ...{ id: "rl/best", parents: ["rl/step-3"], stage: "rl", seed: 3, step: 3 },
      ...{ metric: "eval_objective/rlhf_reward", wanted: "most", value: 0.6, last: 0.5, looks: 3 },
    });
    expect(describeBest(best!, 6)).toBe(
      "the weights behind step 4 of 6: the objective on the prompts kept out was 0.600, the highest of 3 looks (0.500 at last)",
    );
    const loss = bestStepOf(stepsOf(leastLoss, [0.4]), leastLoss)!;
    expect(describeBest(loss, 1)).toBe(
      "the weights behind step 1 of 1: the loss on the rows kept out was 0.400, at the only look",
    );
  });

  it("is told on the way by the last look", () => {
    const note = noteLooks(mostOfPpo);
    const said = stepsOf(mostOfPpo, [null, 0.4, null, 0.6]).map(({ metrics }) => note(metrics));
    expect(said).toEqual(["", ", kept out 0.400", ", kept out 0.400", ", kept out 0.600"]);
  });
});
