// PPO: a reward that is easy to get is got, the penalty holds the policy back, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import { createGenerator, createModelState, createScorer } from "../transformer/index.ts";
import { describeLoop, freshModel, type OpenedLoop, smallConfig, take } from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createKlControl, type KlControlOptions } from "./kl-control.ts";
import { createPpoTrainer, type PpoOptions, trainPpo } from "./ppo.ts";
import type { RewardFunction } from "./rewards.ts";

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

  it("stops while the reference reads, when it is aborted then", async () => {
    const abort = new AbortController();
    const scorer = createScorer(freshModel());
    const reference: typeof scorer = {
      ...scorer,
      tokens(items, options) {
        abort.abort();
        return scorer.tokens(items, options);
      },
    };
    const rewarded: number[] = [];
    const reward: RewardFunction = async (items) => {
      rewarded.push(items.length);
      return items.map(() => 0);
    };
    const loop = open({ reference, reward, signal: abort.signal });
    await expect(take(loop)).rejects.toBeInstanceOf(InterruptedError);
    expect(rewarded).toEqual([]);
    await Promise.all([loop.release(), scorer.release()]);
  });

  it("stays at the reference when leaving it costs more than the reward is worth, and goes back to it", async () => {
    const divergences = async (loop: OpenedLoop) =>
      (await take(loop)).map(({ metrics }) => metrics["objective/kl"]!);
    const free = open({ steps: 12, batch: 16, klCoefficient: 0 });
    expect(mean((await divergences(free)).slice(-2))).toBeGreaterThan(2);
    const held = open({ steps: 12, batch: 16, klCoefficient: 5 });
    expect(Math.abs(mean((await divergences(held)).slice(-3)))).toBeLessThan(0.3);
    // what went away comes back for the penalty's sake alone
    const reward: RewardFunction = async (items) => items.map(() => 0);
    const back = open({ steps: 8, batch: 16, klCoefficient: 0.5, reward });
    Object.assign(back.state.weights, free.state.weights);
    const found = await divergences(back);
    expect(found[0]).toBeGreaterThan(2);
    expect(Math.abs(mean(found.slice(-3)))).toBeLessThan(0.5);
    await Promise.all([free, held, back].map((loop) => loop.release()));
  });

  it("reports TRL's metrics, in which score, penalty and their sum agree", async () => {
    const loop = open({ steps: 2, klCoefficient: 0.7 });
    const [, only] = await take(loop);
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
    const { metrics } = only!;
    expect(metrics["objective/kl"]).not.toBe(0);
    expect(metrics["objective/non_score_reward"]).toBeCloseTo(-0.7 * metrics["objective/kl"]!, 6);
    const both = metrics["objective/scores"]! + metrics["objective/non_score_reward"]!;
    expect(metrics["objective/rlhf_reward"]).toBeCloseTo(both, 6);
    await loop.release();
  });

  it("takes the penalty for replies without an end from what is learnt, and not from the score it reports", async () => {
    const reward: RewardFunction = async (items) => items.map(() => 0);
    const once = { steps: 1, epochs: 1, minibatches: 1, batch: 16, klCoefficient: 0, lambda: 1, reward };
    const metricsOf = async (missingEndPenalty: number) => {
      const loop = open({ ...once, missingEndPenalty });
      const [only] = await take(loop);
      await loop.release();
      return only!.metrics;
    };
    const [fined, free] = [await metricsOf(3), await metricsOf(0)];
    expect([fined["objective/scores"], free["objective/scores"]]).toEqual([0, 0]);
    // values begin at 0: every token of a fined reply (6 tokens, no end among them) is off by 3, every other by nothing
    const [ends, length] = [fined["val/num_eos_tokens"]!, fined["val/length"]!];
    expect(ends).toBeGreaterThan(0);
    expect(fined["loss/value_avg"]).toBeCloseTo((0.5 * 3 ** 2 * 6 * (16 - ends)) / (16 * length), 4);
    expect(free["loss/value_avg"]).toBeCloseTo(0, 6);
  });
});
