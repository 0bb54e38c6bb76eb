import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ModelConfig, parseModelConfig } from "../../transformer/index.ts";
import { planOf } from "../plans/plan.ts";
import { planPolicy } from "../plans/plan-training.ts";
import { askSeconds, type LearnedWork, learnSeconds, type ModelSpeed } from "./model-time.ts";

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const shapes = read("../../../bench/peers/shapes.json") as Record<string, object>;
const configs = {
  tiny: parseModelConfig(read("../../../assets/covenant-tiny/config.json")),
  gpt2: parseModelConfig({
    ...{ n_positions: 1024, n_embd: 768, n_layer: 12, n_head: 12, vocab_size: 50257 },
    ...{ layer_norm_epsilon: 1e-5, activation_function: "gelu_new", ...shapes["gpt2"] },
  }),
  llama: parseModelConfig(shapes["llama-135m"]),
} satisfies Record<string, ModelConfig>;
type Name = keyof typeof configs;
const speed = (name: Name, rate = 63e9): ModelSpeed => ({ config: configs[name], task: "causal-lm", rate });
const learned: LearnedWork = { rows: 64, tokens: 70, longest: 120, epochs: 1, batch: 16 };

describe("how long a model works", () => {
  // processor seconds on one thread of a machine whose products run at 63e9 operations a second (docs/experiments.md)
  it.each([
    ["tiny", { calls: 24, read: 400, written: 24 * 35 }, 1.5],
    ["tiny", { calls: 100, read: 4500, written: 0 }, 2.2],
    ["gpt2", { calls: 8, read: 130, written: 8 * 32 }, 7.8],
    ["llama", { calls: 8, read: 130, written: 8 * 32 }, 8.4],
    ["llama", { calls: 32, read: 1440, written: 0 }, 17.5],
  ] as const)("is within a factor of two of what was measured (%s asked %j: %d s)", (name, work, seconds) => {
    const ratio = askSeconds(speed(name), work) / seconds;
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it.each([
    ["tiny", { ...learned, rows: 32, batch: 32 }, 3],
    ["tiny", { ...learned, rows: 100, batch: 32, epochs: 4 }, 12.5],
    ["gpt2", { ...learned, rows: 16, batch: 8, lora: {} }, 30.5],
    ["llama", { ...learned, rows: 16, batch: 8, lora: {} }, 40],
  ] as const)(
    "is within a factor of two of what was measured (%s learned %j: %d s)",
    (name, work, seconds) => {
      const ratio = learnSeconds(speed(name), work) / seconds;
      expect(ratio).toBeGreaterThan(0.5);
      expect(ratio).toBeLessThan(2);
    },
  );

  it.each([
    ["3 steps of 64 replies", { steps: 3 }, 16.9],
    ["8 steps of 8", { steps: 8, replies: 8 }, 10],
    ["3 steps of 64 on adapters", { steps: 3, lora: {} }, 14.1],
  ])("is within a factor of two of what PPO was measured at (%s)", (_, change, seconds) => {
    const policy = speed("tiny");
    const usual = { replies: 64, epochs: 1, minibatches: 2, maxTokens: 80, hasReference: true };
    const speeds = { speed: policy, reward: { ...policy, task: "sequence-classification" as const } };
    const plan = planPolicy("rl", { mean: 22, longest: 32 }, { ...usual, ...speeds, ...change });
    const ratio = planOf(plan).seconds! / seconds;
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  it("draws tokens no faster where products have several threads", () => {
    const work = { calls: 64, read: 1000, written: 64 * 35 };
    const [one, two] = [speed("tiny"), { ...speed("tiny", 126e9), threads: 2 }].map((own) =>
      askSeconds(own, work),
    ) as [number, number];
    expect(two).toBeLessThan(one);
    expect(two).toBeGreaterThan(0.7 * one);
  });

  it("has little to do with the work where that is small", () => {
    const small = learnSeconds(speed("llama"), { ...learned, rows: 1, lora: {} });
    expect(small).toBeGreaterThan(5);
    const once = learnSeconds(speed("tiny"), { ...learned, rows: 16 });
    expect(learnSeconds(speed("tiny"), { ...learned, rows: 32 })).toBeLessThan(2 * once);
  });

  it("grows with epochs, checkpointing, a reference and weights that learn, and falls with the machine's rate", () => {
    const seconds = (change: Partial<LearnedWork>, rate = 63e9): number =>
      learnSeconds(speed("llama", rate), { ...learned, lora: {}, ...change });
    const base = seconds({});
    expect(seconds({ epochs: 3 })).toBeGreaterThan(2 * base);
    expect(seconds({ gradientCheckpointing: true })).toBeGreaterThan(1.3 * base);
    expect(seconds({ reference: true })).toBeGreaterThan(1.2 * base);
    expect(seconds({ lora: undefined })).toBeGreaterThan(1.3 * base);
    expect(seconds({ longest: 900 })).toBeGreaterThan(base);
    expect(seconds({}, 126e9)).toBeLessThan(0.7 * base);
    expect(seconds({ accumulation: 4 })).toBeLessThan(2 * base);
  });

  it("takes as long for one reply as for a few, and longer for replies that come after another", () => {
    const seconds = (calls: number, batch?: number): number =>
      askSeconds(speed("llama"), { calls, read: calls * 20, written: calls * 100 }, batch);
    expect(seconds(4)).toBeLessThan(2 * seconds(1));
    expect(seconds(64, 4)).toBeGreaterThan(1.5 * seconds(64));
  });
});
