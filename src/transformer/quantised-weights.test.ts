// Models with quantised projections compute what models with the restored weights compute, forwards and, for NF4,
// backwards into adapters. Small random models only.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { compile, gradients, interpret, mean, type Tensor } from "../engine/index.ts";
import { frozenState, loadModelFolder, mergeFolder } from "./checkpoint.ts";
import type { ModelConfig } from "./config.ts";
import { addAdapters, allTargets } from "./lora.ts";
import { createModelState, graphOf, type ModelState } from "./model-state.ts";
import type { Weight, Weights } from "./parameters.ts";
import {
  dequantiseWeight,
  isLookedUp,
  type LoadFormat,
  quantisable,
  quantiseParts,
  quantiseWeight,
} from "./quantised-weights.ts";
import { inFewerBits } from "./random-model.fixture.ts";
import { createScorer } from "./scoring.ts";
import { branchTargets, layOut, readTargets } from "./token-batch.ts";

const item = { trunk: [5, 17, 40, 3], branches: [[22, 60, 7], [31]] };

const scored = async (state: ModelState): Promise<number[]> => {
  const scorer = createScorer(state);
  const [branches] = await scorer.tokens([item]);
  await scorer.release();
  return branches!.flatMap((values) => [...values]);
};

const largestGap = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  Math.max(...Array.from(one, (value, at) => Math.abs(value - other[at]!)));

/** A model with quantised projections, and the one with the weights that these stand for. */
const both = (config: ModelConfig, weights: Weights, format: LoadFormat): [ModelState, ModelState] => {
  const quantised = inFewerBits(createModelState(config, weights), format);
  const restored: Weights = { ...weights };
  for (const [name, projection] of quantisable(config, format))
    if (!isLookedUp(config, name)) restored[name] = dequantiseWeight(quantised.quantised[name]!, projection);
  return [quantised, createModelState(config, restored)];
};

describe("an adapter over weights in fewer bits", () => {
  const folder = new URL("../../test/golden/adapters/gpt2-patterns", import.meta.url).pathname;

  it("is merged into them, rounded again", async () => {
    const live = await loadModelFolder(folder, { load: "4bit" });
    const merged = mergeFolder(live);
    expect(merged.adapter).toBeNull();
    expect(Object.keys(merged.weights).some((name) => name.includes(".lora_"))).toBe(false);
    expect(Object.keys(merged.quantised)).toEqual(Object.keys(live.quantised));
    const [one, other] = [await scored(frozenState(live)), await scored(frozenState(merged))];
    const { config, weights, quantised } = live;
    const plain = Object.fromEntries(Object.entries(weights).filter(([name]) => !name.includes(".lora_")));
    const base = await scored(createModelState(config, plain, { quantised }));
    // what the adapter does is more than what rounding does
    expect(largestGap(one, other)).toBeLessThan(largestGap(one, base));
    expect(largestGap(one, other)).toBeGreaterThan(0);
  });
});

const folders = ["llama-random/untied", "families/gpt2", "families/qwen2"] as const;

const open = (folder: string, load?: LoadFormat) =>
  loadModelFolder(
    new URL(`../../test/golden/${folder}`, import.meta.url).pathname,
    load === undefined ? {} : { load },
  );

describe.each(folders)("quantised projections of %s", (folder) => {
  it("in NF4 compute what the restored weights compute", async () => {
    const { config, weights } = await open(folder);
    const [quantised, restored] = both(config, weights, "4bit");
    const found = await scored(quantised);
    expect(largestGap(found, await scored(restored))).toBeLessThan(1e-4);
    expect(largestGap(found, await scored(createModelState(config, weights)))).toBeGreaterThan(0.01);
  });

  it("in int8 compute what the definition says in double precision", async () => {
    const { config, weights } = await open(folder);
    const [quantised, restored] = both(config, weights, "8bit");
    const batch = layOut([item], branchTargets([item]), { padding: 1 });
    const { logProbabilities } = readTargets(graphOf(quantised), batch.sizes);
    const feeds = { ...quantised.feeds(), ...batch.feeds };
    const program = await compile({ logProbabilities });
    const found = (await program.run(feeds))["logProbabilities"] as Float32Array;
    await program.release();
    const [defined] = interpret([logProbabilities], feeds);
    const own = (values: ArrayLike<number>): number[] => Array.from(values).slice(0, batch.count);
    // what rounding activations costs; the definition rounds them as well, all but those between two levels
    const rounding = largestGap(own(found), await scored(restored));
    expect(rounding).toBeGreaterThan(1e-3);
    expect(largestGap(own(found), own(defined!.data))).toBeLessThan(rounding / 10);
  });

  it("in NF4 pass the same gradients to adapters", async () => {
    const { config, weights } = await open(folder);
    const sizes = { batch: 1, time: 32, targets: 32 };
    const slopes = async (state: ModelState): Promise<Record<string, Float32Array>> => {
      const adapted = createModelState(
        config,
        addAdapters(config, state.weights, { rank: 2, alpha: 4, targets: [allTargets] }, 1),
        { quantised: state.quantised, adapterScale: 2 },
      );
      const graph = graphOf(adapted);
      const { logProbabilities } = readTargets(graph, sizes);
      const names = Object.keys(adapted.weights).filter((name) => name.includes("lora_B"));
      const loss = mean(logProbabilities);
      const found = gradients(
        loss,
        names.map((name) => graph.parameter(name) as Tensor),
      );
      const program = await compile(Object.fromEntries(names.map((name, at) => [`d:${name}`, found[at]!])));
      const bias = new Float32Array(32 * 32).map((_, at) => (at % 32 <= Math.floor(at / 32) ? 0 : -1e9));
      const counting = BigInt64Array.from({ length: 32 }, (_, at) => BigInt(at));
      const results = await program.run({
        ...adapted.feeds(),
        tokens: counting.map((at) => (at * 7n) % 90n),
        positions: counting,
        bias,
        predictors: counting,
        wanted: counting.map((at) => (at * 5n) % 90n),
      });
      await program.release();
      return results as Record<string, Float32Array>;
    };
    const [quantised, restored] = both(config, weights, "4bit");
    const [one, other] = [await slopes(quantised), await slopes(restored)];
    const sizesOfSlopes = Object.values(other).map((values) => Math.max(...values.map(Math.abs)));
    expect(Math.min(...sizesOfSlopes)).toBeGreaterThan(1e-5);
    for (const [name, values] of Object.entries(other))
      expect(largestGap(one[name]!, values), name).toBeLessThan(1e-4 * Math.max(1, ...values.map(Math.abs)));
  });
});

