// Laid-out batches: packed items and shared prompts have the log-probabilities that each document has in a row of its
// own, however lengths and rows fall.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import {
  compile,
  gradients,
  input,
  mean,
  type Program,
  sizeOf,
  type Tensor,
  tokenLogProbability,
} from "../engine/index.ts";
import { graphOf } from "./model-state.ts";
import { fillInOrder, type PackedItem } from "./packing.ts";
import { randomModel } from "./random-model.fixture.ts";
import {
  branchTargets,
  layOut,
  readTargets,
  readThroughHead,
  type Target,
  takeInTurn,
  targetVector,
} from "./token-batch.ts";

const state = randomModel();
const sizes = { batch: 8, time: 64, targets: 256 };
let program: Program;
beforeAll(async () => {
  program = await compile({ values: readTargets(graphOf(state), sizes).logProbabilities });
});
afterAll(() => program.release());

const logProbabilities = async (
  items: readonly PackedItem[],
  targets: readonly Target[],
): Promise<Float32Array> => {
  const { batch, time, targets: count } = sizes;
  const laid = layOut(items, targets, {
    padding: 1,
    filled: fillInOrder(items, time, batch),
    targets: count,
  });
  const { values } = await program.run({ ...state.feeds(), ...laid.feeds });
  return (values as Float32Array).slice(0, targets.length);
};

