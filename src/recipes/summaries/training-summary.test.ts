// How a training's end is told, and where it is read from.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatJsonLines, manualClock } from "../../core/index.ts";
import { openRun } from "../../runs/index.ts";
import { describeTraining, summariseTraining } from "./training-summary.ts";

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
      "Learned from 33 rows of rows.jsonl, 2 epochs: 6 steps in 3 min 29 s.",
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

  it("says which step's weights were kept", () => {
    const best = {
      ...{ step: 1, metric: "eval_objective", wanted: "most" as const },
      ...{ value: 0.75, last: 0.5, looks: 2 },
    };
    const lines = describeTraining({ steps: 4, seconds: 2, figures: {}, told: [], best }, "8 prompts");
    expect(lines.at(-1)).toBe(
      "Kept: the weights behind step 2 of 4: the objective on the prompts kept out was 0.750, the highest of 2 looks (0.500 at last).",
    );
  });
});

describe("the summary of a stage", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "covenant-training-summary-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const common = { parents: [], stage: "rl", seed: 1 };
  const best = { step: 1, metric: "eval_objective", wanted: "most", value: 0.75, last: 0.5, looks: 2 };

  /** A run whose stage "rl" has four steps, and what its stage left beside them. */
  const summaryOf = async (kept: readonly object[]) => {
    await using run = await openRun({
      folder: join(folder, "run"),
      ...{ name: "train grpo", seed: 1, config: {}, stages: ["rl"], clock: manualClock(0) },
    });
    mkdirSync(join(run.folder, "rl"), { recursive: true });
    const steps = [0, 1, 2, 3].map((step) => ({
      id: `rl/step-${step}`,
      ...common,
      step,
      metrics: { reward: step },
    }));
    writeFileSync(join(run.folder, "rl/steps.jsonl"), formatJsonLines(steps));
    if (kept.length > 0) writeFileSync(join(run.folder, "rl/best.jsonl"), formatJsonLines(kept));
    return summariseTraining({ run }, "rl");
  };

  it("holds the step whose weights were kept, as best.jsonl says it, and none where there is no such file", async () => {
    const summary = await summaryOf([{ id: "rl/best", ...common, ...best }]);
    expect(summary).toMatchObject({ steps: 4, figures: { reward: { first: 0, last: 3 } } });
    expect(summary.best).toEqual(best);
    rmSync(join(folder, "run"), { recursive: true });
    expect(await summaryOf([])).not.toHaveProperty("best");
  });
});
