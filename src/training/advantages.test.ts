// Rewards, advantages and whitening against the definitions written out in torch.

import { describe, expect, it } from "vitest";
import {
  accumulateAdvantages,
  estimateAdvantages,
  type Rollout,
  tokenDivergence,
  tokenRewards,
  whiten,
} from "./advantages.ts";
import { distance, golden } from "./golden.fixture.ts";

const { replies, whitened } = golden.advantages;
const options = { ...golden.advantages.options, klEstimator: "k1" as const, whitenRewards: false };
const rollouts: Rollout[] = replies.map(({ policy, reference, values, score }) => ({
  policy: Float32Array.from(policy),
  reference: Float32Array.from(reference),
  values: Float32Array.from(values),
  score,
}));

/** Two tokens, and a place after the end. */
const ended: Rollout = {
  policy: Float32Array.of(-1, -2),
  reference: Float32Array.of(-2, -1),
  values: Float32Array.of(0, 0, 1),
  score: 3,
};

describe("advantages", () => {
  it("are the discounted sums of all later errors; returns lie above them by the value", () => {
    const { returns } = estimateAdvantages(rollouts, options);
    for (const [at, rollout] of rollouts.entries()) {
      const found = accumulateAdvantages(tokenRewards(rollout, options), rollout.values, options);
      expect(distance(found, replies[at]!.advantages)).toBeLessThan(1e-5);
      expect(distance(returns[at]!, replies[at]!.returns)).toBeLessThan(1e-5);
    }
  });

  it("with gamma and lambda 1 and no values are the rewards to come", () => {
    const reply = { ...ended, values: new Float32Array(2) };
    const rewards = tokenRewards(reply, { klCoefficient: 0.5, klEstimator: "k1" });
    expect([...rewards]).toEqual([-0.5, 3.5]);
    expect([...accumulateAdvantages(rewards, reply.values, { gamma: 1, lambda: 1 })]).toEqual([3, 3.5]);
  });

  it("of a reply that ended count the value after its end, where the score is given", () => {
    const rewards = tokenRewards(ended, { klCoefficient: 0.5, klEstimator: "k1" });
    expect([...rewards]).toEqual([-0.5, 0.5, 3]);
    // lambda 0: one step ahead alone; the score meets the value after the end, and nothing else
    expect([...accumulateAdvantages(rewards, ended.values, { gamma: 1, lambda: 0 })]).toEqual([-0.5, 1.5, 2]);
  });

  it("are whitened over all replies' tokens together", () => {
    const { advantages } = estimateAdvantages(rollouts, options);
    expect(advantages.map(({ length }) => length)).toEqual([1, 4, 7]);
    const flat = advantages.flatMap((list) => [...list]);
    expect(distance(flat, whitened)).toBeLessThan(1e-5);
    expect(whiten([])).toEqual([]);
    expect([...whiten([Float32Array.of(2, 2)])[0]!]).toEqual([0, 0]);
    const kept = whiten([Float32Array.of(5, 7)], { keepMean: true })[0]!;
    expect(distance(kept, [6 - Math.SQRT1_2, 6 + Math.SQRT1_2])).toBeLessThan(1e-6);
  });
});

describe("a token's divergence", () => {
  it("is the log-ratio (k1), or what is never negative (k3)", () => {
    expect([...tokenDivergence(ended, "k1")]).toEqual([1, -1]);
    const k3 = tokenDivergence(ended, "k3");
    expect(distance(k3, [Math.exp(-1), Math.E - 2])).toBeLessThan(1e-6);
  });
});
