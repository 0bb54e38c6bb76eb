// Plain numbers: sums, means and the logistic function, each written once, so that the same numbers give the same bits
// everywhere. Knows no tensor and no interval.

/** The sum, in the values' order; 0 of none. */
export const total = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at]!;
  return sum;
};

/** The mean; 0 of none: who must tell none from 0 asks before. */
export const mean = (values: ArrayLike<number>): number => total(values) / Math.max(1, values.length);

/** 1 / (1 + e^-x). */
export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
