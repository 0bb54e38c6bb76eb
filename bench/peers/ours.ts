// One workload of Covenant in a process of its own, a step whenever a line comes in: { seconds, peak } goes out, peak
// being the most memory the process ever had. bench/peers.ts runs it beside the same workload of peers.py.
// BENCH_PROFILES=prefix: ONNX Runtime's profiler writes there (bench/profile.ts).
// node bench/peers/ours.ts WORKLOAD

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRandom } from "../../src/core/index.ts";
import { emptyNf4, setProfiles } from "../../src/engine/index.ts";
import { useComputing } from "../../src/recipes/index.ts";
import {
  createDpoTrainer,
  createPretrainer,
  createSftTrainer,
  defaultAdamW,
  packedRowOf,
  referenceLogProbabilities,
  referenceState,
  trainDpo,
  trainSft,
} from "../../src/training/index.ts";
import {
  addAdapters,
  allTargets,
  branchTargets,
  createGenerator,
  createModelState,
  createScorer,
  fillInOrder,
  hiddenMatrices,
  isLookedUp,
  type LoadFormat,
  layOut,
  loadModelFolder,
  type ModelConfig,
  type ModelState,
  type PackedItem,
  parameterShapes,
  parseModelConfig,
  type QuantisedWeight,
  quantisable,
  quantiseWeight,
  targetVector,
  type Weights,
} from "../../src/transformer/index.ts";
import { matmulWorkload } from "../workloads.ts";

type Step = () => Promise<Record<string, number>>;

const shapes = JSON.parse(readFileSync(new URL("shapes.json", import.meta.url), "utf8")) as Record<
  string,
  object
>;
const configOf = (shape: string): ModelConfig => parseModelConfig(shapes[shape]);
const random = createRandom(1);
const tokens = (count: number): number[] => Array.from({ length: count }, () => 5 + random.integer(20_000));

/** Small uniform numbers; norms one. leftOut: names without a weight. */
const randomWeights = (config: ModelConfig, leftOut: ReadonlySet<string> = new Set()): Weights => {
  const weights: Weights = {};
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    if (leftOut.has(name)) continue;
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (shape.length === 1) data.fill(name.endsWith("bias") ? 0 : 1);
    else for (let at = 0; at < data.length; at++) data[at] = (random.next() - 0.5) * 0.07;
    weights[name] = { shape, data };
  }
  return weights;
};

const lora = { rank: 16, alpha: 32, targets: [allTargets] };

const adapted = (
  config: ModelConfig,
  weights: Weights,
  quantised: Record<string, QuantisedWeight> = {},
): ModelState =>
  createModelState(config, addAdapters(config, weights, lora, 1), { adapterScale: 2, quantised });

/** SFT over whole rows of `time` tokens, all of them learned but the first. */
const sft = (state: ModelState, rows: number, time: number): Step => {
  const trainer = createSftTrainer(state, defaultAdamW);
  const items = Array.from({ length: rows }, () => ({ trunk: tokens(1), branches: [tokens(time - 1)] }));
  return async () => {
    const batch = layOut(items, branchTargets(items), { padding: 0, filled: fillInOrder(items, time) });
    const weights = targetVector(batch, () => 1 / (rows * (time - 1)));
    await trainer.step(batch.sizes, { ...batch.feeds, weights }, 1e-4);
    return {};
  };
};

const dpo = async (cached: boolean): Promise<Step> => {
  const config = configOf("llama-135m");
  const state = adapted(config, randomWeights(config));
  const loss = { loss: "sigmoid", beta: 0.1, labelSmoothing: 0, sftWeight: 0 } as const;
  const trainer = createDpoTrainer(state, defaultAdamW, loss);
  const scorer = createScorer(referenceState(state));
  const items: PackedItem[] = Array.from({ length: 4 }, () => ({
    trunk: tokens(256),
    branches: [tokens(128), tokens(128)],
  }));
  const reference = await referenceLogProbabilities(scorer, items);
  const rows = items.map((item, at) => ({ item, probability: 1, reference: reference[at]! }));
  const schedule = { kind: "constant", peak: 1e-4, warmupSteps: 0 } as const;
  const steps = trainDpo({ trainer, rows, batch: 4, epochs: 1000, seed: 1, schedule, padding: 0 });
  return async () => {
    if (!cached) await referenceLogProbabilities(scorer, items);
    await steps.next();
    return {};
  };
};

