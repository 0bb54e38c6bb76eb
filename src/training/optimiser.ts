// AdamW as graph (Loshchilov & Hutter 2019, decoupled weight decay; numbers as in torch.optim.AdamW), with clipping
// by the global norm (Pascanu et al. 2013), and Muon (muon.ts) for the matrices that are named. Sits in the same graph as
// forward and backward, so a step is one run.
// Deviation: moments are kept as plain decaying sums, m / (1 - beta1) and v / (1 - beta2), and step size, bias
// corrections and epsilon meet in two numbers a step. The update is the same; every pass over the parameters that a
// number replaces is memory traffic saved.

import {
  add,
  concatenate,
  divide,
  gradients,
  input,
  minimum,
  multiply,
  reshape,
  type Shape,
  scalar,
  sizeOf,
  slice,
  squareRoot,
  subtract,
  sumOfSquares,
  type Tensor,
} from "../engine/index.ts";
import { muonUpdate } from "./muon.ts";

/** Settings of AdamW and of clipping; the learning rate comes with every step. */
export type AdamWOptions = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Applied to matrices only: norms and other vectors do not decay. */
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
};

/** AdamW for every parameter, but for matrices [rows, columns] that Muon moves, with the same rate and decay. */
export type OptimiserOptions = AdamWOptions & { readonly muon?: ReadonlySet<string> };

/** torch.optim.AdamW's defaults, without decay, clipped at a norm of 1. */
export const defaultAdamW: AdamWOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradientNorm: 1,
};

/**
 * Names under which moments (as sums, see above) enter, and under which updated values leave, beside the parameter's
 * own name. Muon has no second moment.
 */
export const momentNames = (parameter: string) => ({
  first: `firstSum:${parameter}`,
  second: `secondSum:${parameter}`,
  newValue: `new:${parameter}`,
  newFirst: `newFirst:${parameter}`,
  newSecond: `newSecond:${parameter}`,
});

/**
 * The scalars that change every step; step counts from 1. With M = m / (1 - beta1) and V = v / (1 - beta2), the move
 * of AdamW, rate * mHat / (sqrt(vHat) + epsilon), is M / (sqrt(V) * rootShare + floor); an endless floor moves nothing.
 */
export const stepFeeds = (
  { beta1, beta2, epsilon, weightDecay }: OptimiserOptions,
  learningRate: number,
  step: number,
): Record<string, Float32Array> => {
  const size = (learningRate * (1 - beta1)) / (1 - beta1 ** step);
  const rootShare = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    rate: Float32Array.of(learningRate),
    decay: Float32Array.of(1 - learningRate * weightDecay),
    rootShare: Float32Array.of(size === 0 ? 1 : rootShare / size),
    floor: Float32Array.of(size === 0 ? Number.POSITIVE_INFINITY : epsilon / size),
  };
};

/** Values of a parameter, or of several laid end to end. */
type Slot = { readonly names: readonly string[]; readonly decays: boolean };

/** Tensors of at most so many elements are updated together: one pass each would cost more than it computes. */
const togetherBelow = 65_536;

/** Every parameter in a slot: large ones alone, as those that Muon moves; small ones together, by whether they decay. */
const slotsOf = (parameters: ReadonlyMap<string, Tensor>, { muon }: OptimiserOptions): Slot[] => {
  const slots: Slot[] = [];
  const together = { true: [] as string[], false: [] as string[] };
  for (const [name, { shape }] of parameters) {
    const decays = shape.length > 1;
    if (sizeOf(shape) > togetherBelow || muon?.has(name)) slots.push({ names: [name], decays });
    else together[`${decays}`].push(name);
  }
  for (const decays of [true, false])
    if (together[`${decays}`].length > 0) slots.push({ names: together[`${decays}`], decays });
  return slots;
};

const flat = (tensors: readonly Tensor[]): Tensor =>
  tensors.length === 1
    ? tensors[0]!
    : concatenate(
        tensors.map((tensor) => reshape(tensor, [sizeOf(tensor.shape)])),
        0,
      );

