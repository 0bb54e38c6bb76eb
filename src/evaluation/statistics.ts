// Figures with their 95 % intervals. Proportions: Wilson's score interval. Means: percentile bootstrap (Efron 1979) from
// a given seed. Knows nothing of what is counted.

import { createRandom, type Random, total, wilsonInterval } from "../core/index.ts";
import type { Estimate } from "../records/index.ts";

/** How many resamples a bootstrap takes unless told. */
export const defaultResamples = 1000;

/** The figure of no observations. */
export const emptyEstimate = (): Estimate => ({ value: null, low: null, high: null, n: 0 });

/**
 * A share with Wilson's interval. successes may hold halves (ties count half). Throws RangeError unless
 * 0 <= successes <= n. The observations are taken as independent.
 */
export const proportion = (successes: number, n: number): Estimate => {
  if (!(successes >= 0 && successes <= n)) throw new RangeError(`proportion: ${successes} of ${n}`);
  if (n === 0) return emptyEstimate();
  const value = successes / n;
  return { value, ...wilsonInterval(value, n), n };
};

/** The share of items for which the test holds, of all that were given. */
export const share = <Item>(items: readonly Item[], test: (item: Item) => boolean): Estimate =>
  proportion(items.filter(test).length, items.length);

/** The quantile of ascending numbers by linear interpolation (type 7 of Hyndman & Fan 1996). Not for empty lists. */
export const quantile = (ascending: ArrayLike<number>, probability: number): number => {
  if (ascending.length === 0) throw new RangeError("quantile: the list is empty");
  const position = (ascending.length - 1) * probability;
  const below = Math.floor(position);
  const low = ascending[below]!;
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!;
  return low + (high - low) * (position - below);
};

/**
 * The end of an interval from ascending draws of which some may be infinite: the quantile, but between two draws that are
 * not both finite the outer one, which is the lower for a probability below one half.
 */
export const outerQuantile = (ascending: ArrayLike<number>, probability: number): number => {
  const position = (ascending.length - 1) * probability;
  const [below, above] = [ascending[Math.floor(position)]!, ascending[Math.ceil(position)]!];
  if (Number.isFinite(below) && Number.isFinite(above)) return quantile(ascending, probability);
  return probability < 0.5 ? below : above;
};

/**
 * The percentile bootstrap of a statistic: `draw` gives its value on one resample. The interval is widened to hold
 * the value itself.
 */
export const bootstrapInterval = (
  value: number,
  draw: (random: Random) => number,
  seed: number,
  resamples = defaultResamples,
): readonly [low: number, high: number] => {
  const random = createRandom(seed);
  const draws = Float64Array.from({ length: resamples }, () => draw(random)).sort();
  return [Math.min(value, quantile(draws, 0.025)), Math.max(value, quantile(draws, 0.975))];
};

/**
 * A mean with a percentile bootstrap interval. The values are sorted first, so their order changes nothing. Equal
 * values give an interval without width: that says little when there are few.
 */
export const mean = (values: readonly number[], seed: number, resamples = defaultResamples): Estimate => {
  const n = values.length;
  if (n === 0) return emptyEstimate();
  const sorted = Float64Array.from(values).sort();
  const value = total(sorted) / n;
  const draw = (random: Random): number => {
    let sum = 0;
    for (let index = 0; index < n; index++) sum += sorted[random.integer(n)]!;
    return sum / n;
  };
  const [low, high] = bootstrapInterval(value, draw, seed, resamples);
  return { value, low, high, n };
};