const tinyFolder = new URL("../../assets/covenant-tiny", import.meta.url).pathname;

/** byMuon: what moves the matrices of the layers, as where `covenant pretrain` is told nothing else. */
const pretraining = async (byMuon: boolean): Promise<Step> => {
  const { config, weights } = await loadModelFolder(tinyFolder);
  const muon = new Set(byMuon ? hiddenMatrices(config) : []);
  const trainer = createPretrainer(createModelState(config, weights), { ...defaultAdamW, muon });
  const items = Array.from({ length: 12 }, () => ({
    trunk: tokens(256).map((id) => id % config.vocabularySize),
    branches: [],
  }));
  const targets = items.flatMap((_, item) =>
    Array.from({ length: 255 }, (__, at) => ({ item, branch: -1, offset: at + 1, weight: 1 })),
  );
  return async () => {
    const batch = layOut(items, targets, { padding: 0, filled: fillInOrder(items, 256) });
    const feeds = { ...batch.feeds, weights: targetVector(batch, () => 1 / targets.length) };
    await trainer.step(batch.sizes, feeds, 1e-4);
    return {};
  };
};

const quantised = (config: ModelConfig, weights: Weights, format: LoadFormat): ModelState => {
  const chosen = quantisable(config, format);
  const fewer = Object.fromEntries(
    [...chosen].map(([name, projection]) => [name, quantiseWeight(weights[name]!, projection, format)]),
  );
  const kept = Object.fromEntries(
    Object.entries(weights).filter(([name]) => !chosen.has(name) || isLookedUp(config, name)),
  );
  return createModelState(config, kept, { quantised: fewer, frozen: true });
};

const generation = (state: ModelState, batch: number, prompt: number, reply: number): Step => {
  const generator = createGenerator({ ...state, config: { ...state.config, endTokenIds: [] } });
  const limit = state.config.vocabularySize;
  const requests = Array.from({ length: batch }, (_, seed) => ({
    prompt: tokens(prompt).map((id) => id % limit),
    maxTokens: reply,
    temperature: 1,
    seed,
  }));
  return async () => {
    const replies = await generator.generate(requests, { batch });
    return { tokens: replies.reduce((sum, { ids }) => sum + ids.length, 0), prompts: batch * prompt };
  };
};

