// The trainer: holds parameters' moments beside a model's weights and runs one compiled step (forward, backward,
// optimiser) per call. A step over several parts adds their gradients up first, so that a large batch needs the memory of
// a small one. Programs are kept by shape bucket. Knows nothing of what the loss means.

import { CovenantError } from "../core/index.ts";
import {
  add,
  compile,
  createProgramCache,
  type Feeds,
  gradients,
  input,
  type Program,
  type Tensor,
} from "../engine/index.ts";
import {
  type DecoderGraph,
  dropoutFeeds,
  graphOf,
  learnsWithAdapters,
  type ModelState,
  trainingGraphOf,
} from "../transformer/index.ts";
import { keptByToken, programBudget } from "./activations.ts";
import {
  momentNames,
  type OptimiserOptions,
  optimiserStep,
  optimiserUpdate,
  stepFeeds,
} from "./optimiser.ts";

/**
 * What a loss builder makes: a scalar loss and scalar metrics. All are sums over rows that the feeds weigh, so that
 * those of a batch are those of its parts added up.
 */
export type LossGraph = { readonly loss: Tensor; readonly metrics: Readonly<Record<string, Tensor>> };

export type TrainerOptions<Sizes extends Readonly<Record<string, number>>> = {
  readonly state: ModelState;
  readonly optimiser: OptimiserOptions;
  /** Builds the loss of a batch of these sizes over the decoder. */
  readonly build: (graph: DecoderGraph, sizes: Sizes) => LossGraph;
};

/** An optimiser's moments of one parameter, as sums (see optimiser.ts); Muon keeps the first alone. */
export type Moments = { readonly first: Float32Array; readonly second?: Float32Array };

/** What a checkpoint of training holds beside the weights. */
export type TrainerSnapshot = { readonly step: number; readonly moments: Readonly<Record<string, Moments>> };

/** A batch, or a part of one: its sizes and what the loss reads of it. */
export type BatchPart<Sizes> = { readonly sizes: Sizes; readonly feeds: Feeds };

/** Takes optimiser steps on batches of given sizes; its moments can be saved and put back. */
export type Trainer<Sizes> = {
  /** One optimiser step. Throws CovenantError "training-diverged" when the loss is not a finite number. */
  step(sizes: Sizes, feeds: Feeds, learningRate: number): Promise<Record<string, number>>;
  /**
   * One optimiser step on a batch in parts, one after another; what its rows weigh must be divided by the sums over the
   * whole batch. A single part is `step`.
   */
  stepOver(parts: Iterable<BatchPart<Sizes>>, learningRate: number): Promise<Record<string, number>>;
  /** Loss and metrics of a batch in parts; nothing is learned. */
  evaluate(parts: Iterable<BatchPart<Sizes>>): Promise<Record<string, number>>;
  snapshot(): TrainerSnapshot;
  restore(snapshot: TrainerSnapshot): void;
  release(): Promise<void>;
};

const programLimit = 6;

/** Bytes that the program of a key keeps for its activations; those of an update are its feeds. */
const weightOf =
  ({ config, checkpointing }: ModelState) =>
  (key: string): number => {
    const [kind, sizes] = key.split("|") as [string, string];
    if (kind === "update") return 0;
    const { batch = 0, time = 0 } = JSON.parse(sizes) as Readonly<Record<string, number>>;
    return 4 * batch * time * keptByToken(config, time, checkpointing);
  };

const programKey = (sizes: Readonly<Record<string, number>>): string => JSON.stringify(sizes);

/** The moments before the first step. */
const zeroMoments = (
  { state, optimiser }: Pick<TrainerOptions<never>, "state" | "optimiser">,
  names: readonly string[],
): Map<string, Moments> =>
  new Map(
    names.map((name) => {
      const { length } = state.weights[name]!.data;
      const first = new Float32Array(length);
      return [name, optimiser.muon?.has(name) ? { first } : { first, second: new Float32Array(length) }];
    }),
  );

const momentFeeds = (moments: ReadonlyMap<string, Moments>): Record<string, Float32Array> => {
  const feeds: Record<string, Float32Array> = {};
  for (const [name, { first, second }] of moments) {
    feeds[momentNames(name).first] = first;
    if (second !== undefined) feeds[momentNames(name).second] = second;
  }
  return feeds;
};

const requireFinite = (metrics: Readonly<Record<string, number>>, step: number): void => {
  const { loss, gradient_norm: norm } = metrics;
  if (Number.isFinite(loss) && Number.isFinite(norm)) return;
  throw new CovenantError(
    "training-diverged",
    `Step ${step}: the loss is ${loss} and the gradient norm ${norm}. Lower the learning rate, or look at the rows of this step.`,
    { step },
  );
};

/** Under which names the sum of the gradients so far enters a program, and leaves it with a part's own added. */
const gradientNames = (parameter: string) => ({
  sum: `gradientSum:${parameter}`,
  newSum: `newGradientSum:${parameter}`,
});

const zeroSums = (state: ModelState, names: readonly string[]): Record<string, Float32Array> =>
  Object.fromEntries(
    names.map((name) => [gradientNames(name).sum, new Float32Array(state.weights[name]!.data.length)]),
  );

/** Items with whether there is but one; looks one ahead, and no further. */
function* knowingAlone<Item>(
  items: Iterable<Item>,
): Generator<{ readonly item: Item; readonly alone: boolean }> {
  const held: Item[] = [];
  let count = 0;
  for (const item of items) {
    if (held.length > 0) yield { item: held.pop()!, alone: false };
    held.push(item);
    count++;
  }
  if (held.length > 0) yield { item: held[0]!, alone: count === 1 };
}

