// What the tests share that hold a training stage to its loop: a run with one stage in a folder of its own, the steps that
// it wrote down, and the small golden model that it learns on.

import { readFileSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { collect, manualClock } from "../../core/index.ts";
import { openRun } from "../../runs/index.ts";
import type { StepMetrics } from "../../training/index.ts";
import type { Pipeline } from "./data.ts";
import { loadTrainable } from "./models.ts";
import { trainingSeed } from "./training-parts.ts";

const golden = fileURLToPath(new URL("../../../test/golden/llama-random", import.meta.url));
export const policyFolder = join(golden, "untied");
export const rewardFolder = join(golden, "scored");
export const stageName = "sl";
const runSeed = 3;
/** The seed that a stage draws the order of its rows, first weights and replies with. */
export const stageSeed = trainingSeed(runSeed, stageName);

const signal = new AbortController().signal;
export const context = { emit() {}, signal, clock: manualClock(), environment: {} };
/** What every stage is told of itself. */
export const stageBase = { name: stageName, after: [], model: policyFolder };

export const openPolicy = () => loadTrainable(policyFolder, context);

/** The steps that a stage writes down. */
export const stageSteps = async (work: (pipeline: Pipeline) => Promise<unknown>): Promise<StepMetrics[]> => {
  const folder = await mkdtemp(join(tmpdir(), "covenant-passed-settings-"));
  try {
    const basics = { name: "test", config: {}, seed: runSeed, stages: [stageName], onEvent() {} };
    await using run = await openRun({ ...basics, folder, clock: context.clock, signal });
    await work({ run, context });
    const lines = readFileSync(join(folder, stageName, "steps.jsonl"), "utf8")
      .trim()
      .split("\n");
    return lines.map((line) => {
      const { step, metrics } = JSON.parse(line) as StepMetrics;
      return { step, metrics };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Holds the steps of a stage to those of its loop, run with the same settings by hand. */
export const expectSteps = async (
  found: readonly StepMetrics[],
  loop: AsyncIterable<StepMetrics>,
): Promise<void> => {
  const wanted = await collect(loop);
  expect(found.map(({ step }) => step)).toEqual(wanted.map(({ step }) => step));
  for (const { step, metrics } of wanted)
    for (const [name, value] of Object.entries(metrics))
      expect(found[step]!.metrics[name], `${name} of step ${step}`).toBeCloseTo(value, 5);
};
