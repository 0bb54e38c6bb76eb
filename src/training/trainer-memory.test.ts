// The trainer over many steps of many shapes, with a generator between them: neither programs nor memory pile up.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { openPrograms } from "../engine/index.ts";
import { createGenerator, fillInOrder, layOut, targetVector } from "../transformer/index.ts";
import { freshModel } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { tokenLoss } from "./token-loss.ts";
import { createTrainer } from "./trainer.ts";

const shapes = Array.from({ length: 7 }, (_, at) => ({ rows: 2 + at, time: 64 }));

it("holds no more programs and no more memory after 56 steps of seven shapes than after 14", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const before = openPrograms();
  const state = freshModel();
  const trainer = createTrainer({ state, optimiser: defaultAdamW, build: tokenLoss });
  const generator = createGenerator(state);
  const trunk = Array.from({ length: 60 }, (_, at) => 2 + (at % 40));
  let most = 0;
  const steps = async (count: number) => {
    for (let step = 0; step < count; step++) {
      const { rows, time } = shapes[step % shapes.length]!;
      const items = Array.from({ length: rows }, () => ({ trunk, branches: [] }));
      const targets = items.map((_, item) => ({ item, branch: -1, offset: 5, weight: 1 }));
      const batch = layOut(items, targets, { padding: 1, filled: fillInOrder(items, time, rows) });
      const weights = targetVector(batch, () => 1 / rows);
      await trainer.step(batch.sizes, { ...batch.feeds, weights }, 1e-3);
      if (step % 7 === 0)
        await generator.generate([{ prompt: trunk, maxTokens: 3, temperature: 1, seed: step }]);
      most = Math.max(most, openPrograms() - before);
    }
    collect();
    // buffers of results are freed by a finaliser in the next turn
    await new Promise(setImmediate);
    collect();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    return { managed: heapUsed + external + arrayBuffers, rss };
  };
  const early = await steps(14);
  const late = await steps(42);
  await trainer.release();
  await generator.release();
  // six shapes of the trainer at a time, and the generator's prefill and decoding step
  expect(most).toBeLessThanOrEqual(6 + 2 + 1);
  expect(openPrograms()).toBe(before);
  // a kept step would be 0.4 MB of weights and moments, 42 of them 17 MB
  expect(late.managed - early.managed).toBeLessThan(4 * 2 ** 20);
  // measured: 43 MB after 84 compilations and 57 MB after 180, which the native allocator keeps for the next ones
  expect(late.rss - early.rss).toBeLessThan(96 * 2 ** 20);
});
