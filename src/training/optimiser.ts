// AdamW as graph (Loshchilov & Hutter 2019, decoupled weight decay; numbers as in torch.optim.AdamW), with clipping
// by the global norm (Pascanu et al. 2013). Sits in the same graph as forward and backward, so a step is one run.
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

/** Settings of AdamW and of clipping; the learning rate comes with every step. */
export type AdamWOptions = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Applied to matrices only: norms and other vectors do not decay. */
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
};

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
 * own name.
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
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
  learningRate: number,
  step: number,
): Record<string, Float32Array> => {
  const size = (learningRate * (1 - beta1)) / (1 - beta1 ** step);
  const rootShare = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  return {
    decay: Float32Array.of(1 - learningRate * weightDecay),
    rootShare: Float32Array.of(size === 0 ? 1 : rootShare / size),
    floor: Float32Array.of(size === 0 ? Number.POSITIVE_INFINITY : epsilon / size),
  };
};

/** Values of a parameter, or of several laid end to end. */
type Slot = { readonly names: readonly string[]; readonly decays: boolean };

/** Tensors of at most so many elements are updated together: one pass each would cost more than it computes. */
const togetherBelow = 65_536;

/** Every parameter in a slot: large ones alone, small ones together, by whether they decay. */
const slotsOf = (parameters: ReadonlyMap<string, Tensor>): Slot[] => {
  const slots: Slot[] = [];
  const together = { true: [] as string[], false: [] as string[] };
  for (const [name, { shape }] of parameters) {
    const decays = shape.length > 1;
    if (sizeOf(shape) > togetherBelow) slots.push({ names: [name], decays });
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

/**
 * Outputs of one optimiser step: new values and moments of every parameter, and gradient_norm (before clipping).
 * Parameters are inputs named as in the map.
 */
export const adamWStep = (
  loss: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  options: AdamWOptions,
): Record<string, Tensor> => adamWUpdate(gradients(loss, [...parameters.values()]), parameters, options);

/** adamWStep from gradients that are there already, one a parameter in the map's order. */
export const adamWUpdate = (
  slopes: readonly Tensor[],
  parameters: ReadonlyMap<string, Tensor>,
  options: AdamWOptions,
): Record<string, Tensor> => {
  const byName = new Map([...parameters.keys()].map((name, at) => [name, slopes[at]!]));
  const slots = slotsOf(parameters).map((slot) => ({
    ...slot,
    slope: flat(slot.names.map((name) => byName.get(name)!)),
  }));
  const squares = slots.map(({ slope }) => sumOfSquares(slope));
  const norm = squareRoot(squares.reduce((total, square) => add(total, square)));
  const scale = minimum(scalar(1), divide(scalar(options.maxGradientNorm), add(norm, scalar(1e-6))));
  const [decay, rootShare, floor] = ["decay", "rootShare", "floor"].map((name) => input(name, []));
  const outputs: Record<string, Tensor> = { gradient_norm: norm };
  for (const { names, decays, slope: raw } of slots) {
    const shapes = names.map((name) => parameters.get(name)!.shape);
    const fed = (kind: "first" | "second"): Tensor =>
      flat(names.map((name, at) => input(momentNames(name)[kind], shapes[at]!)));
    const value = flat(names.map((name) => parameters.get(name)!));
    const slope = multiply(raw, scale);
    const first = add(multiply(fed("first"), scalar(options.beta1)), slope);
    const second = add(multiply(fed("second"), scalar(options.beta2)), multiply(slope, slope));
    const root = add(multiply(squareRoot(second), rootShare!), floor!);
    const decayed = options.weightDecay > 0 && decays ? multiply(value, decay!) : value;
    const updated = subtract(decayed, divide(first, root));
    const cuts = [updated, first, second].map((values) => cut(values, shapes));
    names.forEach((name, at) => {
      const { newValue, newFirst, newSecond } = momentNames(name);
      outputs[newValue] = cuts[0]![at]!;
      outputs[newFirst] = cuts[1]![at]!;
      outputs[newSecond] = cuts[2]![at]!;
    });
  }
  return outputs;
};