/** What a program's outputs say: the scalars among them, by name. */
const scalarsOf = (program: Program, results: Readonly<Record<string, ArrayLike<number | bigint>>>) => {
  const scalars: Record<string, number> = {};
  for (const [name, { shape }] of program.outputs)
    if (shape.length === 0) scalars[name] = Number(results[name]![0]);
  return scalars;
};

const addScalars = (sum: Record<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [name, value] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + value;
};

/** The programs of a trainer by shape: whole steps, gradients of a part, the update from gradients, evaluation. */
const trainerPrograms = <Sizes extends Readonly<Record<string, number>>>(
  { state, optimiser, build }: TrainerOptions<Sizes>,
  names: readonly string[],
) => {
  const built = (graph: DecoderGraph, key: string) => {
    const parameters = new Map(
      names.map((name) => {
        const parameter = graph.parameter(name);
        if (parameter === undefined)
          throw new CovenantError("missing-parameter", `The graph lacks ${name}.`, { name });
        return [name, parameter] as const;
      }),
    );
    return { ...build(graph, JSON.parse(key) as Sizes), parameters };
  };
  const sumOf = (name: string): Tensor => input(gradientNames(name).sum, state.weights[name]!.shape);
  const compileKey = (key: string): Promise<Program> => {
    const [kind, sizes] = key.split("|") as ["step" | "gradient" | "evaluate" | "update", string];
    if (kind === "update") {
      const parameters = new Map(names.map((name) => [name, input(name, state.weights[name]!.shape)]));
      return compile(optimiserUpdate(names.map(sumOf), parameters, optimiser));
    }
    if (kind === "evaluate") {
      const { loss, metrics } = built(graphOf(state), sizes!);
      return compile({ loss, ...metrics });
    }
    const { loss, metrics, parameters } = built(trainingGraphOf(state), sizes!);
    if (kind === "step") return compile({ loss, ...metrics, ...optimiserStep(loss, parameters, optimiser) });
    const slopes = gradients(loss, [...parameters.values()]);
    const sums = names.map(
      (name, at) => [gradientNames(name).newSum, add(sumOf(name), slopes[at]!)] as const,
    );
    return compile({ loss, ...metrics, ...Object.fromEntries(sums) });
  };
  return createProgramCache(compileKey, programLimit, { weigh: weightOf(state), budget: programBudget });
};

/** Trainer over a model's state; the state's weights are replaced at every step. */
export const createTrainer = <Sizes extends Readonly<Record<string, number>>>(
  options: TrainerOptions<Sizes>,
): Trainer<Sizes> => {
  const { state, optimiser } = options;
  // Adapters and heads where there are adapters, everything otherwise.
  const names = Object.keys(state.weights).filter(learnsWithAdapters(state.weights));
  const moments = zeroMoments(options, names);
  let step = 0;
  const programs = trainerPrograms(options, names);
  /** Runs a program that ends in the optimiser, and takes over what it gives. */
  const update = async (
    program: Program,
    feeds: Feeds,
    learningRate: number,
    before: Record<string, number>,
  ) => {
    const scalars = stepFeeds(optimiser, learningRate, step + 1);
    const results = await program.run({ ...state.feeds(), ...momentFeeds(moments), ...scalars, ...feeds });
    const metrics = { ...before, ...scalarsOf(program, results) };
    requireFinite(metrics, step + 1);
    step++;
    for (const name of names) {
      const moment = momentNames(name);
      const { shape } = state.weights[name]!;
      state.weights[name] = { shape, data: results[moment.newValue] as Float32Array };
      const first = results[moment.newFirst] as Float32Array;
      const second = results[moment.newSecond] as Float32Array | undefined;
      moments.set(name, second === undefined ? { first } : { first, second });
    }
    return metrics;
  };
  const stepOn = async (sizes: Sizes, feeds: Feeds, learningRate: number) =>
    programs.use(`step|${programKey(sizes)}`, (program) =>
      update(program, { ...dropoutFeeds(state, step, 0), ...feeds }, learningRate, {}),
    );
  return {
    step: stepOn,
    async stepOver(parts, learningRate) {
      const sums = zeroSums(state, names);
      const metrics: Record<string, number> = {};
      let part = 0;
      for (const { item, alone } of knowingAlone(parts)) {
        const { sizes, feeds } = item;
        if (alone) return stepOn(sizes, feeds, learningRate);
        const masks = dropoutFeeds(state, step, part++);
        await programs.use(`gradient|${programKey(sizes)}`, async (program) => {
          const results = await program.run({ ...state.feeds(), ...sums, ...masks, ...feeds });
          for (const name of names)
            sums[gradientNames(name).sum] = results[gradientNames(name).newSum] as Float32Array;
          addScalars(metrics, scalarsOf(program, results));
        });
      }
      return programs.use("update|", (program) => update(program, sums, learningRate, metrics));
    },
    async evaluate(parts) {
      const metrics: Record<string, number> = {};
      for (const { sizes, feeds } of parts) {
        await programs.use(`evaluate|${programKey(sizes)}`, async (program) =>
          addScalars(metrics, scalarsOf(program, await program.run({ ...state.feeds(), ...feeds }))),
        );
      }
      return metrics;
    },
    snapshot: () => ({ step, moments: Object.fromEntries(moments) }),
    restore(snapshot) {
      step = snapshot.step;
      for (const [name, moment] of Object.entries(snapshot.moments)) moments.set(name, moment);
    },
    release: () => programs.release(),
  };
};
