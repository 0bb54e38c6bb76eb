// Supervised fine-tuning: a few rows are learnt by heart, prompts are context only, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { CovenantError, InterruptedError } from "../core/index.ts";
import {
  addAdapters,
  allTargets,
  createGenerator,
  createModelState,
  type ModelState,
  type PackedItem,
} from "../transformer/index.ts";
import { describeLoop, freshModel, type OpenedLoop, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createSftTrainer, type SftOptions, sftSteps, trainSft } from "./sft.ts";

const items: PackedItem[] = [
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
    items,
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

describe("SFT", () => {
  it("learns a few rows by heart", async () => {
    const { loop } = open({ batch: 5, epochs: 80, schedule: { kind: "linear", peak: 0.02, warmupSteps: 3 } });
    const metrics = await take(loop);
    expect(metrics[0]!.metrics["loss"]).toBeCloseTo(Math.log(64), 0);
    expect(metrics.at(-1)!.metrics["loss"]).toBeLessThan(0.1);
    const generator = createGenerator(loop.state);
    const replies = await generator.generate(
      items.map(({ trunk }) => ({ prompt: trunk, maxTokens: 12, temperature: 0, seed: 0 })),
    );
    expect(replies.map(({ ids, ended }) => [...ids, ended ? 0 : -1])).toEqual(
      items.map(({ branches }) => branches[0]),
    );
    await generator.release();
    await loop.release();
  });

  it("counts its steps and says what it reports", async () => {
    const { loop, options } = open();
    expect(sftSteps(options)).toBe(9);
    const metrics = await take(loop);
    expect(metrics.length).toBe(9);
    expect(Object.keys(metrics[0]!.metrics)).toEqual(["loss", "learning_rate", "grad_norm"]);
    expect(metrics.slice(0, 3).map((step) => step.metrics["learning_rate"])).toEqual([0, 0.005, 0.01]);
    await loop.release();
  });

  it("has no loss on prompts: they may be anything the weights need not predict", async () => {
    const { loop: one } = open({ epochs: 1, batch: 1, items: [{ trunk: [2, 3], branches: [[9]] }] });
    const { loop: other } = open({ epochs: 1, batch: 1, items: [{ trunk: [2, 3], branches: [[8]] }] });
    const [first] = await take(one);
    const [second] = await take(other);
    expect(first!.metrics["loss"]).not.toBe(second!.metrics["loss"]);
    // tied, untrained weights: one target token, so the loss is its surprise alone
    expect(first!.metrics["loss"]).toBeCloseTo(Math.log(64), 0);
    await one.release();
    await other.release();
  });

  it("names the step at which the loss is no number, and leaves the weights as they were before it", async () => {
    const { loop } = open();
    const steps = loop.run(0);
    await steps.next();
    await steps.next();
    const norm = "model.norm.weight";
    const { shape, data } = loop.state.weights[norm]!;
    loop.state.weights[norm] = { shape, data: data.with(3, Number.NaN) };
    const held = { ...loop.state.weights };
    const failure = await steps.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CovenantError);
    expect((failure as CovenantError).code).toBe("training-diverged");
    expect((failure as CovenantError).message).toMatch(/^Step 3: the loss is NaN/);
    expect(loop.state.weights).toEqual(held);
    expect(loop.trainer.snapshot().step).toBe(2);
    await loop.release();
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
