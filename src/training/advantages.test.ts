// Rewards, advantages and whitening against the definitions written out in torch.

import { describe, expect, it } from "vitest";
import { estimateAdvantages, tokenRewards, whiten } from "./advantages.ts";
import { distance, golden } from "./golden.fixture.ts";

const { options, replies, whitened } = golden.advantages;
const rollouts = replies.map(({ policy, reference, values, score }) => ({
  policy: Float32Array.from(policy),
  reference: Float32Array.from(reference),
  values: Float32Array.from(values),
  score,
}));

describe("advantages", () => {
  it("are the discounted sums of all later errors; returns lie above them by the value", () => {
    for (const [at, rollout] of rollouts.entries()) {
      const { advantages, returns } = estimateAdvantages(rollout, options);
      expect(distance(advantages, replies[at]!.advantages)).toBeLessThan(1e-5);
      expect(distance(returns, replies[at]!.returns)).toBeLessThan(1e-5);
    }
  });

  it("with gamma and lambda 1 and no values are the rewards to come", () => {
    const reply = {
      policy: Float32Array.of(-1, -2),
      reference: Float32Array.of(-2, -1),
      values: new Float32Array(2),
      score: 3,
    };
    expect([...tokenRewards(reply, 0.5)]).toEqual([-0.5, 3.5]);
    const { advantages } = estimateAdvantages(reply, { klCoefficient: 0.5, gamma: 1, lambda: 1 });
    expect([...advantages]).toEqual([3, 3.5]);
  });

  it("are whitened over all replies together", () => {
    const lists = rollouts.map((rollout) => estimateAdvantages(rollout, options).advantages);
    const found = whiten(lists);
    expect(found.map(({ length }) => length)).toEqual([1, 4, 7]);
    expect(
      distance(
        found.flatMap((list) => [...list]),
        whitened,
      ),
    ).toBeLessThan(1e-5);
    expect(whiten([])).toEqual([]);
    expect([...whiten([Float32Array.of(2, 2)])[0]!]).toEqual([0, 0]);
  });
});
