// What every training loop must do: the same seed twice gives the same bytes, and stopping after some steps and going
// on from a snapshot ends in the bytes of an unbroken run; it stops where a number is none. And the very small model that
// the tests train.

import { describe, expect, it } from "vitest";
import {
  createModelState,
  initialParameters,
  type ModelConfig,
  type ModelState,
  type ModelTask,
} from "../transformer/index.ts";
import type { StepMetrics } from "./loop.ts";
import type { TrainerSnapshot } from "./trainer.ts";

export const smallConfig: ModelConfig = {
  family: "llama",
  vocabularySize: 64,
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  headSize: 8,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: 64,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};

/** An untrained model of two layers, 32 wide. */
export const freshModel = (task: ModelTask = "causal-lm", seed = 3): ModelState =>
  createModelState(smallConfig, initialParameters(smallConfig, seed, task), { task });

/** A loop over a state of its own, ready to run from `start`. */
export type OpenedLoop = {
  readonly state: ModelState;
  readonly trainer: { snapshot(): TrainerSnapshot; restore(snapshot: TrainerSnapshot): void };
  run(start: number): AsyncGenerator<StepMetrics>;
  release(): Promise<void>;
};

const bytesOf = (state: ModelState): string =>
  Object.entries(state.weights)
    .map(([name, { data }]) => {
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return `${name} ${bytes.toString("base64")}`;
    })
    .join("\n");

/** Runs from `start` up to (not including) step `end`. */
export const take = async (loop: OpenedLoop, start = 0, end = Number.POSITIVE_INFINITY) => {
  const metrics: StepMetrics[] = [];
  if (start >= end) return metrics;
  for await (const step of loop.run(start)) {
    metrics.push(step);
    if (step.step + 1 >= end) break;
  }
  return metrics;
};

/** Runs the suite over a loop of at least 4 steps. open: the same loop over the same fresh model, every time. */
export const describeLoop = (name: string, open: () => Promise<OpenedLoop>): void => {
  describe(`${name}: what every loop does`, () => {
    it("ends in the same bytes with the same seed, and after a stop and a snapshot too", async () => {
      const whole = await open();
      const metrics = await take(whole);
      expect(metrics.map(({ step }) => step)).toEqual(metrics.map((_, at) => at));
      for (const step of metrics)
        for (const value of Object.values(step.metrics)) expect(Number.isFinite(value)).toBe(true);
      const bytes = bytesOf(whole.state);
      await whole.release();

      const again = await open();
      expect(await take(again)).toEqual(metrics);
      expect(bytesOf(again.state) === bytes).toBe(true);
      await again.release();

      const stop = 3;
      const before = await open();
      const head = await take(before, 0, stop);
      // as it comes back from disk: copies of everything
      const saved = structuredClone({
        weights: { ...before.state.weights },
        moments: before.trainer.snapshot(),
      });
      await before.release();
      const after = await open();
      Object.assign(after.state.weights, saved.weights);
      after.trainer.restore(saved.moments);
      const tail = await take(after, stop);
      expect([...head, ...tail]).toEqual(metrics);
      expect(bytesOf(after.state) === bytes).toBe(true);
      await after.release();
    });
  });
};

/** A weight that every number comes of. */
const finalNorm = "model.norm.weight";

/**
 * Runs the suite over a loop of at least 2 steps. open: the loop over a fresh model, at this constant learning rate;
 * exploded: how the step begins that tells of weights that the first update made far too large.
 */
export const describeDivergence = (
  name: string,
  open: (learningRate: number) => Promise<OpenedLoop>,
  exploded: "Step 2" | "Step 1, update 2",
): void => {
  describe(`${name} that diverges`, () => {
    it("stops at the step at which a weight is no number, names it, and leaves weights and moments as they were", async () => {
      const loop = await open(1e-3);
      const steps = loop.run(0);
      await steps.next();
      const { shape, data } = loop.state.weights[finalNorm]!;
      loop.state.weights[finalNorm] = { shape, data: data.with(3, Number.NaN) };
      const held = { ...loop.state.weights };
      const before = structuredClone(loop.trainer.snapshot());
      await expect(steps.next()).rejects.toMatchObject({
        code: "training-diverged",
        message: expect.stringMatching(/^Step 2: the (loss is NaN|policy gives no token a probability)/),
      });
      expect(loop.state.weights).toEqual(held);
      expect(loop.trainer.snapshot()).toEqual(before);
      await loop.release();
    });

    it("stops behind the update that exploded, and names the step", async () => {
      const loop = await open(1e10);
      await expect(take(loop)).rejects.toMatchObject({
        code: "training-diverged",
        message: expect.stringMatching(`^${exploded}: the loss is .* and the gradient norm NaN`),
      });
      await loop.release();
    });
  });
};
