// Rows computed a packed row at a time: when, and which together; and the one shape of a loop's steps.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addAdapters,
  createModelState,
  itemLength,
  type ModelConfig,
  type ModelState,
  type PackedItem,
  type TokenBatchSizes,
} from "../transformer/index.ts";
import { rowsOfStep } from "./epochs.ts";
import { freshModel, smallConfig } from "./loop.fixture.ts";
import { packedParts, packedRowOf, packedRowTime, partShape } from "./row-parts.ts";
import { trainSft } from "./sft.ts";
import type { BatchPart, Trainer } from "./trainer.ts";

/** In the shape of SmolLM2-135M. */
const config: ModelConfig = {
  ...{ ...smallConfig, vocabularySize: 49_152, hiddenSize: 576, intermediateSize: 1536 },
  ...{ layers: 30, heads: 9, keyValueHeads: 3, headSize: 64 },
};
const lengths = Array.from({ length: 40 }, (_, at) => 60 + ((at * 197) % 451));
const rowOf = (length: number): PackedItem => ({ trunk: [1], branches: [Array<number>(length - 1).fill(2)] });
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

  it("counts rows that are only looked at where lengths differ, and not among those of a part", () => {
    const few = { ...usual, lengths: lengths.slice(0, 1), part: 8 };
    expect(packedRowTime(config, { ...usual, heldOut: lengths })).toBe(512);
    expect(packedRowTime(config, { ...usual, heldOut: [2000] })).toBeNull();
    expect(packedRowTime(config, few)).toBeNull();
    expect(packedRowTime(config, { ...few, heldOut: lengths })).toBeNull();
  });

  it("is not for a small model", () => {
    const lora = { rank: 2, alpha: 4, targets: ["q_proj"] };
    const state = createModelState(smallConfig, addAdapters(smallConfig, freshModel().weights, lora, 1));
    expect(packedRowOf(state, { learned: lengths.map(rowOf), part: 32 }, (item) => item)).toEqual({});
  });

  it("counts what learns: adapters, and not what they adapt", () => {
    const weight = (count: number) => ({ shape: [count], data: new Float32Array(count) });
    const adapted = { "a.weight": weight(100_000_000), "a.lora_A.weight": weight(1000) };
    const state = (weights: typeof adapted | { "a.weight": ReturnType<typeof weight> }) =>
      ({ config, weights, checkpointing: false }) as unknown as ModelState;
    const learned = lengths.map((length) => ({ item: rowOf(length) }));
    const { packedRow } = packedRowOf(state(adapted), { learned, part: 4 }, ({ item }) => item);
    expect(packedRow?.time).toBe(512);
    expect(packedRow?.itemOf(learned[0]!)).toBe(learned[0]!.item);
    const whole = state({ "a.weight": weight(100_000_000) });
    expect(packedRowOf(whole, { learned, part: 4 }, ({ item }) => item)).toEqual({});
  });

  it("has two shapes, for few and for many targets", () => {
    const items = [rowOf(60), rowOf(200)];
    const filled = { time: 512, batch: 1, rows: [[0, 1]] };
    expect(partShape(items, 256, { packed: 512 })).toEqual({ filled, targets: 256 });
    expect(partShape(items, 257, { packed: 512 })).toEqual({ filled, targets: 512 });
  });

  it("holds every row once, and none too many", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (sizes) => {
        const rows = sizes.map((size, at) => ({ size, at }));
        const itemOf = ({ size }: (typeof rows)[number]) => rowOf(size);
        const parts = packedParts(rows, { time: 64, itemOf });
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

describe("the steps of a loop", () => {
  const rows = Array.from({ length: 100 }, (_, at) => rowOf(80 + ((at * 37) % 60)));
  /** Shapes of the steps from `start` on, of a trainer that computes nothing. */
  const shapesFrom = async (start: number, learned = rows, epochs = 3): Promise<TokenBatchSizes[]> => {
    const shapes: TokenBatchSizes[] = [];
    const trainer = {
      async stepOver(parts: Iterable<BatchPart<TokenBatchSizes>>) {
        for (const { sizes } of parts) shapes.push(sizes);
        return { loss: 0, gradient_norm: 0 };
      },
    } as unknown as Trainer<TokenBatchSizes>;
    const schedule = { kind: "constant", peak: 0.01, warmupSteps: 0 } as const;
    const options = { trainer, rows: learned, batch: 24, epochs, seed: 4, padding: 1, schedule, start };
    for await (const { step } of trainSft(options)) expect(step).toBe(start + shapes.length - 1);
    return shapes;
  };

  it("have one shape, which wastes little, and those with far fewer rows a smaller one", async () => {
    const shapes = await shapesFrom(0);
    expect(shapes).toHaveLength(15);
    const whole = shapes.filter((_, at) => at % 5 !== 4);
    expect(whole).toEqual(whole.map(() => whole[0]));
    const tokens = rows.reduce((sum, row) => sum + itemLength(row), 0) / rows.length;
    expect(whole[0]!.batch * whole[0]!.time).toBeLessThan((24 * tokens) / 0.8);
    for (const { batch, time } of shapes.filter((_, at) => at % 5 === 4))
      expect(batch * time).toBeLessThan((whole[0]!.batch * whole[0]!.time) / 2);
  });

  it("have that shape, too, where the last of an epoch have nearly as many rows", async () => {
    const shapes = await shapesFrom(0, rows.slice(0, 23 + 24));
    expect(shapes).toHaveLength(6);
    expect(shapes).toEqual(shapes.map(() => shapes[0]));
  });

  it("have the same shapes when they are continued, whatever rows are left then", async () => {
    // in epochs of 40 steps, so that the last steps are not among those that the shape is found by
    const uneven = Array.from({ length: 40 * 24 }, (_, at) => rowOf(20 + ((at * 37) % 170)));
    const shapes = await shapesFrom(0, uneven, 1);
    expect(shapes).toHaveLength(40);
    for (const start of [1, 20, 33, 38])
      expect(await shapesFrom(start, uneven, 1)).toEqual(shapes.slice(start));
  });

  it("that have a row too long for the others, or more targets than they, have a shape of their own", async () => {
    const long = rowOf(500);
    const learned = { trunk: [1], branches: [Array<number>(180).fill(2)] };
    const alike = Array.from(
      { length: 40 * 24 },
      (_, at): PackedItem => ({
        trunk: Array<number>(60 + (at % 9)).fill(1),
        branches: [Array<number>(10).fill(2)],
      }),
    );
    const [late] = rowsOfStep({ rows: alike.length, batch: 24, epochs: 1, seed: 4 }, 35);
    for (const odd of [long, learned]) {
      const shapes = await shapesFrom(0, alike.with(late!, odd), 1);
      const kinds = new Map<string, number>();
      for (const shape of shapes) {
        const kind = JSON.stringify(shape);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      expect([...kinds.values()].sort()).toEqual([1, 39]);
    }
  });
});
