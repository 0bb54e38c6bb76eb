// The parts of bench/providers.ts: the same work on the processor and on another provider, with how far their numbers
// lie apart and how much each does in a second.

import { InferenceSession } from "onnxruntime-node";
import { createRandom } from "../src/core/index.ts";
import { type Provider, setProvider } from "../src/engine/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  loadModelFolder,
  type ModelState,
} from "../src/transformer/index.ts";
import { matmulWorkload, pretrainingSteps, type Workload } from "./workloads.ts";

/** The parts by their names. */
export const parts = ["matmul", "training", "generation", "scoring", "placement"] as const;
export type PartName = (typeof parts)[number];

/** seconds: how long each provider's rate is measured. folder: the model's. */
export type PartOptions = { readonly provider: Provider; readonly seconds: number; readonly folder: string };

type Both<Value> = { readonly cpu: Value; readonly other: Value };

const onBoth = async <Value>(provider: Provider, work: () => Promise<Value>): Promise<Both<Value>> => {
  setProvider("cpu");
  const cpu = await work();
  setProvider(provider);
  return { cpu, other: await work() };
};

/** Worth per second over at least so many seconds, and one run at least. */
const rateOf = async (run: () => Promise<number>, seconds: number): Promise<number> => {
  const began = performance.now();
  let worth = 0;
  do worth += await run();
  while (performance.now() - began < seconds * 1000);
  return worth / ((performance.now() - began) / 1000);
};

/** ‖a - b‖ / ‖b‖ */
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let apart = 0;
  let size = 0;
  for (let at = 0; at < b.length; at++) {
    apart += (a[at]! - b[at]!) ** 2;
    size += b[at]! ** 2;
  }
  return Math.sqrt(apart / size);
};

const shape = { rows: 12, time: 256, documents: 2, length: 120, targets: 1014 };
const places = 1216;

const modelOf = async (folder: string): Promise<ModelState> => {
  const { config, weights } = await loadModelFolder(folder);
  return createModelState(config, weights);
};

const matmul = async ({ provider, seconds }: PartOptions) => {
  const found: Record<string, Both<number>> = {};
  for (const side of [1024, 4096]) {
    const rate = async () => {
      const load: Workload = await matmulWorkload(side);
      await load.run();
      const perSecond = await rateOf(load.run, seconds);
      await load.release();
      return Math.round(perSecond / 1e9);
    };
    found[`gigaflops${side}`] = await onBoth(provider, rate);
  }
  return found;
};

const training = async ({ provider, seconds, folder }: PartOptions) => {
  const { config } = await loadModelFolder(folder);
  const work = async () => {
    const { trainer, step } = pretrainingSteps(config, shape, places);
    const began = performance.now();
    const steps = [await step()];
    const first = (performance.now() - began) / 1000;
    const gradients = trainer.snapshot().moments;
    for (let count = 0; count < 4; count++) steps.push(await step());
    const perSecond = await rateOf(async () => {
      await step();
      return 1;
    }, seconds);
    await trainer.release();
    return { steps, first, gradients, perSecond };
  };
  const { cpu, other } = await onBoth(provider, work);
  const apart = Object.keys(cpu.gradients).map((name) => ({
    name,
    distance: distance(other.gradients[name]!.first, cpu.gradients[name]!.first),
  }));
  apart.sort((a, b) => b.distance - a.distance);
  return {
    stepsPerSecond: { cpu: cpu.perSecond, other: other.perSecond },
    firstStepSeconds: { cpu: cpu.first, other: other.first },
    losses: { cpu: cpu.steps.map(({ loss }) => loss), other: other.steps.map(({ loss }) => loss) },
    gradientNorms: {
      cpu: cpu.steps.map((step) => step["gradient_norm"]),
      other: other.steps.map((step) => step["gradient_norm"]),
    },
    gradientsApart: apart.slice(0, 3),
  };
};

const prompts = (count: number, length: number, vocabulary: number): number[][] => {
  const random = createRandom(4);
  return Array.from({ length: count }, () =>
    Array.from({ length }, () => 5 + random.integer(vocabulary - 5)),
  );
};

