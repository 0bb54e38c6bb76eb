// The engine's benchmark: a bare matrix product, a training step, generation and scoring, in turn, so that what else
// the machine does hits all alike. Rates stand beside the product's rate of the same round.
//
//   npm run bench:engine -- [--json] [--rounds N] [--model FOLDER]

import { existsSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseJson, readText } from "../src/core/index.ts";
import { type PretrainConfig, recipes } from "../src/recipes/index.ts";
import { type ModelConfig, parameterCount, parseModelConfig } from "../src/transformer/index.ts";
import { median } from "./arithmetic.ts";
import { readWholeNumber, readWords } from "./words.ts";
import {
  generationWorkload,
  matmulWorkload,
  scoringWorkload,
  trainingWorkload,
  type Workload,
} from "./workloads.ts";

const pretraining = await recipes.find(({ command }) => command.join(" ") === "pretrain")!.load();
const defaults = pretraining.schema.parse({}) as PretrainConfig;

/** A model of pretraining's own shape, for a checkout without one. */
const standIn: ModelConfig = {
  family: "llama",
  vocabularySize: defaults.vocabulary,
  hiddenSize: defaults.hiddenSize,
  intermediateSize: defaults.intermediateSize,
  layers: defaults.layers,
  heads: defaults.heads,
  keyValueHeads: defaults.keyValueHeads,
  headSize: defaults.hiddenSize / defaults.heads,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  maxPositions: defaults.context,
  tieEmbeddings: true,
  beginTokenId: null,
  endTokenIds: [0],
  padTokenId: 1,
};

const configOf = async (folder: string): Promise<ModelConfig> => {
  const file = `${folder}/config.json`;
  return existsSync(file) ? parseModelConfig(parseJson(await readText(file), { file }), file) : standIn;
};

/** Worth per second of at least `seconds` of runs. */
const rateOf = async ({ run }: Workload, seconds: number): Promise<number> => {
  const start = performance.now();
  let worth = 0;
  let spent = 0;
  while (spent < seconds * 1000) {
    worth += await run();
    spent = performance.now() - start;
  }
  return worth / (spent / 1000);
};

type Measured = { readonly median: number; readonly best: number };
const summary = (values: readonly number[]): Measured => ({
  median: median(values),
  best: Math.max(...values),
});

// A mean step of `covenant pretrain` with its default settings, but by AdamW, as every other training is: rows filled to 94 %, and so many loss tokens of the
// places that a batch has for them.
const { rows, time, targets: places } = defaults;
const training = { rows, time, documents: 2, length: 120, targets: 1014 };
const generation = { batch: 64, prompt: 32, reply: 40, temperature: 1 };
const scoring = { items: 64, prompt: 120, branch: 3 };

const measure = async (config: ModelConfig, rounds: number) => {
  const product = await matmulWorkload();
  const loads = {
    training: await trainingWorkload(config, training, places),
    generation: await generationWorkload(config, generation),
    scoring: await scoringWorkload(config, scoring),
  };
  const rates = {
    matmul: [] as number[],
    training: [] as number[],
    generation: [] as number[],
    scoring: [] as number[],
  };
  const beside = { training: [] as number[], generation: [] as number[], scoring: [] as number[] };
  for (const load of [product, ...Object.values(loads)]) await load.run();
  for (let round = 0; round < rounds; round++) {
    for (const name of ["training", "generation", "scoring"] as const) {
      const before = await rateOf(product, 0.15);
      const rate = await rateOf(loads[name], 0.5);
      const after = await rateOf(product, 0.15);
      rates.matmul.push(before, after);
      rates[name].push(rate);
      beside[name].push((2 * rate) / (before + after));
    }
  }
  for (const load of [product, ...Object.values(loads)]) await load.release();
  return {
    rates: Object.fromEntries(Object.entries(rates).map(([name, values]) => [name, summary(values)])),
    beside: Object.fromEntries(Object.entries(beside).map(([name, values]) => [name, summary(values)])),
  } as {
    rates: Record<keyof typeof rates, Measured>;
    beside: Record<keyof typeof beside, Measured>;
  };
};

const report = (found: Awaited<ReturnType<typeof measure>>, config: ModelConfig): string => {
  const { rates, beside } = found;
  const giga = ({ median, best }: Measured) => [(median / 1e9).toFixed(0), (best / 1e9).toFixed(0)];
  const whole = ({ median, best }: Measured) => [median.toFixed(0), best.toFixed(0)];
  const share = ({ median, best }: Measured) => [
    `${(100 * median).toFixed(0)} %`,
    `${(100 * best).toFixed(0)} %`,
  ];
  // tokens per second where the product runs at 250 GFLOP/s
  const at250 = ({ median, best }: Measured) => whole({ median: median * 250e9, best: best * 250e9 });
  const rows = [
    ["", "median", "best"],
    ["MatMul 1024³, GFLOP/s", ...giga(rates.matmul)],
    ["training step, GFLOP/s of useful work", ...giga(rates.training)],
    ["training step, share of MatMul", ...share(beside.training)],
    ["generation, tokens/s", ...whole(rates.generation)],
    ["generation, tokens/s per 250 GFLOP/s of MatMul", ...at250(beside.generation)],
    ["scoring, tokens/s", ...whole(rates.scoring)],
    ["scoring, tokens/s per 250 GFLOP/s of MatMul", ...at250(beside.scoring)],
  ];
  const width = Math.max(...rows.map(([name]) => name!.length));
  const table = rows.map(
    ([name, ...values]) => name!.padEnd(width) + values.map((value) => value.padStart(9)).join(""),
  );
  const { layers, hiddenSize, vocabularySize } = config;
  const head = [
    `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.versions.node}`,
    `model: ${layers} layers, ${hiddenSize} wide, vocabulary ${vocabularySize}, ${(parameterCount(config) / 1e6).toFixed(2)} M parameters`,
    `training: ${rows} rows of ${time} tokens with ${training.documents} documents of ${training.length}, ${training.targets} loss tokens in ${places} places; generation: batch ${generation.batch}, prompts of ${generation.prompt}, replies of ${generation.reply}; scoring: ${scoring.items} prompts of ${scoring.prompt}, two continuations of ${scoring.branch}`,
    "useful work: matrix products forward and backward; attention over what a token sees, what lies behind the last attention over loss tokens; padding counts nothing",
    "",
  ];
  return `${[...head, ...table].join("\n")}\n`;
};

const { values } = readWords(import.meta.url, {
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    model: { type: "string" },
  },
});
const folder = values.model ?? fileURLToPath(new URL("../assets/covenant-tiny", import.meta.url));
const config = await configOf(folder);
const rounds = readWholeNumber("--rounds", values.rounds, 1);
const found = await measure(config, rounds);
process.stdout.write(
  values.json
    ? `${JSON.stringify({ config, training, generation, scoring, ...found }, null, 2)}\n`
    : report(found, config),
);
