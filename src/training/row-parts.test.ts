// Rows computed a packed row at a time: when, and which together.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addAdapters, createModelState, type ModelConfig } from "../transformer/index.ts";
import { freshModel, smallConfig } from "./loop.fixture.ts";
import { packedParts, packedRowOf, packedRowTime } from "./row-parts.ts";

/** In the shape of SmolLM2-135M. */
const config: ModelConfig = {
  ...{ ...smallConfig, vocabularySize: 49_152, hiddenSize: 576, intermediateSize: 1536 },
  ...{ layers: 30, heads: 9, keyValueHeads: 3, headSize: 64 },
};
const lengths = Array.from({ length: 40 }, (_, at) => 60 + ((at * 197) % 451));
const adapters = 5_000_000;
const usual = { lengths, part: 4, trainable: adapters, checkpointing: false };

describe("a packed row at a time", () => {
  it("is for large models with adapters whose rows differ in length", () => {
    expect(packedRowTime(config, usual)).toBe(512);
    expect(packedRowTime(config, { ...usual, lengths: lengths.map(() => 500) })).toBeNull();
    expect(packedRowTime(config, { ...usual, part: 1 })).toBeNull();
    // one long row would make every part as long
    expect(packedRowTime(config, { ...usual, lengths: [...lengths, 2000] })).toBeNull();
    expect(packedRowTime(config, { ...usual, trainable: 135_000_000 })).toBeNull();
    expect(packedRowTime(config, { ...usual, checkpointing: true })).toBeNull();
    expect(packedRowTime({ ...config, hiddenSize: 64, intermediateSize: 128, layers: 3 }, usual)).toBeNull();
  });

  it("is not for a small model", () => {
    const lora = { rank: 2, alpha: 4, targets: ["q_proj"] };
    const state = createModelState(smallConfig, addAdapters(smallConfig, freshModel().weights, lora, 1));
    const rows = lengths.map((length) => ({ trunk: [1], branches: [Array<number>(length - 1).fill(2)] }));
    expect(packedRowOf(state, rows, 32, (item) => item)).toEqual({});
  });

  it("holds every row once, and none too many", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (sizes) => {
        const rows = sizes.map((size, at) => ({ size, at }));
        const parts = packedParts(rows, { time: 64, tokens: ({ size }) => size });
        expect(
          parts
            .flat()
            .map(({ at }) => at)
            .sort((a, b) => a - b),
        ).toEqual(rows.map(({ at }) => at));
        for (const part of parts)
          expect(part.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(64);
        // no two parts would fit into one
        const full = parts.map((part) => part.reduce((sum, { size }) => sum + size, 0));
        expect(full.filter((size) => size <= 32).length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
