// PPO: a reward that is easy to get is got, the penalty holds the policy back, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { createGenerator, createModelState, createScorer } from "../transformer/index.ts";
import { describeLoop, freshModel, type OpenedLoop, smallConfig, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createPpoTrainer, type PpoOptions, type RewardFunction, trainPpo } from "./ppo.ts";

/** The share of token 40 in a reply. */
const shareOfForty: RewardFunction = async (items) =>
  items.map(({ branches: [reply] }) => reply!.filter((id) => id === 40).length / reply!.length);

const open = (change: Partial<PpoOptions> = {}): OpenedLoop => {
  const head = { "score.weight": { shape: [1, 32], data: new Float32Array(32) } };
  const state = createModelState(smallConfig, { ...freshModel().weights, ...head });
  const generator = createGenerator(state);
  const reference = createScorer(freshModel());
  const trainer = createPpoTrainer(state, defaultAdamW, {
    clip: 0.2,
    valueClip: 0.2,
    valueCoefficient: 0.1,
  });
  const options: PpoOptions = {
    trainer,
    state,
    generator,
    reference,
    reward: shareOfForty,
    prompts: [
      [2, 10, 3],
      [2, 11, 12, 3],
      [2, 13, 3],
    ],
    steps: 4,
    batch: 8,
    minibatches: 2,
    epochs: 2,
    maxTokens: 6,
    endToken: 0,
    missingEndPenalty: 0,
    klCoefficient: 0.01,
    gamma: 1,
    lambda: 0.95,
    seed: 9,
    schedule: { kind: "constant", peak: 0.003, warmupSteps: 0 },
    padding: 1,
    ...change,
  };
  return {
    state,
    trainer,
    run: (start) => trainPpo({ ...options, start }),
    async release() {
      await trainer.release();
      await generator.release();
      await reference.release();
    },
  };
};

describeLoop("PPO", async () => open());

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("PPO", () => {
  it("raises the mean score, and moves away from the reference for it", async () => {
    const loop = open({ steps: 25, batch: 32 });
    const metrics = (await take(loop)).map((step) => step.metrics);
    const scores = metrics.map((step) => step["objective/scores"]!);
    expect(mean(scores.slice(0, 3))).toBeLessThan(0.1);
    expect(mean(scores.slice(-3))).toBeGreaterThan(0.6);
    expect(Math.abs(metrics[0]!["objective/kl"]!)).toBeLessThan(1e-3);
    expect(metrics.at(-1)!["objective/kl"]).toBeGreaterThan(1);
    expect(metrics.at(-1)!["objective/entropy"]).toBeLessThan(metrics[0]!["objective/entropy"]!);
    await loop.release();
  });

  it("stays at the reference when leaving it costs more than the reward is worth", async () => {
    const free = open({ steps: 12, batch: 16 });
    const held = open({ steps: 12, batch: 16, klCoefficient: 5 });
    const divergence = async (loop: OpenedLoop) => (await take(loop)).at(-1)!.metrics["objective/kl"]!;
    expect(Math.abs(await divergence(held))).toBeLessThan(0.5 * (await divergence(free)));
    await free.release();
    await held.release();
  });

  it("reports TRL's metrics, and takes the penalty for replies without an end from what is learnt alone", async () => {
    const loop = open({ steps: 1, missingEndPenalty: 3 });
    const [only] = await take(loop);
    expect(Object.keys(only!.metrics)).toEqual([
      "objective/kl",
      "objective/entropy",
      "objective/non_score_reward",
      "objective/scores",
      "objective/rlhf_reward",
      "val/num_eos_tokens",
      "val/length",
      "loss/policy_avg",
      "loss/value_avg",
      "policy/clipfrac_avg",
      "policy/approxkl_avg",
      "learning_rate",
      "grad_norm",
    ]);
    expect(only!.metrics["objective/scores"]).toBeGreaterThanOrEqual(0);
    await loop.release();
  });
});
