// Which adapters training goes on with, what it is told otherwise, and what it is trained over.

import { describe, expect, it } from "vitest";
import {
  addAdapters,
  createModelState,
  initialParameters,
  type LiveAdapter,
  type ModelConfig,
} from "../../transformer/index.ts";
import {
  baseOfAdapter,
  originOf,
  requireContinuable,
  requireSameAdapters,
  startingState,
} from "./adapter-start.ts";

const config: ModelConfig = {
  ...{ family: "llama", vocabularySize: 64, hiddenSize: 32, intermediateSize: 48, layers: 2 },
  ...{ heads: 4, keyValueHeads: 2, headSize: 8, normEpsilon: 1e-5, ropeTheta: 10_000, maxPositions: 64 },
  ...{ tieEmbeddings: true, beginTokenId: null, endTokenIds: [0], padTokenId: 1 },
};
const lora = { rank: 4, alpha: 8, rsLora: false, targets: ["q_proj", "v_proj"] };

const adapter = (change: Partial<LiveAdapter["specification"]> = {}, rank = 4): LiveAdapter => ({
  specification: {
    ...{ base: "/models/base", revision: null, task: null, rank: 4, alpha: 8, rsLora: false, dropout: 0 },
    ...{ scale: 2, rankPattern: {}, alphaPattern: {} },
    ...change,
  },
  baseFolder: "/models/base",
  whole: [],
  ranks: Object.fromEntries(
    [0, 1].flatMap((layer) =>
      ["q_proj", "v_proj"].map((name) => [`model.layers.${layer}.self_attn.${name}`, rank]),
    ),
  ),
  below: null,
});

describe("an adapter", () => {
  it("is gone on with where the settings are its own, whatever the dropout", () => {
    requireContinuable("./adapter", config, adapter(), lora);
    requireContinuable("./adapter", config, adapter({ dropout: 0.5 }), { ...lora, dropout: 0.1 });
  });

  it.each([
    [adapter(), { ...lora, rank: 8 }, /rank 4 \(lora\.rank is 8\)/],
    [adapter({ rankPattern: { q_proj: 2 } }, 2), lora, /rank 2 \(lora\.rank is 4\)/],
    [adapter(), { ...lora, alpha: 16 }, /alpha 8 \(lora\.alpha is 16\)/],
    [adapter({ rsLora: true }), lora, /rsLora true \(lora\.rsLora is false\)/],
    [
      adapter(),
      { ...lora, targets: ["all-linear"] },
      /targets q_proj, v_proj in 4 places \(lora\.targets is all-linear: 14 places\)/,
    ],
    [adapter(), { ...lora, targets: ["q_proj", "k_proj"] }, /targets q_proj, v_proj/],
    [adapter({ alphaPattern: { q_proj: 4 } }), lora, /alpha_pattern/],
    [{ ...adapter(), below: adapter() }, lora, /its base is an adapter, too/],
  ])("is refused otherwise (%#), with what differs and what to do", (own, asked, message) => {
    const attempt = () => requireContinuable("./adapter", config, own, asked);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(/^\.\/adapter is an adapter.*covenant export merge/);
  });

  it("of a run's fine-tuning is what later trainings must go on with", () => {
    requireSameAdapters(config, ["sft", lora], ["dpo", lora]);
    expect(() => requireSameAdapters(config, ["sft", lora], ["dpo", { ...lora, rank: 2 }])).toThrow(
      /sft\.load leaves an adapter, and dpo\.lora goes on with it; but sft\.lora has rank 4 \(lora\.rank is 2\)/,
    );
  });

  it("is trained over its own base, named as it names it", () => {
    const named = { ...adapter({ base: "owner/name", revision: "abc" }), baseFolder: "/cache/snapshots/abc" };
    expect(baseOfAdapter("/run/adapter", named)).toEqual({ base: "owner/name", revision: "abc" });
    expect(originOf("./adapter", "/run/adapter", { adapter: named })).toEqual({
      name: "hf:owner/name@abc",
      folder: "/cache/snapshots/abc",
    });
    const beside = { ...adapter({ base: "../model" }), baseFolder: "/run/model" };
    expect(originOf("./adapter", "/run/adapter", { adapter: beside })).toEqual({
      name: "/run/model",
      folder: "/run/model",
    });
    expect(originOf("./model", "/run/model", { adapter: null })).toEqual({
      name: "./model",
      folder: "/run/model",
    });
  });
});

describe("what a policy is held near", () => {
  const base = initialParameters(config, 1);
  const state = createModelState(config, addAdapters(config, base, lora, 1), { adapterScale: 2 });

  it("is the base alone where adapters are fresh, and the base with the adapter as it was where it goes on", () => {
    expect(startingState({ adapter: null }, state).weights).toEqual(base);
    const held = startingState({ adapter: adapter() }, state);
    const name = "model.layers.0.self_attn.q_proj.lora_A.weight";
    const before = state.weights[name]!;
    expect(held).toMatchObject({ adapterScale: 2 });
    expect(held.weights[name]!.data).toBe(before.data);
    state.weights[name] = { ...before, data: before.data.slice().fill(1) };
    expect(held.weights[name]!.data).toBe(before.data);
  });
});
