// PPO: a reward that is easy to get is got, the penalty holds the policy back, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { InterruptedError } from "../core/index.ts";
import { createGenerator, createModelState, createScorer } from "../transformer/index.ts";
import { createKlControl, type KlControlOptions } from "./kl-control.ts";
import {
  describeDivergence,
  describeLoop,
  freshModel,
  type OpenedLoop,
  smallConfig,
  take,
} from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { createPpoTrainer, type PpoOptions, trainPpo } from "./ppo.ts";
import type { RewardFunction } from "./rewards.ts";

/** The share of token 40 in a reply. */
const shareOfForty: RewardFunction = async (items) =>
  items.map(({ branches: [reply] }) => reply!.filter((id) => id === 40).length / reply!.length);

type Change = Partial<PpoOptions> & {
  readonly kl?: Partial<KlControlOptions>;
  /** Layers are computed again in the backward pass. */
  readonly checkpointing?: boolean;
};

/** A few replies a step are enough for what all loops do. */
const few = { batch: 4, minibatches: 2, epochs: 1 };

const open = ({ kl, checkpointing = false, ...change }: Change = {}): OpenedLoop => {
  const head = { "score.weight": { shape: [1, 32], data: new Float32Array(32) } };
  const state = createModelState(smallConfig, { ...freshModel().weights, ...head }, { checkpointing });
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
    accumulation: 1,
    epochs: 2,
    maxTokens: 6,
    endToken: 0,
    missingEndPenalty: 0,
    klControl: createKlControl({ initial: 0.01, gain: 0.1, ...kl }),
    klEstimator: "k1",
    whitenRewards: false,
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

describeLoop("PPO", async () => open(few));

describeDivergence(
  "PPO",
  async (peak) =>
    open({
      ...few,
      // replies of equal worth that the reference gives the same probabilities would teach nothing
      reward: async (items) => items.map((_, at) => at),
      schedule: { kind: "constant", peak, warmupSteps: 0 },
    }),
  "Step 1, update 2",
);

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("PPO", () => {
  it("raises the mean score, and moves away from the reference for it", async () => {
    const loop = open({ steps: 20, batch: 24 });
    const metrics = (await take(loop)).map((step) => step.metrics);
    const scores = metrics.map((step) => step["objective/scores"]!);
    expect(mean(scores.slice(0, 3))).toBeLessThan(0.1);
    expect(mean(scores.slice(-3))).toBeGreaterThan(0.6);
    expect(Math.abs(metrics[0]!["objective/kl"]!)).toBeLessThan(1e-3);
    expect(metrics.at(-1)!["objective/kl"]).toBeGreaterThan(1);
    expect(metrics.at(-1)!["objective/entropy"]).toBeLessThan(metrics[0]!["objective/entropy"]!);
    await loop.release();
  });

  it("learns the same bytes with layers that are computed again in the backward pass", async () => {
    const [kept, again] = [open({ ...few, steps: 1 }), open({ ...few, steps: 1, checkpointing: true })];
    expect(await take(again)).toEqual(await take(kept));
    expect(again.state.weights).toEqual(kept.state.weights);
    await Promise.all([kept.release(), again.release()]);
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
    const free = open({ steps: 12, batch: 16, kl: { initial: 0 } });
    expect(mean((await divergences(free)).slice(-2))).toBeGreaterThan(2);
    const held = open({ steps: 12, batch: 16, kl: { initial: 5 } });
    expect(Math.abs(mean((await divergences(held)).slice(-3)))).toBeLessThan(0.3);
    // what went away comes back for the penalty's sake alone
    const reward: RewardFunction = async (items) => items.map(() => 0);
    const back = open({ steps: 12, batch: 16, kl: { initial: 0.5 }, reward });
    Object.assign(back.state.weights, free.state.weights);
    const found = await divergences(back);
    expect(found[0]).toBeGreaterThan(2);
    expect(Math.abs(mean(found.slice(-3)))).toBeLessThan(0.5);
    await Promise.all([free, held, back].map((loop) => loop.release()));
  });

  it("reports TRL's metrics, in which score, penalty and their sum agree", async () => {
    const loop = open({ steps: 2, kl: { initial: 0.7 } });
    const [, only] = await take(loop);
    // so few prompts have no opening_share
    expect(Object.keys(only!.metrics)).toEqual([
      "objective/kl",
      "objective/entropy",
      "objective/non_score_reward",
      "objective/rlhf_reward",
      "objective/scores",
      "objective/kl_coef",
      "val/num_eos_tokens",
      "val/length",
      "policy/approxkl_avg",
      "policy/clipfrac_avg",
      "loss/policy_avg",
      "loss/value_avg",
      "val/clipfrac_avg",
      "policy/entropy_avg",
      "val/ratio",
      "val/ratio_var",
      "lr",
      "episode",
      "grad_norm",
    ]);
    const { metrics } = only!;
    expect(metrics["objective/kl"]).not.toBe(0);
    expect(metrics["objective/non_score_reward"]).toBeCloseTo(-0.7 * metrics["objective/kl"]!, 6);
    const both = metrics["objective/scores"]! + metrics["objective/non_score_reward"]!;
    expect(metrics["objective/rlhf_reward"]).toBeCloseTo(both, 6);
    await loop.release();
  });

  it("takes the penalty for replies without an end from their score", async () => {
    const reward: RewardFunction = async (items) => items.map(() => 0);
    const once = { steps: 1, epochs: 1, minibatches: 1, batch: 16, kl: { initial: 0 }, lambda: 1, reward };
    const metricsOf = async (missingEndPenalty: number) => {
      const loop = open({ ...once, missingEndPenalty });
      const [only] = await take(loop);
      await loop.release();
      return only!.metrics;
    };
    const [free, fined, twice] = [await metricsOf(0), await metricsOf(3), await metricsOf(6)];
    const cut = 16 - fined["val/num_eos_tokens"]!;
    expect(cut).toBeGreaterThan(0);
    expect(cut).toBeLessThan(16);
    expect([free, fined, twice].map((metrics) => metrics["objective/scores"])).toEqual([
      0,
      (-3 * cut) / 16,
      (-6 * cut) / 16,
    ]);
    // values begin at 0: every token of a fined reply is off by the penalty, every other by nothing
    expect(free["loss/value_avg"]).toBeCloseTo(0, 6);
    expect(twice["loss/value_avg"]! / fined["loss/value_avg"]!).toBeCloseTo(4, 4);
  });

  it.each([
    [
      "a reward that is no number",
      "reward-not-finite",
      { reward: async (items) => items.map(() => Number.NaN) },
    ],
    ["too few rewards", "reward-count", { reward: async () => [1] }],
  ] as const satisfies readonly (readonly [string, string, Change])[])(
    "stops at %s, and names the step",
    async (_, code, change) => {
      const loop = open({ ...change });
      await expect(take(loop)).rejects.toMatchObject({ code, message: expect.stringContaining("Step 1:") });
      await loop.release();
    },
  );

  it("stops at weights that are no numbers, and names the step", async () => {
    const loop = open();
    loop.state.weights["score.weight"]!.data.fill(Number.NaN);
    await expect(take(loop)).rejects.toMatchObject({
      code: "training-diverged",
      message: expect.stringMatching(/^Step 1, update 1: the loss is NaN/),
    });
    loop.state.weights["model.norm.weight"]!.data.fill(Number.NaN);
    await expect(take(loop)).rejects.toThrow(/^Step 1: the policy/);
    await loop.release();
  });
});

describe("PPO with an adaptive coefficient", () => {
  it("raises the price where the divergence is above its target, and lowers it below", async () => {
    const loop = open({ steps: 6, batch: 16, kl: { initial: 0.1, target: 0.05, gain: 0.5 } });
    const metrics = (await take(loop)).map((step) => step.metrics);
    await loop.release();
    const prices = metrics.map((step) => step["objective/kl_coef"]!);
    const divergences = metrics.map((step) => step["objective/kl"]!);
    // both ways occur: the policy starts at the reference and leaves it
    expect(divergences.slice(0, -1).some((kl) => kl > 0.05)).toBe(true);
    expect(divergences[0]).toBeLessThan(0.05);
    prices.slice(1).forEach((price, at) => {
      const error = Math.max(-0.2, Math.min(0.2, divergences[at]! / 0.05 - 1));
      expect(price / prices[at]!).toBeCloseTo(1 + 0.5 * error, 5);
    });
  });
});

describeLoop("PPO with an adaptive coefficient", async () => {
  const control = createKlControl({ initial: 0.1, target: 0.5, gain: 0.5 });
  const loop = open({ ...few, klControl: control });
  // the coefficient comes back from disk beside the moments: see stages/loop.ts
  const { trainer } = loop;
  return {
    ...loop,
    trainer: {
      snapshot: () => ({
        ...trainer.snapshot(),
        moments: {
          ...trainer.snapshot().moments,
          kl: { first: Float32Array.of(control.value()), second: new Float32Array() },
        },
      }),
      restore({ step, moments: { kl, ...moments } }) {
        trainer.restore({ step, moments });
        control.restore(kl!.first[0]!);
      },
    },
  };
});

describe("PPO with prompts kept out", () => {
  const kept = [
    [2, 20, 3],
    [2, 21, 22, 3],
  ];
  const heldOut = (every: number, klCoefficient = 0.01) => ({ prompts: kept, every, klCoefficient });
  const evaluated = (metrics: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(metrics).filter(([name]) => name.startsWith("eval_")));

  it("looks at them every so many steps and after the last, and learns what it learns without", async () => {
    const steps = { ...few, steps: 3, kl: { initial: 0.1, target: 0.05, gain: 0.5 } };
    const [plain, looked] = [open(steps), open({ ...steps, heldOut: heldOut(2) })];
    const [one, other] = [await take(plain), await take(looked)];
    const without = other.map(({ step, metrics }) => ({
      step,
      metrics: Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith("eval_"))),
    }));
    expect(without).toEqual(one);
    expect(looked.state.weights).toEqual(plain.state.weights);
    const looks = other.filter(({ metrics }) => Object.keys(evaluated(metrics)).length > 0);
    expect(looks.map(({ step }) => step)).toEqual([1, 2]);
    await Promise.all([plain.release(), looked.release()]);
  });

  it("samples no other prompts, with the same seeds at every look, and prices all looks alike", async () => {
    const seen: { prompts: string[]; seeds: number[] }[] = [];
    const state = freshModel();
    const inner = createGenerator(state);
    const generator: typeof inner = {
      ...inner,
      generate(requests, options) {
        seen.push({
          prompts: requests.map(({ prompt }) => prompt.join(" ")),
          seeds: requests.map(({ seed }) => seed!),
        });
        return inner.generate(requests, options);
      },
    };
    const kl = { initial: 0.1, target: 0.05, gain: 0.5 };
    const loop = open({ ...few, steps: 2, generator, kl, heldOut: heldOut(1, 0.7) });
    const metrics = (await take(loop)).map((step) => step.metrics);
    const [, first, learned, second] = seen;
    expect(first!.prompts).toEqual(kept.map((prompt) => prompt.join(" ")));
    expect(second).toEqual(first);
    expect(learned!.seeds).not.toEqual(seen[0]!.seeds);
    for (const { prompts } of [seen[0]!, learned!])
      expect(prompts.filter((prompt) => first!.prompts.includes(prompt))).toEqual([]);
    for (const step of metrics) {
      expect(step["eval_objective/kl_coef"]).toBeCloseTo(0.7, 6);
      expect(step["eval_objective/rlhf_reward"]).toBeCloseTo(
        step["eval_objective/scores"]! - 0.7 * step["eval_objective/kl"]!,
        5,
      );
    }
    await Promise.all([loop.release(), inner.release()]);
  });

  it("sees the objective rise, replies end or not, and the divergence grow", async () => {
    // of two replies, the difference would be chance
    const many = Array.from({ length: 24 }, () => kept).flat();
    const loop = open({ steps: 20, batch: 24, heldOut: { ...heldOut(10), prompts: many } });
    const looks = (await take(loop))
      .map(({ metrics }) => evaluated(metrics))
      .filter((look) => "eval_val/length" in look);
    expect(looks).toHaveLength(2);
    const [first, last] = looks as [Record<string, number>, Record<string, number>];
    expect(last["eval_objective/rlhf_reward"]).toBeGreaterThan(first["eval_objective/rlhf_reward"]!);
    expect(last["eval_objective/kl"]).toBeGreaterThan(0.5);
    for (const look of looks) {
      expect(look["eval_val/ended_share"]).toBe(look["eval_val/num_eos_tokens"]! / many.length);
      expect(look["eval_val/length"]).toBeGreaterThan(0);
    }
    await loop.release();
  });
});

describeLoop("PPO with prompts kept out", async () =>
  open({ ...few, heldOut: { prompts: [[2, 20, 3]], every: 2, klCoefficient: 0.01 } }),
);