const generation = async ({ provider, seconds, folder }: PartOptions) => {
  const work = async () => {
    const state = await modelOf(folder);
    const endless = { ...state, config: { ...state.config, endTokenIds: [] } };
    const generator = createGenerator(endless);
    const requests = prompts(64, 32, state.config.vocabularySize).map((prompt, seed) => ({
      prompt,
      maxTokens: 40,
      temperature: 0,
      seed,
    }));
    let ids: (readonly number[])[] = [];
    const run = async () => {
      ids = (await generator.generate(requests, { batch: 64 })).map((reply) => reply.ids);
      return ids.reduce((sum, reply) => sum + reply.length, 0);
    };
    await run();
    const perSecond = await rateOf(run, seconds);
    await generator.release();
    return { ids, perSecond };
  };
  const { cpu, other } = await onBoth(provider, work);
  const equal = cpu.ids.filter((reply, at) => reply.join() === other.ids[at]!.join()).length;
  return {
    tokensPerSecond: { cpu: cpu.perSecond, other: other.perSecond },
    equalReplies: `${equal} of ${cpu.ids.length}`,
  };
};

const scoring = async ({ provider, seconds, folder }: PartOptions) => {
  const work = async () => {
    const state = await modelOf(folder);
    const scorer = createScorer(state);
    const items = prompts(64, 124, state.config.vocabularySize).map((ids) => ({
      trunk: ids.slice(0, 100),
      branches: [ids.slice(100, 112), ids.slice(112)],
    }));
    let values: number[] = [];
    const run = async () => {
      values = (await scorer.tokens(items)).flat().flatMap((branch) => [...branch]);
      return 64 * 124;
    };
    await run();
    const perSecond = await rateOf(run, seconds);
    await scorer.release();
    return { values, perSecond };
  };
  const { cpu, other } = await onBoth(provider, work);
  return {
    tokensPerSecond: { cpu: cpu.perSecond, other: other.perSecond },
    logProbabilitiesApart: Math.max(...cpu.values.map((value, at) => Math.abs(value - other.values[at]!))),
  };
};

/** Operations of a program on the other provider, and those that stay on the processor, by their kind. */
export type Placement = {
  readonly other: number;
  readonly cpu: Readonly<Record<string, number>>;
  readonly copies: number;
};

/** The programs of ONNX Runtime's own log, in the order in which they were compiled. */
export const readPlacement = (log: string): Placement[] => {
  const programs: { other: number; cpu: Record<string, number>; copies: number }[] = [];
  let copies = 0;
  let onProcessor = false;
  for (const line of log.split("\n")) {
    if (line.includes("AddCopyNode")) copies++;
    const head = /placed on \[(\w+)\]\. Number of nodes: (\d+)/.exec(line);
    if (head !== null) {
      onProcessor = head[1] === "CPUExecutionProvider";
      const last = programs.at(-1);
      if (last === undefined || last.other > 0 || onProcessor) {
        programs.push({ other: 0, cpu: {}, copies });
        copies = 0;
      }
      if (!onProcessor) programs.at(-1)!.other = Number(head[2]);
      continue;
    }
    const node = /VerifyEachNodeIsAssignedToAnEp\]\s+(\w+) \(/.exec(line)?.[1];
    if (node === undefined || !onProcessor) continue;
    const { cpu } = programs.at(-1)!;
    cpu[node] = (cpu[node] ?? 0) + 1;
  }
  return programs;
};

/** A step and some replies with ONNX Runtime's own log on, which tells where every operation was placed. */
const placement = async ({ provider, folder }: PartOptions) => {
  const create = InferenceSession.create.bind(InferenceSession) as (
    model: Uint8Array,
    options: InferenceSession.SessionOptions,
  ) => Promise<InferenceSession>;
  const logged = (model: Uint8Array, options: InferenceSession.SessionOptions) =>
    create(model, { ...options, logSeverityLevel: 0, logVerbosityLevel: 0 });
  Object.assign(InferenceSession, { create: logged });
  setProvider(provider);
  const { config } = await loadModelFolder(folder);
  const { trainer, step } = pretrainingSteps(config, { ...shape, rows: 2, targets: 100 }, 128);
  await step();
  await trainer.release();
  const generator = createGenerator(await modelOf(folder));
  await generator.generate([{ prompt: [5, 6, 7], maxTokens: 3, temperature: 0, seed: 1 }], {});
  await generator.release();
  return {};
};

const partFunctions: Readonly<Record<PartName, (options: PartOptions) => Promise<object>>> = {
  matmul,
  training,
  generation,
  scoring,
  placement,
};

export const runPart = (part: PartName, options: PartOptions): Promise<object> =>
  partFunctions[part](options);