const token = fc.integer({ min: 2, max: 95 });
const item = fc.record({
  trunk: fc.array(token, { minLength: 1, maxLength: 14 }),
  branches: fc.array(fc.array(token, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
});
const items = fc.array(item, { minLength: 1, maxLength: 8 });

/** Each branch as a document of its own, its tokens the targets. */
const separately = async ({ trunk, branches }: PackedItem): Promise<number[]> => {
  const values: number[] = [];
  for (const branch of branches) {
    const targets = branch.map((_, at) => ({ item: 0, branch: -1, offset: trunk.length + at, weight: 1 }));
    values.push(...(await logProbabilities([{ trunk: [...trunk, ...branch], branches: [] }], targets)));
  }
  return values;
};

describe("log-probabilities of a laid-out batch", () => {
  it("are those of every branch as a document of its own", async () => {
    await fc.assert(
      fc.asyncProperty(items, async (drawn) => {
        const packed = await logProbabilities(drawn, branchTargets(drawn));
        const alone = (await Promise.all(drawn.map(separately))).flat();
        expect(packed.length).toBe(alone.length);
        for (const [at, value] of alone.entries())
          expect(Math.abs(packed[at]! - value)).toBeLessThan(2e-4 * Math.max(1, Math.abs(value)));
      }),
      { numRuns: 12, seed: 3 },
    );
  });

  it("do not hear what stands beside them", async () => {
    const own: PackedItem = { trunk: [5, 6, 7], branches: [[8, 9], [10]] };
    const beside = (id: number): PackedItem => ({
      trunk: Array.from({ length: 20 }, () => id),
      branches: [[id, id]],
    });
    const targets = branchTargets([own]);
    const quiet = await logProbabilities([own, beside(20)], targets);
    const loud = await logProbabilities([own, beside(80)], targets);
    expect([...loud]).toEqual([...quiet]);
    const other = await logProbabilities([{ ...own, trunk: [5, 6, 11] }, beside(20)], targets);
    expect([...other]).not.toEqual([...quiet]);
  });
});

describe("laying out", () => {
  const pair: PackedItem[] = [
    { trunk: [5, 6], branches: [[7], [8, 9]] },
    { trunk: [10, 11, 12], branches: [] },
  ];

  it("rounds its sizes and points unused places at the first token", () => {
    const laid = layOut(pair, branchTargets(pair), { padding: 1 });
    expect(laid.sizes).toEqual({ batch: 1, time: 64, targets: 256 });
    expect(laid.count).toBe(3);
    const predictors = laid.feeds["predictors"] as BigInt64Array;
    expect([...predictors.subarray(0, 5)]).toEqual([1n, 1n, 3n, 0n, 0n]);
    expect([...(laid.feeds["wanted"] as BigInt64Array).subarray(0, 3)]).toEqual([7n, 8n, 9n]);
    const weights = targetVector(laid, (at) => at + 1);
    expect(weights.length).toBe(256);
    expect([...weights.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
  });

  it("reads trunk tokens as targets too", () => {
    const laid = layOut(pair, [{ item: 1, branch: -1, offset: 2, weight: 1 }], { padding: 1 });
    const { row, trunk } = laid.packed.placements[1]!;
    expect((laid.feeds["predictors"] as BigInt64Array)[0]).toBe(BigInt(row * 64 + trunk + 1));
    expect((laid.feeds["wanted"] as BigInt64Array)[0]).toBe(12n);
  });

  it("cuts values in turn", () => {
    const take = takeInTurn(Float32Array.of(1, 2, 3, 4));
    expect([[...take(1)], [...take(0)], [...take(2)]]).toEqual([[1], [], [2, 3]]);
  });
});

/** Bytes of the largest value that a run of a graph holds, itself and all that it is computed of. */
const largestValue = (outputs: readonly Tensor[]): number => {
  let largest = 0;
  const seen = new Set<Tensor["node"]>();
  const left = outputs.map(({ node }) => node);
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const { shape } of node.outputs) largest = Math.max(largest, 4 * sizeOf(shape));
    for (const { node: before } of node.inputs) left.push(before);
  }
  return largest;
};

describe("a training graph of a large vocabulary", () => {
  const vocabularySize = 30_000;
  const large = randomModel({ vocabularySize, tieEmbeddings: false });
  const whole = { batch: 4, time: 512, targets: 2048 };

  it.each([
    ["whose head learns", false, 128e6],
    ["whose head does not", true, 64e6],
  ])("%s holds no logits of more than its limit", (_what, frozenHead, limit) => {
    const graph = { ...graphOf(large), frozenHead };
    const loss = mean(readTargets(graph, whole).logProbabilities);
    const learned = frozenHead ? "model.norm.weight" : "lm_head.weight";
    const slopes = gradients(loss, [graph.parameter(learned)!]);
    // logits of all targets at once
    expect(4 * vocabularySize * whole.targets).toBeGreaterThan(1.5 * limit);
    expect(largestValue([loss, ...slopes])).toBeLessThanOrEqual(limit);
    const all = readThroughHead(
      graph,
      input("hidden", [2048, 32]),
      input("wanted", [2048], "int64"),
      tokenLogProbability,
      1e9,
    );
    expect(largestValue([all])).toBeGreaterThan(limit);
  });
});

describe("logits a part at a time", () => {
  it("give the log-probabilities and gradients of whole ones", async () => {
    const state = randomModel({ tieEmbeddings: false });
    const graph = graphOf(state);
    const hidden = input("hidden", [7, state.config.hiddenSize]);
    const wanted = input("wanted", [7], "int64");
    const random = createRandom(4);
    const feeds = {
      ...state.feeds(),
      hidden: Float32Array.from({ length: 7 * state.config.hiddenSize }, () => random.normal()),
      wanted: BigInt64Array.from({ length: 7 }, () => BigInt(random.integer(state.config.vocabularySize))),
    };
    const results = [];
    for (const bytes of [1e9, 2 * 4 * state.config.vocabularySize]) {
      const values = readThroughHead(graph, hidden, wanted, tokenLogProbability, bytes);
      const [byHidden, byHead] = gradients(mean(values), [hidden, graph.parameter("lm_head.weight")!]);
      const program = await compile({ values, byHidden: byHidden!, byHead: byHead! });
      results.push(await program.run(feeds));
      await program.release();
    }
    const [whole, parts] = results as [Record<string, Float32Array>, Record<string, Float32Array>];
    for (const [name, expected] of Object.entries(whole))
      expected.forEach((value, at) => {
        expect(Math.abs(parts[name]![at]! - value), name).toBeLessThan(1e-5);
      });
    expect(Math.max(...whole["byHead"]!.map(Math.abs))).toBeGreaterThan(1e-3);
  });
});
