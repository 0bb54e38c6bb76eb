// A mean with its standard error and Student's 95 % interval, from sums alone, so that values may come one by one. For means
// of few independent repetitions, where resampling would promise too much.

/** Sums of values; start with noValues(). */
export type Values = { n: number; sum: number; squares: number };

/** No values yet. */
export const noValues = (): Values => ({ n: 0, sum: 0, squares: 0 });

/** Takes a value in. */
export const addValue = (values: Values, value: number): void => {
  values.n++;
  values.sum += value;
  values.squares += value * value;
};

/** low, high, standardError: null for fewer than two values, of which nothing can be told. */
export type StudentEstimate = {
  readonly value: number | null;
  readonly standardError: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
};

/** 0.975 quantiles of Student's t for 1 to 10 degrees of freedom. */
const firstQuantiles = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];
const normalQuantile = 1.959963984540054;

/** The 0.975 quantile of Student's t; from 11 degrees on by the expansion of Cornish and Fisher. */
export const studentQuantile = (degrees: number): number => {
  const known = firstQuantiles[degrees - 1];
  if (known !== undefined) return known;
  const z = normalQuantile;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
};

/** The least and the greatest that a value can be; infinite where there is no end. */
export type Scale = { readonly low: number; readonly high: number };

/** The mean of what was taken in, with its interval, which ends where the values' scale does. */
export const studentMean = ({ n, sum, squares }: Values, scale?: Scale): StudentEstimate => {
  if (n === 0) return { value: null, standardError: null, low: null, high: null, n };
  const value = sum / n;
  if (n === 1) return { value, standardError: null, low: null, high: null, n };
  // Rounding can bring the difference of equal values below zero.
  const variance = Math.max(0, (squares - sum * value) / (n - 1));
  const standardError = Math.sqrt(variance / n);
  const half = studentQuantile(n - 1) * standardError;
  const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = scale ?? {};
  return {
    ...{ value, standardError, n },
    low: Math.max(low, value - half),
    high: Math.min(high, value + half),
  };
};
