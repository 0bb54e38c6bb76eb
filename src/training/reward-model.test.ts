// The reward model: separable pairs are learnt and carry over to new prompts, and the loop can be continued.

import { describe, expect, it } from "vitest";
import {
  addAdapters,
  allTargets,
  createModelState,
  createScorer,
  type PackedItem,
  type Weights,
} from "../transformer/index.ts";
import {
  describeDivergence,
  describeLoop,
  freshModel,
  type OpenedLoop,
  smallConfig,
  take,
} from "./loop.fixture.ts";
import { loopSteps } from "./loop.ts";
import { defaultAdamW } from "./optimiser.ts";
import {
  createRewardTrainer,
  type RewardModelOptions,
  rewardModelWeights,
  trainRewardModel,
} from "./reward-model.ts";

/** Replies that hold token 40 are better than those that hold token 50. */
const pairs = (count: number, from: number): PackedItem[] =>
  Array.from({ length: count }, (_, at) => ({
    trunk: [2, 4 + ((from + at) % 30), 3],
    branches: [
      [34 + (at % 5), 40, 0],
      [34 + (at % 3), 50, 36, 0],
    ],
  }));

const open = (change: Partial<RewardModelOptions> = {}) => {
  const weights = rewardModelWeights(smallConfig, freshModel().weights, 11);
  const state = createModelState(smallConfig, weights, { task: "sequence-classification" });
  const trainer = createRewardTrainer(state, defaultAdamW, { centring: 0.01 });
  const items = pairs(14, 0);
  const rows = items.map((item, at) => ({ item, probability: 1 - 0.02 * at }));
  const options: RewardModelOptions = {
    trainer,
    rows,
    batch: 4,
    epochs: 2,
    seed: 5,
    schedule: { kind: "constant", peak: 0.003, warmupSteps: 0 },
    padding: 1,
    ...change,
  };
  const loop: OpenedLoop = {
    state,
    trainer,
    run: (start) => trainRewardModel({ ...options, start }),
    release: () => trainer.release(),
  };
  return { loop, options };
};

describeLoop("reward model", async () => open().loop);

describeLoop("reward model in parts, with rows kept out", async () => {
  const rows = pairs(5, 20).map((item) => ({ item, probability: 0.9, margin: 0.5 }));
  return open({ accumulation: 4, heldOut: { rows, every: 3 } }).loop;
});

describeDivergence(
  "a reward model",
  async (peak) => open({ schedule: { kind: "constant", peak, warmupSteps: 0 } }).loop,
  "Step 2",
);

describe("the reward model", () => {
  it("tells good replies from bad ones to prompts it has not seen", async () => {
    const { loop, options } = open({ epochs: 12 });
    expect(loopSteps(options)).toBe(48);
    const last = (await take(loop)).at(-1)!.metrics;
    expect(last["accuracy"]).toBeCloseTo(1, 5);
    expect(last["margin"]).toBeGreaterThan(1);
    const scorer = createScorer(loop.state);
    const scores = await scorer.scores(pairs(8, 14));
    for (const [chosen, rejected] of scores) expect(chosen!).toBeGreaterThan(rejected! + 1);
    await scorer.release();
    await loop.release();
  });

  it("moves head and adapters alone where there are adapters", async () => {
    const body = addAdapters(
      smallConfig,
      freshModel().weights,
      { rank: 4, alpha: 8, targets: [allTargets] },
      1,
    );
    const start = rewardModelWeights(smallConfig, body, 11);
    const state = createModelState(
      smallConfig,
      { ...start },
      { task: "sequence-classification", adapterScale: 2 },
    );
    const trainer = createRewardTrainer(state, defaultAdamW, { centring: 0.01 });
    const { options } = open({ trainer, epochs: 1 });
    for await (const _step of trainRewardModel(options));
    const changed = Object.keys(start).filter((name) => state.weights[name]!.data !== start[name]!.data);
    expect(changed.every((name) => name.includes(".lora_") || name === "score.weight")).toBe(true);
    expect(changed.length).toBe(2 * 7 * 2 + 1);
    await trainer.release();
  });

  it("holds scores apart by the margin that is asked for", async () => {
    const apart = async (margin: number) => {
      const rows = pairs(14, 0).map((item) => ({ item, probability: 1, margin }));
      const { loop } = open({ epochs: 8, rows });
      const last = (await take(loop)).at(-1)!.metrics;
      await loop.release();
      return last["margin"]!;
    };
    expect(await apart(6)).toBeGreaterThan((await apart(0)) + 1);
  });

  it("keeps scores near zero", async () => {
    const { loop } = open({ epochs: 12 });
    const means = (await take(loop)).map(({ metrics }) => Math.abs(metrics["mean_reward"]!));
    expect(Math.max(...means)).toBeLessThan(2);
    await loop.release();
  });

  it("takes the body of a language model and a head of its own", () => {
    const body: Weights = {
      ...freshModel().weights,
      "lm_head.weight": { shape: [64, 32], data: new Float32Array(2048) },
    };
    const weights = rewardModelWeights(smallConfig, body, 1);
    expect(Object.keys(weights)).not.toContain("lm_head.weight");
    expect(weights["score.weight"]!.shape).toEqual([1, 32]);
    expect(weights["model.norm.weight"]).toBe(body["model.norm.weight"]);
    expect([...rewardModelWeights(smallConfig, body, 1)["score.weight"]!.data]).toEqual([
      ...weights["score.weight"]!.data,
    ]);
    expect([...rewardModelWeights(smallConfig, body, 2)["score.weight"]!.data]).not.toEqual([
      ...weights["score.weight"]!.data,
    ]);
  });
});
