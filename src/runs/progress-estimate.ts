// From progress events to how fast and how long still: a pure function, so the terminal and Studio say the same.
// The rate is that of the last half minute of work; what an earlier attempt did counts as done, not as speed.

/** One progress event of a stage. time: milliseconds. */
export type ProgressPoint = { readonly time: number; readonly done: number; readonly total: number };

/** rate: units a second, null before two points differ; remainingSeconds: null while the rate is unknown. */
export type ProgressEstimate = {
  readonly fraction: number;
  readonly rate: number | null;
  readonly remainingSeconds: number | null;
};

const windowMilliseconds = 30_000;

/** The state of a stage from its progress events since the stage started (or was resumed), oldest first. */
export const estimateProgress = (points: readonly ProgressPoint[]): ProgressEstimate => {
  const last = points.at(-1);
  if (last === undefined) return { fraction: 0, rate: null, remainingSeconds: null };
  const fraction = last.total > 0 ? Math.min(1, Math.max(0, last.done / last.total)) : 0;
  const left = Math.max(0, last.total - last.done);
  // The newest point that is older than the window is its left edge, so a pause does not empty the window.
  const edge = points.findLastIndex((point) => point.time <= last.time - windowMilliseconds);
  const from = points[Math.max(0, edge)] ?? last;
  const seconds = (last.time - from.time) / 1000;
  const rate = seconds > 0 && last.done > from.done ? (last.done - from.done) / seconds : null;
  if (left === 0) return { fraction, rate, remainingSeconds: 0 };
  return { fraction, rate, remainingSeconds: rate === null ? null : left / rate };
};
