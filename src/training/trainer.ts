// The trainer: holds parameters' moments beside a model's weights and runs one compiled step (forward, backward,
// AdamW) per call. Programs are kept by shape bucket. Knows nothing of what the loss means.

import { CovenantError } from "../core/index.ts";
import { compile, createProgramCache, type Feeds, type Tensor } from "../engine/index.ts";
import {
  type DecoderGraph,
  dropoutFeeds,
  learnsWithAdapters,
  type ModelState,
  trainingGraphOf,
} from "../transformer/index.ts";
import { type AdamWOptions, adamWStep, momentNames, stepFeeds } from "./optimiser.ts";

/** What a loss builder makes: a scalar loss and scalar metrics. */
export type LossGraph = { readonly loss: Tensor; readonly metrics: Readonly<Record<string, Tensor>> };

export type TrainerOptions<Sizes extends Readonly<Record<string, number>>> = {
  readonly state: ModelState;
  readonly optimiser: AdamWOptions;
  /** Builds the loss of a batch of these sizes over the decoder. */
  readonly build: (graph: DecoderGraph, sizes: Sizes) => LossGraph;
};

/** AdamW's moments of one parameter, as sums (see optimiser.ts). */
export type Moments = { readonly first: Float32Array; readonly second: Float32Array };

/** What a checkpoint of training holds beside the weights. */
export type TrainerSnapshot = { readonly step: number; readonly moments: Readonly<Record<string, Moments>> };

/** Takes optimiser steps on batches of given sizes; its moments can be saved and put back. */
export type Trainer<Sizes> = {
  /** One optimiser step. Throws CovenantError "training-diverged" when the loss is not a finite number. */
  step(sizes: Sizes, feeds: Feeds, learningRate: number): Promise<Record<string, number>>;
  snapshot(): TrainerSnapshot;
  restore(snapshot: TrainerSnapshot): void;
  release(): Promise<void>;
};

/** Each program keeps its activations' memory, about 200 MB for 3,000 tokens of a model 256 wide. */
const programLimit = 6;

const programKey = (sizes: Readonly<Record<string, number>>): string => JSON.stringify(sizes);

/** The moments before the first step. */
const zeroMoments = (state: ModelState, names: readonly string[]): Map<string, Moments> =>
  new Map(
    names.map((name) => {
      const { length } = state.weights[name]!.data;
      return [name, { first: new Float32Array(length), second: new Float32Array(length) }];
    }),
  );

const momentFeeds = (moments: ReadonlyMap<string, Moments>): Record<string, Float32Array> => {
  const feeds: Record<string, Float32Array> = {};
  for (const [name, { first, second }] of moments) {
    feeds[momentNames(name).first] = first;
    feeds[momentNames(name).second] = second;
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

/** Trainer over a model's state; the state's weights are replaced at every step. */
export const createTrainer = <Sizes extends Readonly<Record<string, number>>>(
  options: TrainerOptions<Sizes>,
): Trainer<Sizes> => {
  const { state, optimiser, build } = options;
  // Adapters and heads where there are adapters, everything otherwise.
  const names = Object.keys(state.weights).filter(learnsWithAdapters(state.weights));
  const moments = zeroMoments(state, names);
  let step = 0;
  const programs = createProgramCache((key) => {
    const graph = trainingGraphOf(state);
    const { loss, metrics } = build(graph, JSON.parse(key) as Sizes);
    const parameters = new Map(
      names.map((name) => {
        const parameter = graph.parameter(name);
        if (parameter === undefined)
          throw new CovenantError("missing-parameter", `The graph lacks ${name}.`, { name });
        return [name, parameter] as const;
      }),
    );
    return compile({ loss, ...metrics, ...adamWStep(loss, parameters, optimiser) });
  }, programLimit);
  return {
    async step(sizes, feeds, learningRate) {
      const program = await programs.get(programKey(sizes));
      const scalars = stepFeeds(optimiser, learningRate, step + 1);
      const results = await program.run({
        ...state.feeds(),
        ...momentFeeds(moments),
        ...dropoutFeeds(state, step),
        ...scalars,
        ...feeds,
      });
      const metrics: Record<string, number> = {};
      for (const [name, { shape }] of program.outputs)
        if (shape.length === 0) metrics[name] = Number(results[name]![0]);
      requireFinite(metrics, step + 1);
      step++;
      for (const name of names) {
        const moment = momentNames(name);
        const { shape } = state.weights[name]!;
        state.weights[name] = { shape, data: results[moment.newValue] as Float32Array };
        moments.set(name, {
          first: results[moment.newFirst] as Float32Array,
          second: results[moment.newSecond] as Float32Array,
        });
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
