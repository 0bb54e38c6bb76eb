// Supervised fine-tuning: a few rows are learnt by heart, prompts are context only, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import {
  addAdapters,
  allTargets,
  createGenerator,
  createModelState,
  createScorer,
  type ModelState,
} from "../transformer/index.ts";
import { describeDivergence, describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { loopSteps } from "./loop.ts";
import { defaultAdamW } from "./optimiser.ts";
import type { SftItem } from "./rows.ts";
import { createSftTrainer, type SftOptions, trainSft } from "./sft.ts";

const rows: SftItem[] = [
  { trunk: [2, 10, 11, 3], branches: [[20, 21, 22, 0]] },
  { trunk: [2, 12, 3], branches: [[23, 23, 24, 25, 26, 0]] },
  { trunk: [2, 13, 14, 15, 3], branches: [[27, 0]] },
  { trunk: [2, 16, 3], branches: [[28, 20, 28, 20, 0]] },
  { trunk: [2, 17, 17, 3], branches: [[29, 30, 31, 0]] },
];

const open = (change: Partial<SftOptions> = {}, state: ModelState = freshModel()) => {
  const trainer = createSftTrainer(state, { ...defaultAdamW, weightDecay: 0.01 });
  const options: SftOptions = {
    trainer,
    rows,
    batch: 2,
    epochs: 3,
    seed: 5,
    schedule: { kind: "cosine", peak: 0.01, warmupSteps: 2 },
    padding: 1,
    ...change,
  };
  const loop: OpenedLoop = {
    state,
    trainer,
    run: (start) => trainSft({ ...options, start }),
    release: () => trainer.release(),
  };
  return { loop, options };
};

describeLoop("SFT", async () => open().loop);

describeLoop(
  "SFT in parts, with rows kept out",
  async () => open({ accumulation: 2, heldOut: { rows: rows.slice(0, 3), every: 2 } }).loop,
);

const constant = (peak: number) => ({ kind: "constant", peak, warmupSteps: 0 }) as const;
for (const accumulation of [1, 2])
  describeDivergence(
    `SFT in ${accumulation} parts`,
    async (rate) => open({ accumulation, schedule: constant(rate) }).loop,
    "Step 2",
  );

describe("SFT", () => {
  it("learns a few rows by heart", async () => {
    const { loop } = open({ batch: 5, epochs: 80, schedule: { kind: "linear", peak: 0.02, warmupSteps: 3 } });
    const metrics = await take(loop);
    expect(metrics[0]!.metrics["loss"]).toBeCloseTo(Math.log(64), 0);
    expect(metrics.at(-1)!.metrics["loss"]).toBeLessThan(0.1);
    const generator = createGenerator(loop.state);
    const replies = await generator.generate(
      rows.map(({ trunk }) => ({ prompt: trunk, maxTokens: 12, temperature: 0, seed: 0 })),
    );
    expect(replies.map(({ ids, ended }) => [...ids, ended ? 0 : -1])).toEqual(
      rows.map(({ branches }) => branches[0]),
    );
    await generator.release();
    await loop.release();
  });

  it("counts its steps and says what it reports", async () => {
    const { loop, options } = open();
    expect(loopSteps(options)).toBe(9);
    const metrics = await take(loop);
    expect(metrics.length).toBe(9);
    expect(Object.keys(metrics[0]!.metrics)).toEqual(["loss", "learning_rate", "grad_norm"]);
    expect(metrics.slice(0, 3).map((step) => step.metrics["learning_rate"])).toEqual([0, 0.005, 0.01]);
    await loop.release();
  });

  it("learns of a trunk the tokens that are named, as it learns the same tokens of a branch", async () => {
    const asTrunks = rows.map(({ trunk, branches: [branch] }) => ({
      trunk: [...trunk, ...branch!],
      branches: [],
      learned: branch!.map((_, at) => trunk.length + at),
    }));
    const { loop: one } = open();
    const { loop: other } = open({ rows: asTrunks });
    const [branched, whole] = [await take(one), await take(other)];
    for (const [at, { metrics }] of whole.entries())
      for (const name of ["loss", "grad_norm"])
        expect(metrics[name]).toBeCloseTo(branched[at]!.metrics[name]!, 4);
    await one.release();
    await other.release();
  });

  it("takes the loss on rows kept out when it is due, as the mean over all their tokens", async () => {
    const heldOut = rows.slice(0, 3);
    const due = async (every: number) => {
      const { loop } = open({ heldOut: { rows: heldOut, every } });
      const steps = (await take(loop)).filter(({ metrics }) => metrics["eval_loss"] !== undefined);
      const scorer = createScorer(loop.state);
      const tokens = (await scorer.tokens(heldOut)).flatMap(([reply]) => [...reply!]);
      await scorer.release();
      await loop.release();
      const mean = -tokens.reduce((sum, value) => sum + value, 0) / tokens.length;
      expect(steps.at(-1)!.metrics["eval_loss"]).toBeCloseTo(mean, 4);
      return steps.map(({ step }) => step);
    };
    expect(await due(2)).toEqual([1, 3, 5, 7, 8]);
    expect(await due(0)).toEqual([2, 5, 8]);
  });

  it("stops where the loss on rows kept out is no number, and names the step", async () => {
    const { loop } = open({ schedule: constant(1e10), heldOut: { rows: rows.slice(0, 3), every: 1 } });
    await expect(take(loop)).rejects.toMatchObject({
      code: "training-diverged",
      message: expect.stringMatching(/^Step 1: eval_loss is NaN/),
    });
    await loop.release();
  });

  it("has no loss on prompts: they may be anything the weights need not predict", async () => {
    const { loop: one } = open({ epochs: 1, batch: 1, rows: [{ trunk: [2, 3], branches: [[9]] }] });
    const { loop: other } = open({ epochs: 1, batch: 1, rows: [{ trunk: [2, 3], branches: [[8]] }] });
    const [first] = await take(one);
    const [second] = await take(other);
    expect(first!.metrics["loss"]).not.toBe(second!.metrics["loss"]);
    // tied, untrained weights: one target token, so the loss is its surprise alone
    expect(first!.metrics["loss"]).toBeCloseTo(Math.log(64), 0);
    await one.release();
    await other.release();
  });

  it("moves adapters alone where there are adapters", async () => {
    const base = freshModel();
    const weights = addAdapters(base.config, base.weights, { rank: 4, alpha: 8, targets: [allTargets] }, 1);
    const state = createModelState(base.config, weights, { adapterScale: 2 });
    const trainer = createSftTrainer(state, defaultAdamW);
    const schedule = { kind: "constant", peak: 0.02, warmupSteps: 0 } as const;
    const { options } = open({ trainer, batch: 5, epochs: 20, schedule });
    const losses: number[] = [];
    for await (const { metrics } of trainSft(options)) losses.push(metrics["loss"]!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
    for (const [name, { data }] of Object.entries(base.weights)) expect(state.weights[name]!.data).toBe(data);
    await trainer.release();
  });

  it("stops at a signal", async () => {
    const { loop } = open({ signal: AbortSignal.abort() });
    await expect(take(loop)).rejects.toBeInstanceOf(InterruptedError);
    await loop.release();
  });
});
