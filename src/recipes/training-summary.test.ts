import { describe, expect, it } from "vitest";
import { describeTraining } from "./training-summary.ts";

describe("the end of a training", () => {
  it("says rows, steps, time, where figures began and came to, and what was told of rows", () => {
    const told = ["1 of 33 rows is longer than 96 tokens and was left out: rows.jsonl, line 4 (120 tokens)."];
    const figures = {
      loss: { first: 2.5, last: 0.75 },
      eval_loss: { first: 2.4, last: 1.05 },
      "rewards/margins": { first: 0, last: -0.00001 },
    };
    const lines = describeTraining(
      { steps: 6, seconds: 208.6, figures, told },
      "33 rows of rows.jsonl, 2 epochs",
    );
    expect(lines).toEqual([
      "Learned from 33 rows of rows.jsonl, 2 epochs: 6 steps in 3 min.",
      ...told,
      "Loss: 2.500 at first, 0.750 at last.",
      "Loss on the rows kept out: 2.400 at first, 1.050 at last.",
      "Reward margin: 0.000 at first, 0.000 at last.",
    ]);
  });

  it("says a figure of a single step once", () => {
    const figures = { loss: { first: 2.5, last: 2.5 } };
    expect(describeTraining({ steps: 1, seconds: 1.24, figures, told: [] }, "2 rows")).toEqual([
      "Learned from 2 rows: 1 step in 1.2 s.",
      "Loss: 2.500.",
    ]);
  });
});
