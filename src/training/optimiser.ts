// AdamW as graph (Loshchilov & Hutter 2019, decoupled weight decay; numbers as in torch.optim.AdamW), with clipping
// by the global norm (Pascanu et al. 2013). Sits in the same graph as forward and backward, so a step is one run.

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

export type AdamWOptions = {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Applied to matrices only: norms and other vectors do not decay. */
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
};

export const defaultAdamW: AdamWOptions = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradientNorm: 1,
};

/** Names under which moments enter, and under which updated values leave, beside the parameter's own name. */
export const momentNames = (parameter: string) => ({
  first: `first:${parameter}`,
  second: `second:${parameter}`,
  newValue: `new:${parameter}`,
  newFirst: `newFirst:${parameter}`,
  newSecond: `newSecond:${parameter}`,
});

/** The scalars that change every step. step counts from 1. */
export const stepFeeds = (
  options: AdamWOptions,
  learningRate: number,
  step: number,
): Record<string, Float32Array> => ({
  decay: Float32Array.of(1 - learningRate * options.weightDecay),
  stepSize: Float32Array.of(learningRate / (1 - options.beta1 ** step)),
  rootCorrection: Float32Array.of(1 / Math.sqrt(1 - options.beta2 ** step)),
});

/**
 * Outputs of one optimiser step: new values and moments of every parameter, and gradient_norm (before clipping).
 * Parameters are inputs named as in the map.
 */
export const adamWStep = (
  loss: Tensor,
  parameters: ReadonlyMap<string, Tensor>,
  options: AdamWOptions,
): Record<string, Tensor> => {
  const names = [...parameters.keys()];
  const slopes = gradients(loss, [...parameters.values()]);
  const squares = slopes.map((slope) => sumOfSquares(slope));
  const norm = squareRoot(squares.reduce((total, square) => add(total, square)));
  const scale = minimum(scalar(1), divide(scalar(options.maxGradientNorm), add(norm, scalar(1e-6))));
  const firstShare = multiply(scale, scalar(1 - options.beta1));
  const secondShare = multiply(multiply(scale, scale), scalar(1 - options.beta2));
  const [decay, stepSize, rootCorrection] = ["decay", "stepSize", "rootCorrection"].map((name) =>
    input(name, []),
  );
  const outputs: Record<string, Tensor> = { gradient_norm: norm };
  names.forEach((name, at) => {
    const value = parameters.get(name)!;
    const slope = slopes[at]!;
    const moment = momentNames(name);
    const first = add(
      multiply(input(moment.first, value.shape), scalar(options.beta1)),
      multiply(slope, firstShare),
    );
    const second = add(
      multiply(input(moment.second, value.shape), scalar(options.beta2)),
      multiply(multiply(slope, slope), secondShare),
    );
    const root = add(multiply(squareRoot(second), rootCorrection!), scalar(options.epsilon));
    const decayed = options.weightDecay > 0 && value.shape.length > 1 ? multiply(value, decay!) : value;
    outputs[moment.newValue] = subtract(decayed, divide(multiply(first, stepSize!), root));
    outputs[moment.newFirst] = first;
    outputs[moment.newSecond] = second;
  });
  return outputs;
};
