// AdamW as graph (Loshchilov & Hutter 2019, decoupled weight decay; numbers as in torch.optim.AdamW), with clipping
// by the global norm (Pascanu et al. 2013). Sits in the same graph as forward and backward, so a step is one run.
// Deviation: moments are kept as plain decaying sums, m / (1 - beta1) and v / (1 - beta2), and step size, bias
// corrections and epsilon meet in two numbers a step. The update is the same; every pass over the parameters that a
// number replaces is memory traffic saved.

import {
  add,
  divide,
  gradients,
  input,
  minimum,
  multiply,
  scalar,
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
  const names = [...parameters.keys()];
  const squares = slopes.map((slope) => sumOfSquares(slope));
  const norm = squareRoot(squares.reduce((total, square) => add(total, square)));
  const scale = minimum(scalar(1), divide(scalar(options.maxGradientNorm), add(norm, scalar(1e-6))));
  const [decay, rootShare, floor] = ["decay", "rootShare", "floor"].map((name) => input(name, []));
  const outputs: Record<string, Tensor> = { gradient_norm: norm };
  names.forEach((name, at) => {
    const value = parameters.get(name)!;
    const slope = multiply(slopes[at]!, scale);
    const moment = momentNames(name);
    const first = add(multiply(input(moment.first, value.shape), scalar(options.beta1)), slope);
    const second = add(
      multiply(input(moment.second, value.shape), scalar(options.beta2)),
      multiply(slope, slope),
    );
    const root = add(multiply(squareRoot(second), rootShare!), floor!);
    const decayed = options.weightDecay > 0 && value.shape.length > 1 ? multiply(value, decay!) : value;
    outputs[moment.newValue] = subtract(decayed, divide(first, root));
    outputs[moment.newFirst] = first;
    outputs[moment.newSecond] = second;
  });
  return outputs;
};
