// How fast this machine multiplies matrices just now: a product of moderate size, for a fraction of a second, with the
// threads that models have. Knows no model.

import type { Clock } from "../../core/index.ts";
import { compile, input, matmul, sum } from "../../engine/index.ts";
import type { RecipeContext } from "../recipe.ts";

/** Operations a second of two cores with AVX2: for plans that are made for nobody to read. */
export const usualRate = 120e9;

const side = 512;
const products = 8;
const mostRuns = 20;
const enoughMilliseconds = 250;

/** Operations a second, each multiplication and each addition being one; usualRate where the clock stands still. */
export const measureRate = async (clock: Clock): Promise<number> => {
  const weight = input("weight", [side, side]);
  let product = input("x", [side, side]);
  for (let count = 0; count < products; count++) product = matmul(product, weight);
  const program = await compile({ total: sum(product) });
  const feeds = {
    weight: new Float32Array(side * side).fill(1 / side),
    x: new Float32Array(side * side).fill(1),
  };
  try {
    await program.run(feeds);
    const started = clock.now();
    let runs = 0;
    while (runs < mostRuns && clock.now() - started < enoughMilliseconds) {
      await program.run(feeds);
      runs++;
    }
    const milliseconds = clock.now() - started;
    return milliseconds > 0 ? (1000 * runs * products * 2 * side ** 3) / milliseconds : usualRate;
  } finally {
    await program.release();
  }
};

let measured: Promise<number> | undefined;

/** The machine's rate where a dry run tells it to a person, measured once a process. */
export const machineRate = ({ dry, clock }: RecipeContext): Promise<number> | number => {
  if (dry !== true) return usualRate;
  measured ??= measureRate(clock);
  return measured;
};
