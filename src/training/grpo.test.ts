// GRPO and RLOO: a reward that is easy to get is got, the penalty holds the policy back, no reference is asked where
// there is no penalty, rewards add up by weight, and the loop can be continued.

import { describe, expect, it } from "vitest";
import { createGenerator, createModelState, createScorer } from "../transformer/index.ts";
import { createGrpoTrainer, type GrpoLossOptions, type GrpoOptions, trainGrpo } from "./grpo.ts";
import {
  describeDivergence,
  describeLoop,
  freshModel,
  type OpenedLoop,
  smallConfig,
  take,
} from "./loop.fixture.ts";
import { defaultAdamW } from "./optimiser.ts";
import { endReward, type NamedReward, rewardOfTokens } from "./rewards.ts";

/** The share of token 40 in a reply. */
const shareOfForty = rewardOfTokens("forty", async (items) =>
  items.map(({ branches: [reply] }) => reply!.filter((id) => id === 40).length / reply!.length),
);

type Change = Partial<GrpoOptions & GrpoLossOptions> & {
  /** Layers are computed again in the backward pass. */
  readonly checkpointing?: boolean;
};

const open = ({ checkpointing = false, ...change }: Change = {}): OpenedLoop => {
  const state = createModelState(smallConfig, { ...freshModel().weights }, { checkpointing });
  const [generator, policy, reference] = [
    createGenerator(state),
    createScorer(state),
    createScorer(freshModel()),
  ];
  const loss = {
    estimator: "grpo" as const,
    beta: 0.01,
    clipLow: 0.2,
    clipHigh: 0.2,
    klCorrection: true,
    ...change,
  };
  const trainer = createGrpoTrainer(state, defaultAdamW, loss);
  const options: GrpoOptions = {
    trainer,
    generator,
    policy,
    reference,
    rewards: [shareOfForty],
    prompts: [
      [2, 10, 3],
      [2, 11, 12, 3],
      [2, 13, 3],
    ],
    steps: 4,
    batch: 2,
    group: 4,
    minibatches: 2,
    accumulation: 1,
    iterations: 2,
    scale: "group",
    lossType: "dapo",
    maxTokens: 6,
    endToken: 0,
    seed: 9,
    schedule: { kind: "constant", peak: 0.003, warmupSteps: 0 },
    padding: 1,
    ...loss,
    ...change,
  };
  return {
    state,
    trainer,
    run: (start) => trainGrpo({ ...options, start }),
    async release() {
      await Promise.all([trainer, generator, policy, reference].map((one) => one.release()));
    },
  };
};

describeLoop("GRPO", async () => open({ iterations: 1 }));

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each([
  ["GRPO", {}],
  ["RLOO", { estimator: "rloo", scale: "none" }],
] as const)("%s", (name, change) => {
  describeDivergence(
    name,
    async (peak) => open({ ...change, schedule: { kind: "constant", peak, warmupSteps: 0 } }),
    "Step 1, update 2",
  );

  it("raises the mean reward, and moves away from the reference for it", async () => {
    const loop = open({ ...change, steps: 16, batch: 6 });
    const metrics = (await take(loop)).map((step) => step.metrics);
    const rewards = metrics.map(({ reward }) => reward!);
    expect(mean(rewards.slice(0, 3))).toBeLessThan(0.1);
    expect(mean(rewards.slice(-3))).toBeGreaterThan(0.5);
    expect(Math.abs(metrics[0]!["kl"]!)).toBeLessThan(0.1);
    expect(metrics.at(-1)!["kl"]).toBeGreaterThan(0.2);
    expect(metrics.at(-1)!["entropy"]).toBeLessThan(metrics[0]!["entropy"]!);
    await loop.release();
  });

  it("stays at the reference when leaving it costs more than the reward is worth", async () => {
    const loop = open({ ...change, steps: 8, batch: 4, iterations: 1, beta: 5 });
    const found = (await take(loop)).map(({ metrics }) => metrics["kl"]!);
    expect(Math.abs(mean(found.slice(-3)))).toBeLessThan(0.1);
    await loop.release();
  });
});

