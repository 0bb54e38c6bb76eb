// The size of a training by reward: what stands beside its updates is counted, and parts of an update make it smaller.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parameterCount, parseModelConfig } from "../../transformer/index.ts";
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

const tiny = parseModelConfig(
  JSON.parse(readFileSync(new URL("../../../assets/covenant-tiny/config.json", import.meta.url), "utf8")),
);

describe("the size of a training by reward", () => {
  // the process's peak in 10 and in 15 steps (docs/experiments.md)
  it.each([
    [64, 1662],
    [8, 703],
  ])(
    "is within a third of what PPO of covenant-tiny took with %d replies a step: %d MiB",
    (replies, peak) => {
      const settings = { minibatches: 2, accumulation: 1 };
      const load = {
        replies,
        prompt: 32,
        maxTokens: 80,
        hasReference: true,
        helpers: [{ config: tiny }],
        settings,
      };
      const ratio = policySize(tiny, load).memory / 2 ** 20 / peak;
      expect(ratio).toBeGreaterThan(2 / 3);
      expect(ratio).toBeLessThan(4 / 3);
    },
  );

  it("counts the reference and what gives the reward; with adapters the reference is the policy's own body", () => {
    const model = 4 * parameterCount(config, "causal-lm");
    const reference = memory() - memory({ hasReference: false });
    expect(reference).toBeGreaterThan(model);
    expect(memory({ helpers: [{ config }, { config }] }) - memory()).toBe(2 * model);
    const held = (load: "4bit" | "8bit"): number => memory({ helpers: [{ config, load }] }) - memory();
    expect(held("8bit")).toBeLessThan(model / 2);
    expect(held("4bit")).toBeLessThan(held("8bit"));
    const lora = { rank: 8, alpha: 16, rsLora: false, targets: ["q_proj"] };
    // what it reads takes memory all the same
    const reads = memory({}, { lora }) - memory({ hasReference: false }, { lora });
    expect(reads).toBeGreaterThan(0);
    expect(reference - reads).toBe(model);
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
