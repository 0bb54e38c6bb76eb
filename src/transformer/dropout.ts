// Dropout (Srivastava et al. 2014) whose masks come from the graph itself: from a seed that is fed at each step, the
// name of the module and the element's place. A step taken again has the same masks, whoever took it.
// The generator: an inner product over the integers modulo 2048 (Carter & Wegman 1979). A place (row, column) has
// u = Σₖ (Rₖ[row] · sₖ + tₖ) · Cₖ[column] mod 2048, k < 4, with random R and C of the module and random s (odd) and t of
// the step; it is dropped where u < 2048 · share. All products are whole numbers below 2²⁴, exact in float32.

import { createRandom, deriveSeed } from "../core/index.ts";
import {
  add,
  cast,
  constant,
  greater,
  input,
  matmul,
  multiply,
  reshape,
  scalar,
  slice,
  subtract,
  type Tensor,
  where,
} from "../engine/index.ts";

/** share: of the numbers that are dropped; seed: the numbers of the step, as dropoutSeed makes them. */
export type Dropout = { readonly share: number; readonly seed: Tensor };

const modulus = 2048;
const terms = 4;

/** The input through which a step's seed enters a graph. */
export const dropoutInput = "dropout_seed";

/** The graph's input [2, 4]. */
export const dropoutSeedInput = (): Tensor => input(dropoutInput, [2, terms]);

/** What is fed there: four odd factors and four summands of this step. */
export const dropoutSeed = (seed: number, step: number): Float32Array => {
  const random = createRandom(deriveSeed(seed, "dropout", step));
  return Float32Array.from({ length: 2 * terms }, (_, at) =>
    at < terms ? 2 * random.integer(modulus / 2) + 1 : random.integer(modulus),
  );
};

const places = (module: string, side: string, shape: readonly [number, number]): Tensor => {
  const random = createRandom(deriveSeed(0, "dropout", module, side));
  return constant(
    Float32Array.from({ length: shape[0] * shape[1] }, () => random.integer(modulus)),
    shape,
  );
};

/** x modulo 2048, for whole numbers from 0 on. */
const remainder = (x: Tensor): Tensor => {
  const whole = cast(cast(multiply(x, scalar(1 / modulus)), "int64"), "float32");
  return subtract(x, multiply(whole, scalar(modulus)));
};

/** x [n, width] with a share of its numbers zero and the others larger by as much, so that the mean stays. */
export const dropped = (x: Tensor, { share, seed }: Dropout, module: string): Tensor => {
  const [rows, columns] = x.shape as [number, number];
  const factors = reshape(slice(seed, 0, 0, 1), [1, terms]);
  const summands = reshape(slice(seed, 0, 1, 2), [1, terms]);
  const ofRows = remainder(add(multiply(places(module, "rows", [rows, terms]), factors), summands));
  const u = remainder(matmul(ofRows, places(module, "columns", [terms, columns])));
  const isKept = greater(u, scalar(modulus * share - 0.5));
  return where(isKept, multiply(x, scalar(1 / (1 - share))), scalar(0));
};