describe("GRPO", () => {
  it("learns the same bytes with layers that are computed again in the backward pass", async () => {
    const [kept, again] = [open({ steps: 1 }), open({ steps: 1, checkpointing: true })];
    expect(await take(again)).toEqual(await take(kept));
    expect(again.state.weights).toEqual(kept.state.weights);
    await Promise.all([kept.release(), again.release()]);
  });

  it("asks no reference where beta is 0", async () => {
    const loop = open({ beta: 0, reference: null, steps: 1 });
    const [only] = await take(loop);
    expect(only!.metrics).not.toHaveProperty("kl");
    await loop.release();
  });

  it("adds rewards by their weights, and tells each by its name", async () => {
    const constant = (name: string, value: number, weight: number): NamedReward =>
      rewardOfTokens(name, async (items) => items.map(() => value), weight);
    const rewards = [constant("one", 3, 2), constant("other", 5, -1), endReward(10)];
    const loop = open({ rewards, steps: 1 });
    const [only] = await take(loop);
    const { metrics } = only!;
    expect(metrics).toMatchObject({ "rewards/one/mean": 3, "rewards/other/mean": 5, "rewards/one/std": 0 });
    expect(metrics["rewards/end/mean"]).toBeCloseTo(-metrics["completions/clipped_ratio"]!, 9);
    expect(metrics["reward"]).toBeCloseTo(1 - 10 * metrics["completions/clipped_ratio"]!, 9);
    await loop.release();
  });

  it("learns nothing from groups that are rewarded alike, and says how many there are", async () => {
    const rewards = [rewardOfTokens("same", async (items) => items.map(() => 1))];
    const loop = open({ rewards, steps: 1, beta: 0, reference: null });
    const [only] = await take(loop);
    expect(only!.metrics).toMatchObject({ frac_reward_zero_std: 1, grad_norm: 0, reward_std: 0 });
    await loop.release();
  });

  it("gives a reward the replies of a prompt side by side, with the step they are of", async () => {
    const seen: { step: number; prompts: number[] }[] = [];
    const reward: NamedReward["reward"] = async (replies, { step }) => {
      seen.push({ step, prompts: replies.map(({ prompt }) => prompt) });
      return replies.map(() => 0);
    };
    const loop = open({ rewards: [{ name: "judge", weight: 1, reward }], steps: 2 });
    await take(loop);
    expect(seen.map(({ step }) => step)).toEqual([0, 1]);
    for (const { prompts } of seen) {
      expect(prompts).toHaveLength(8);
      expect(new Set(prompts.slice(0, 4)).size).toBe(1);
      expect(new Set(prompts.slice(4)).size).toBe(1);
    }
    await loop.release();
  });

  it("stops where a divergence on prompts kept out is no number, and names the step", async () => {
    const scorer = createScorer(freshModel());
    const reference: typeof scorer = {
      ...scorer,
      // of prompts kept out, what no model says: so far from the policy that its exponential overflows
      tokens: async (items, options) =>
        (await scorer.tokens(items, options)).map((lists, at) =>
          items[at]!.trunk.includes(20) ? lists.map((list) => list.fill(100)) : lists,
        ),
    };
    const heldOut = { prompts: [[2, 20, 3]], every: 2, rewards: [shareOfForty] };
    const loop = open({ reference, heldOut, iterations: 1 });
    await expect(take(loop)).rejects.toMatchObject({
      code: "training-diverged",
      message: expect.stringMatching(/^Step 2: eval_kl is Infinity/),
    });
    await Promise.all([loop.release(), scorer.release()]);
  });

  it("stops at a reward that is no number, and names the step and the reward", async () => {
    const rewards = [
      rewardOfTokens("judge", async (items) => items.map((_, at) => (at === 2 ? Number.NaN : 0))),
    ];
    const loop = open({ rewards });
    await expect(take(loop)).rejects.toThrow(/^Step 1: the reward "judge" scored reply 3 of 8 with NaN/);
    await loop.release();
  });
});

describe.each([
  ["GRPO", {}],
  ["RLOO", { estimator: "rloo", scale: "none" }],
] as const)("%s with prompts kept out", (_, change) => {
  const prompts = [
    [2, 20, 3],
    [2, 21, 22, 3],
    [2, 23, 3],
  ];
  const withoutLooks = (steps: Awaited<ReturnType<typeof take>>) =>
    steps.map(({ step, metrics }) => ({
      step,
      metrics: Object.fromEntries(Object.entries(metrics).filter(([name]) => !name.startsWith("eval_"))),
    }));

  it("looks at them every so many steps and after the last, and learns what it learns without", async () => {
    const heldOut = { prompts, every: 2, rewards: [shareOfForty, endReward(0.5)] };
    const few = { ...change, steps: 3, iterations: 1, minibatches: 1 };
    const [plain, looked] = [open(few), open({ ...few, heldOut })];
    const [one, other] = [await take(plain), await take(looked)];
    expect(withoutLooks(other)).toEqual(one);
    expect(looked.state.weights).toEqual(plain.state.weights);
    const looks = other.filter(({ metrics }) => "eval_reward" in metrics);
    expect(looks.map(({ step }) => step)).toEqual([1, 2]);
    for (const { metrics } of looks) {
      const { eval_reward: reward, eval_kl: kl, eval_objective: objective } = metrics;
      // of RLOO the price is of a reply, of GRPO of a token
      const priced = kl! * ("estimator" in change ? metrics["eval_completions/mean_length"]! : 1);
      expect(objective).toBeCloseTo(reward! - 0.01 * priced, 5);
      const ends = metrics["eval_rewards/end/mean"]!;
      expect(ends).toBeCloseTo(-metrics["eval_completions/clipped_ratio"]!, 6);
      expect(reward).toBeCloseTo(metrics["eval_rewards/forty/mean"]! + 0.5 * ends, 6);
    }
    await Promise.all([plain.release(), looked.release()]);
  });

  it("shows one reply to each, and knows no divergence where no reference is asked", async () => {
    const seen: number[][] = [];
    const reward: NamedReward["reward"] = async (replies) => {
      seen.push(replies.map(({ prompt }) => prompt));
      return replies.map(() => 0.25);
    };
    const heldOut = { prompts, every: 1, rewards: [{ name: "own", weight: 1, reward }] };
    const loop = open({ ...change, beta: 0, reference: null, steps: 1, heldOut });
    const [only] = await take(loop);
    expect(seen).toEqual([[0, 1, 2]]);
    expect(only!.metrics).toMatchObject({ eval_reward: 0.25, eval_objective: 0.25 });
    expect(only!.metrics).not.toHaveProperty("eval_kl");
    await loop.release();
  });
});
