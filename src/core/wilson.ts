// Wilson's score interval of a share (Wilson 1927), 95 %. It stays within 0 and 1 and keeps its width at the ends. Knows
// nothing of what is counted. Runs in a browser.

/** The standard normal quantile of 0.975. */
const normalQuantile = 1.959963984540054;

/** The interval of a share (0 to 1) of n independent observations; n > 0. It holds the share itself. */
export const wilsonInterval = (share: number, n: number): { readonly low: number; readonly high: number } => {
  const square = normalQuantile ** 2;
  const centre = (share + square / (2 * n)) / (1 + square / n);
  const half =
    (normalQuantile / (1 + square / n)) * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n));
  // Rounding must neither leave [0, 1] nor put the share outside its interval.
  return {
    low: Math.max(0, Math.min(share, centre - half)),
    high: Math.min(1, Math.max(share, centre + half)),
  };
};