/** Cuts a slot's values into tensors of the parameters' shapes. */
const cut = (values: Tensor, shapes: readonly Shape[]): Tensor[] => {
  if (shapes.length === 1) return [values];
  let start = 0;
  return shapes.map((shape) => {
    const end = start + sizeOf(shape);
    const part = reshape(slice(values, 0, start, end), shape);
    start = end;
    return part;
  });
};

/** The scalars of stepFeeds as inputs. */
const stepInputs = () => ({
  rate: input("rate", []),
  decay: input("decay", []),
  rootShare: input("rootShare", []),
  floor: input("floor", []),
});

/** AdamW's outputs for the parameters of a slot. slope: their gradients, clipped, laid end to end. */
const adamWOutputs = (
  { names, decays }: Slot,
  slope: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  { beta1, beta2, weightDecay }: OptimiserOptions,
): Record<string, Tensor> => {
  const { decay, rootShare, floor } = stepInputs();
  const shapes = names.map((name) => parameters.get(name)!.shape);
  const fed = (kind: "first" | "second"): Tensor =>
    flat(names.map((name, at) => input(momentNames(name)[kind], shapes[at]!)));
  const value = flat(names.map((name) => parameters.get(name)!));
  const first = add(multiply(fed("first"), scalar(beta1)), slope);
  const second = add(multiply(fed("second"), scalar(beta2)), multiply(slope, slope));
  const root = add(multiply(squareRoot(second), rootShare), floor);
  const decayed = weightDecay > 0 && decays ? multiply(value, decay) : value;
  const updated = subtract(decayed, divide(first, root));
  const cuts = [updated, first, second].map((values) => cut(values, shapes));
  return Object.fromEntries(
    names.flatMap((name, at) => {
      const { newValue, newFirst, newSecond } = momentNames(name);
      return [newValue, newFirst, newSecond].map((output, kind) => [output, cuts[kind]![at]!] as const);
    }),
  );
};

/** Muon's outputs for one matrix. */
const muonOutputs = (
  name: string,
  slope: Tensor,
  value: Tensor,
  { weightDecay }: OptimiserOptions,
): Record<string, Tensor> => {
  const { rate, decay } = stepInputs();
  const { first, newValue, newFirst } = momentNames(name);
  const { move, momentum } = muonUpdate(slope, input(first, value.shape));
  const decayed = weightDecay > 0 ? multiply(value, decay) : value;
  return { [newValue]: subtract(decayed, multiply(move, rate)), [newFirst]: momentum };
};

/**
 * Outputs of one optimiser step: new values and moments of every parameter, and gradient_norm (before clipping).
 * Parameters are inputs named as in the map.
 */
export const optimiserStep = (
  loss: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  options: OptimiserOptions,
): Record<string, Tensor> => optimiserUpdate(gradients(loss, [...parameters.values()]), parameters, options);

/** optimiserStep from gradients that are there already, one a parameter in the map's order. */
export const optimiserUpdate = (
  slopes: readonly Tensor[],
  parameters: ReadonlyMap<string, Tensor>,
  options: OptimiserOptions,
): Record<string, Tensor> => {
  const byName = new Map([...parameters.keys()].map((name, at) => [name, slopes[at]!]));
  const slots = slotsOf(parameters, options).map((slot) => ({
    slot,
    raw: flat(slot.names.map((name) => byName.get(name)!)),
  }));
  const squares = slots.map(({ raw }) => sumOfSquares(raw));
  const norm = squareRoot(squares.reduce((total, square) => add(total, square)));
  const scale = minimum(scalar(1), divide(scalar(options.maxGradientNorm), add(norm, scalar(1e-6))));
  const outputs: Record<string, Tensor> = { gradient_norm: norm };
  for (const { slot, raw } of slots) {
    const [name] = slot.names;
    const slope = multiply(raw, scale);
    Object.assign(
      outputs,
      options.muon?.has(name!)
        ? muonOutputs(name!, slope, parameters.get(name!)!, options)
        : adamWOutputs(slot, slope, parameters, options),
    );
  }
  return outputs;
};
