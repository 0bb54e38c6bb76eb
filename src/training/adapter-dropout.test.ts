// Adapters with dropout: a loop that was stopped and taken up again ends as one that was not, and the seed decides.

import { expect, it } from "vitest";
import { addAdapters, createModelState } from "../transformer/index.ts";
import { describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createSftTrainer, trainSft } from "./sft.ts";

const items = Array.from({ length: 6 }, (_, at) => ({
  trunk: [2, 10 + at, 3],
  branches: [[20 + at, 21, 0]],
}));

const open = (seed: number, dropout = 0.3): OpenedLoop => {
  const base = freshModel();
  const lora = { rank: 4, alpha: 8, rsLora: true, targets: ["q_proj", "down_proj"], dropout, seed };
  const weights = addAdapters(base.config, base.weights, lora, 1);
  const state = createModelState(base.config, weights, { lora });
  const trainer = createSftTrainer(state, defaultAdamW);
  const schedule = { kind: "constant", peak: 0.02, warmupSteps: 0 } as const;
  const options = { trainer, rows: items, batch: 2, epochs: 2, seed: 5, schedule, padding: 1 };
  return {
    state,
    trainer,
    run: (start) => trainSft({ ...options, start }),
    release: () => trainer.release(),
  };
};

describeLoop("SFT of adapters with dropout", async () => open(7));

it("the seed and the share decide what falls out", async () => {
  const losses = async (loop: OpenedLoop): Promise<(number | undefined)[]> => {
    const metrics = await take(loop);
    await loop.release();
    return metrics.map((step) => step.metrics["loss"]);
  };
  const [one, other, none] = [await losses(open(7)), await losses(open(8)), await losses(open(7, 0))];
  // B begins at zero, so the first loss is the base's
  expect([one[0], other[0]]).toEqual([none[0], none[0]]);
  expect(one.at(-1)).not.toBe(other.at(-1));
  expect(one.at(-1)).not.toBe(none.at(-1));
});
