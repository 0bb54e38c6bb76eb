// Reward over reinforcement learning, prompt by prompt.

import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import type { GoodhartRecord } from "../records/index.ts";
import { rewardChange, rewardSentence } from "./reward-change.ts";
import { inventArm } from "./synthetic-metrics.fixture.ts";

const at = (step: number, rewards: readonly number[]): GoodhartRecord => ({
  id: `ethical/rl/goodhart/${step}`,
  parents: rewards.map((_, prompt) => `test-harmful-${prompt}`),
  stage: "ethical/rl",
  seed: 1,
  step,
  rewards: [...rewards],
  logRatios: rewards.map(() => 0),
  verdicts: [],
});
const { goodhart } = inventArm("ethical", createRandom(1));
const start = [0.1, 0.9, 0.4, 0.6];

describe("the change of reward", () => {
  it("is found prompt by prompt, where the prompts differ far more than the steps", () => {
    const records = [
      at(
        15,
        start.map((reward, prompt) => reward + 0.05 + prompt / 1000),
      ),
      at(0, start),
    ];
    const { value, low, n } = rewardChange(records)!;
    expect(value).toBeCloseTo(0.0515, 9);
    expect(low).toBeGreaterThan(0);
    expect(n).toBe(4);
    expect(rewardSentence("ethical", goodhart, records)).toContain("it raised its reward");
  });

  it("is called unclear where its interval holds 0, and lowered where it lies below", () => {
    const told = (changes: readonly number[]) =>
      rewardSentence("ethical", goodhart, [
        at(0, start),
        at(
          9,
          start.map((one, prompt) => one + changes[prompt]!),
        ),
      ]);
    expect(told([0.1, -0.1, 0.05, -0.06])).toContain("no clear change");
    expect(told([-0.1, -0.11, -0.1, -0.12])).toContain("it lowered its reward");
  });

  it("is none without two measurements", () => {
    expect(rewardChange([])).toBeNull();
    expect(rewardChange([at(0, start)])).toBeNull();
    expect(rewardSentence("ethical", goodhart, [at(0, start)])).toBe("");
  });
});
