// Pretraining: batches are full and lose no document, loss tokens go by their weights, and the same seed gives the
// same weights.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom, InterruptedError, UserError } from "../core/index.ts";
import { assignRows, hiddenMatrices } from "../transformer/index.ts";
import { describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createBatcher, createPretrainer, type PretrainingOptions, pretrain } from "./pretraining.ts";

/** Counting up from a start: after the first token everything is certain. */
const document = (index: number) => {
  const start = 4 + (index % 10) * 5;
  const ids = Array.from({ length: 5 + (index % 4) }, (_, at) => start + at);
  return { ids, weights: ids.map((_, at) => (at === 0 ? 0 : 1)) };
};

const open = (change: Partial<PretrainingOptions> = {}, byMuon = false): OpenedLoop => {
  const state = freshModel();
  const muon = new Set(byMuon ? hiddenMatrices(state.config) : []);
  const trainer = createPretrainer(state, { ...defaultAdamW, weightDecay: 0.1, muon });
  const options: PretrainingOptions = {
    trainer,
    document,
    seed: 2,
    rows: 2,
    time: 32,
    targets: 64,
    padding: 1,
    schedule: { kind: "cosine", peak: 0.01, warmupSteps: 3, totalSteps: 6 },
    ...change,
  };
  return {
    state,
    trainer,
    run: (start) => pretrain({ ...options, start }),
    release: () => trainer.release(),
  };
};

describeLoop("pretraining", async () => open());
describeLoop("pretraining by Muon", async () => open({}, true));

describe("pretraining", () => {
  it("says which document no row can hold, and what to do", () => {
    const long = { ids: Array.from({ length: 33 }, () => 5), weights: new Float32Array(33) };
    const stream = (limit: number) => {
      const batcher = createBatcher((index) => (index === 7 ? long : document(index)), 2, limit);
      return Array.from({ length: 8 }, () => batcher.take()).flat();
    };
    expect(() => stream(32)).toThrow(UserError);
    expect(() => stream(32)).toThrow(
      'Document 7 has 33 tokens; a row holds 32. Set "time" to at least 33, or leave the document out.',
    );
    expect(stream(33)).toContain(long);
  });

  it.each([false, true])("learns what can be learnt, from full rows (by Muon: %s)", async (byMuon) => {
    const schedule = { kind: "cosine", peak: 0.01, warmupSteps: 3, totalSteps: 60 } as const;
    const loop = open({ schedule }, byMuon);
    const metrics = (await take(loop)).map((step) => step.metrics);
    expect(metrics[0]!["loss"]).toBeCloseTo(Math.log(64), 0);
    expect(metrics.at(-1)!["loss"]).toBeLessThan(0.5);
    for (const { tokens } of metrics) expect(tokens).toBeGreaterThan(48);
    await loop.release();
  });

  it("thins out loss tokens beyond the limit, and stops at a signal", async () => {
    const loop = open({ targets: 16 });
    for (const { metrics } of await take(loop, 0, 2)) expect(metrics["loss"]).toBeCloseTo(Math.log(64), 0);
    await loop.release();
    const stopped = open({ signal: AbortSignal.abort() });
    await expect(take(stopped)).rejects.toBeInstanceOf(InterruptedError);
  });
});

describe("the batcher", () => {
  it("takes every document once, fills its rows, and lets none wait for ever", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, rows) => {
        const time = 40;
        const random = createRandom(seed);
        const lengths: number[] = [];
        const batcher = createBatcher(
          (index) => {
            lengths[index] = 1 + random.integer(time);
            return { ids: Array.from({ length: lengths[index]! }, () => index), weights: [] };
          },
          rows,
          time,
        );
        const taken = new Set<number>();
        for (let batch = 0; batch < 30; batch++) {
          const documents = batcher.take();
          const items = documents.map(({ ids }) => ({ trunk: ids, branches: [] }));
          expect(assignRows(items, time).length).toBeLessThanOrEqual(rows);
          for (const { ids } of documents) {
            expect(taken.has(ids[0]!)).toBe(false);
            taken.add(ids[0]!);
          }
          const filled = documents.reduce((sum, { ids }) => sum + ids.length, 0);
          expect(filled).toBeGreaterThan(0.8 * rows * time);
        }
        expect(batcher.documents).toBe(lengths.length);
        // the oldest goes first into each row, so the first ones are long gone
        for (let index = 0; index < 30 * rows - 1; index++) expect(taken.has(index)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