describe("GPT-2 in 4 bits", () => {
  it("has the levels and scales with which transformers loads it, bit for bit", async () => {
    const { gpt2: wanted } = JSON.parse(
      readFileSync(new URL("../../test/golden/nf4.json", import.meta.url), "utf8"),
    ) as { gpt2: Record<string, { packed: string; scales: number[] }> };
    const folder = new URL("../../test/golden/families/gpt2", import.meta.url).pathname;
    const { quantised } = await loadModelFolder(folder, { load: "4bit" });
    expect(Object.keys(wanted)).toHaveLength(4);
    for (const [name, { packed, scales }] of Object.entries(wanted)) {
      const { values } = quantised[name] as Extract<(typeof quantised)[string], { type: "nf4" }>;
      expect(Buffer.from(values.packed).toString("base64"), name).toBe(packed);
      expect([...values.scales], name).toEqual([...Float32Array.from(scales)]);
    }
  });
});

describe("quantisable", () => {
  it("leaves out what does not fill blocks in NF4", async () => {
    const { config } = await open("llama-random/tied");
    const odd = { ...config, hiddenSize: 6, headSize: 2, heads: 3, keyValueHeads: 1, intermediateSize: 5 };
    expect(quantisable(odd, "4bit").size).toBe(0);
    expect(quantisable(odd, "8bit").size).toBe(7 * config.layers + 1);
  });

  it.each([
    ["llama-random/tied", "model.embed_tokens.weight", true],
    ["llama-random/untied", "lm_head.weight", false],
  ])("has the head in int8: %s", async (folder, head, isKept) => {
    const { config, quantised, weights } = await open(folder, "8bit");
    expect(quantised[head]).toMatchObject({ inputs: config.hiddenSize, outputs: config.vocabularySize });
    expect(head in weights).toBe(isKept);
    expect("model.embed_tokens.weight" in weights).toBe(true);
    expect((await open(folder, "4bit")).quantised).not.toHaveProperty([head]);
    expect([...quantisable(config, "8bit", "sequence-classification").keys()]).not.toContain(head);
  });
});

describe("a weight that is read in parts", () => {
  const random = createRandom(4);
  const weightOf = (rows: number, columns: number): Weight => ({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, (_, at) => (at % 7 === 3 ? 0 : random.normal())),
  });
  const partsOf = ({ data, shape }: Weight, rows: number) =>
    async function* () {
      const size = rows * shape[1]!;
      for (let start = 0; start < data.length; start += size)
        yield { start, data: data.slice(start, start + size) };
    };

  it.each([
    ["4bit", false],
    ["4bit", true],
    ["8bit", false],
    ["8bit", true],
  ] as const)("is quantised as the whole one: %s, transposed %s", async (format, transposed) => {
    const [inputs, outputs] = [96, 160];
    const projection = { name: "some", inputs, outputs, transposed };
    const weight = transposed ? weightOf(inputs, outputs) : weightOf(outputs, inputs);
    const whole = quantiseWeight(weight, projection, format);
    for (const rows of [64, 128, 1024])
      expect(await quantiseParts(partsOf(weight, rows), projection, format)).toEqual(whole);
  });

  it.each([64, 96, 192])(
    "has the levels of its transpose, as transformers loads Conv1D (%i inputs)",
    async (inputs) => {
      const outputs = 160;
      const lying = weightOf(inputs, outputs);
      const turned: Weight = {
        shape: [outputs, inputs],
        data: Float32Array.from(
          lying.data,
          (_, at) => lying.data[(at % inputs) * outputs + Math.floor(at / inputs)]!,
        ),
      };
      for (const format of ["4bit", "8bit"] as const) {
        const linear = quantiseWeight(turned, { name: "some", inputs, outputs }, format);
        const conv = { name: "some", inputs, outputs, transposed: true };
        expect(quantiseWeight(lying, conv, format)).toEqual(linear);
        expect(await quantiseParts(partsOf(lying, 64), conv, format)).toEqual(linear);
        const restored = dequantiseWeight(linear, conv);
        expect(restored.shape).toEqual(lying.shape);
        // half of NF4's widest step
        const largest = lying.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(largestGap(restored.data, lying.data)).toBeLessThan(0.153 * largest);
      }
    },
  );
});