/** Generation in int8, and how far its log-probabilities are from those in float32: mean and most, absolute. */
const int8Generation = async (): Promise<Step> => {
  const config = configOf("llama-135m");
  const state = quantised(config, randomWeights(config), "8bit");
  // how far log-probabilities move is asked of a model that was trained, on text that it knows
  const tiny = await loadModelFolder(tinyFolder);
  const examples = readFileSync(new URL("../../examples/prompts.jsonl", import.meta.url), "utf8");
  const texts = examples
    .match(/[A-Z][^"]{20,}/g)!
    .map((text) => tiny.tokenizer.encode(text, { specialTokens: true }));
  const read = async (from: ModelState): Promise<number[]> => {
    const scorer = createScorer(from);
    const items = texts.map((ids) => ({ trunk: ids.slice(0, 4), branches: [ids.slice(4)] }));
    const read = await scorer.tokens(items);
    await scorer.release();
    return read.flatMap(([branch]) => [...branch!]);
  };
  const exact = await read(createModelState(tiny.config, tiny.weights));
  const rounded = await read(quantised(tiny.config, tiny.weights, "8bit"));
  const gaps = exact.map((value, at) => Math.abs(value - rounded[at]!));
  const drift = {
    meanDrift: gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length,
    mostDrift: Math.max(...gaps),
  };
  const step = generation(state, 64, 64, 64);
  return async () => ({ ...(await step()), ...drift });
};

/** QLoRA of 1.1 billion parameters whose NF4 weights are random levels: nothing of them is ever there in float32. */
const nf4 = (): Step => {
  const config = configOf("llama-1.1b");
  const chosen = quantisable(config, "4bit");
  const fewer = Object.fromEntries(
    [...chosen].map(([name, { inputs, outputs }]) => {
      const values = emptyNf4(inputs * outputs);
      for (let at = 0; at < values.packed.length; at++) values.packed[at] = random.integer(256);
      values.scales.fill(0.05);
      return [name, { type: "nf4" as const, inputs, outputs, values }];
    }),
  );
  return sft(adapted(config, randomWeights(config, new Set(chosen.keys())), fewer), 1, 256);
};

const frozenModel = (shape: string): ModelState => {
  const config = configOf(shape);
  return createModelState(config, randomWeights(config), { frozen: true });
};

const loraSft = (shape: string, rows: number): Step => {
  const config = configOf(shape);
  return sft(adapted(config, randomWeights(config)), rows, 512);
};

/** Four rows a step of 60 to 510 tokens, as trainSft lays them out. */
const mixedLengths = (): Step => {
  const config = configOf("llama-135m");
  const state = adapted(config, randomWeights(config));
  const trainer = createSftTrainer(state, defaultAdamW);
  const rows: PackedItem[] = Array.from({ length: 4 * 451 }, (_, at) => ({
    trunk: tokens(1),
    branches: [tokens(59 + ((at * 197) % 451))],
  }));
  const packed = packedRowOf(state, { learned: rows, part: 4 }, (item) => item);
  let taken = 0;
  return async () => {
    const items = [0, 1, 2, 3].map((at) => rows[(taken + at) % rows.length]!);
    taken += 4;
    const schedule = { kind: "constant", peak: 1e-4, warmupSteps: 0 } as const;
    const loop = { batch: 4, epochs: 1, seed: 1, schedule, padding: 0 };
    const steps = trainSft({ ...loop, trainer, rows: items, ...packed });
    await steps.next();
    return {};
  };
};

const workloads: Readonly<Record<string, () => Step | Promise<Step>>> = {
  "sft-gpt2": () => loraSft("gpt2", 4),
  "sft-135m": () => loraSft("llama-135m", 2),
  "sft-mixed": mixedLengths,
  "dpo-135m": () => dpo(false),
  "dpo-135m-cached": () => dpo(true),
  "pretrain-tiny": () => pretraining(false),
  "pretrain-tiny-muon": () => pretraining(true),
  "generate-135m": () => generation(frozenModel("llama-135m"), 16, 64, 128),
  "generate-135m-64": () => generation(frozenModel("llama-135m"), 64, 64, 64),
  "generate-135m-64-int8": int8Generation,
  "generate-tiny": async () => {
    const { config, weights } = await loadModelFolder(tinyFolder);
    return generation(createModelState(config, weights, { frozen: true }), 64, 32, 40);
  },
  "sft-1.1b-nf4": nf4,
};

const name = process.argv[2] ?? "";
const make = workloads[name];
if (make === undefined) {
  process.stderr.write(`Workload "${name}": expected one of ${Object.keys(workloads).join(", ")}.\n`);
  process.exit(2);
}
await useComputing(process.env);
const product = await matmulWorkload();
setProfiles(process.env["BENCH_PROFILES"]);
const step = await make();
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now();
  const found =
    line === "matmul" ? { operations: (await product.run()) + (await product.run()) } : await step();
  const seconds = (performance.now() - start) / 1000;
  const peak = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(`${JSON.stringify({ seconds, peak, ...found })}\n`);
}
