// The order of training depends on seed and step alone, and every epoch sees every row once.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rowsOfStep, stepsOf } from "./epochs.ts";

describe("the rows of a step", () => {
  it("are every row once in each epoch, in another order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        (rows, batch, epochs, seed) => {
          const options = { rows, batch, epochs, seed };
          const steps = stepsOf(options);
          expect(steps).toBe(Math.ceil(rows / batch) * epochs);
          const all = Array.from({ length: steps }, (_, step) => rowsOfStep(options, step));
          for (const chosen of all) expect(chosen.length).toBeGreaterThan(0);
          for (let epoch = 0; epoch < epochs; epoch++) {
            const perEpoch = steps / epochs;
            const seen = all.slice(epoch * perEpoch, (epoch + 1) * perEpoch).flat();
            expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, row) => row));
          }
        },
      ),
    );
  });

  it("follow the seed", () => {
    const options = { rows: 40, batch: 40, epochs: 2, seed: 1 };
    expect(rowsOfStep(options, 0)).toEqual(rowsOfStep(options, 0));
    expect(rowsOfStep(options, 0)).not.toEqual(rowsOfStep({ ...options, seed: 2 }, 0));
    expect(rowsOfStep(options, 0)).not.toEqual(rowsOfStep(options, 1));
  });
});
