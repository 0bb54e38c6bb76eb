// The size of a training by reward: what stands beside its updates is counted, and parts of an update make it smaller.

import { describe, expect, it } from "vitest";
import { parameterCount } from "../transformer/index.ts";
import { type PolicyLoad, policySize } from "./policy-size.ts";
import { sizedModel } from "./sized-model.fixture.ts";

const config = sizedModel;

const memory = (change: Partial<PolicyLoad> = {}, settings: Partial<PolicyLoad["settings"]> = {}): number =>
  policySize(config, {
    replies: 64,
    prompt: 100,
    maxTokens: 100,
    hasReference: true,
    helpers: [],
    ...change,
    settings: { minibatches: 2, accumulation: 1, ...settings },
  }).memory;

describe("the size of a training by reward", () => {
  it("counts the reference and what gives the reward; with adapters the reference is the policy's own body", () => {
    const model = 4 * parameterCount(config, "causal-lm");
    expect(memory() - memory({ hasReference: false })).toBe(model);
    expect(memory({ helpers: [config, config] }) - memory()).toBe(2 * model);
    const lora = { rank: 8, alpha: 16, rsLora: false, targets: ["q_proj"] };
    expect(memory({}, { lora })).toBe(memory({ hasReference: false }, { lora }));
  });

  it("shrinks with the parts of an update, and with more updates a step", () => {
    expect(memory({}, { accumulation: 4 })).toBeLessThan(memory());
    expect(memory({}, { minibatches: 8 })).toBeLessThan(memory());
    expect(memory({ replies: 128 })).toBeGreaterThan(memory());
    // what is looked at is sampled and read at once
    expect(memory({ replies: 8, heldOut: 64 })).toBeGreaterThan(memory({ replies: 8 }));
    expect(memory({ heldOut: 64 })).toBe(memory());
  });
});
