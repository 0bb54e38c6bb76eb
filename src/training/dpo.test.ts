// DPO: margins begin at nothing, follow the labels, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { createScorer, type ModelState, type PackedItem } from "../transformer/index.ts";
import { createDpoTrainer, type DpoOptions, referenceLogProbabilities, trainDpo } from "./dpo.ts";
import { describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";

/** Replies with 40 are preferred to those with 50. */
const items: PackedItem[] = Array.from({ length: 10 }, (_, at) => ({
  trunk: [2, 10 + at, 3],
  branches: [
    [20 + at, 40, 0],
    [20 + at, 50, 30, 0],
  ],
}));

const open = async (change: Partial<DpoOptions> = {}, state: ModelState = freshModel()) => {
  const scorer = createScorer(state);
  const reference = await referenceLogProbabilities(scorer, items);
  await scorer.release();
  const trainer = createDpoTrainer(state, defaultAdamW, 0.5);
  const options: DpoOptions = {
    trainer,
    items,
    probabilities: items.map((_, at) => 0.7 + 0.02 * at),
    reference,
    batch: 4,
    epochs: 2,
    seed: 5,
    schedule: { kind: "linear", peak: 0.003, warmupSteps: 1 },
    padding: 1,
    ...change,
  };
  const loop: OpenedLoop = {
    state,
    trainer,
    run: (start) => trainDpo({ ...options, start }),
    release: () => trainer.release(),
  };
  return { loop, reference };
};

describeLoop("DPO", async () => (await open()).loop);

describe("DPO", () => {
  it("starts from the reference and raises the margins", async () => {
    const { loop } = await open({ epochs: 12, probabilities: items.map(() => 1) });
    const metrics = (await take(loop)).map((step) => step.metrics);
    expect(metrics[0]!["loss"]).toBeCloseTo(Math.log(2), 4);
    expect(Math.abs(metrics[0]!["rewards/margins"]!)).toBeLessThan(1e-3);
    expect(metrics.at(-1)!["rewards/margins"]).toBeGreaterThan(2);
    expect(metrics.at(-1)!["rewards/accuracies"]).toBeCloseTo(1, 5);
    expect(metrics.at(-1)!["loss"]).toBeLessThan(0.2);
    for (const step of metrics)
      expect(step["rewards/chosen"]! - step["rewards/rejected"]!).toBeCloseTo(step["rewards/margins"]!, 4);
    await loop.release();
  });

  it("turns round with the labels, and settles where soft labels say", async () => {
    const { loop: against } = await open({ epochs: 12, probabilities: items.map(() => 0) });
    expect((await take(against)).at(-1)!.metrics["rewards/margins"]).toBeLessThan(-2);
    await against.release();
    const schedule = { kind: "linear", peak: 0.005, warmupSteps: 1 } as const;
    const { loop: soft } = await open({ epochs: 40, schedule, probabilities: items.map(() => 0.8) });
    const last = (await take(soft)).at(-1)!.metrics;
    // the best margin is the logit of the label, the least loss its entropy
    expect(last["rewards/margins"]).toBeCloseTo(Math.log(0.8 / 0.2), 0);
    expect(last["loss"]).toBeCloseTo(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2), 2);
    await soft.release();
  });

  it("sums reference log-probabilities over each branch", async () => {
    const { loop, reference } = await open();
    // an untrained model is near uniform: three and four tokens of 64
    expect(reference.length).toBe(10);
    expect(reference[0]![0]).toBeCloseTo(-3 * Math.log(64), 0);
    expect(reference[0]![1]).toBeCloseTo(-4 * Math.log(64), 0);
    await loop.release();
  });
});
