// What every training loop yields, and what it takes to be continued.
// A loop is an async generator of step metrics: it touches no disk, and whoever runs it decides what is kept.

/** Metrics after a step (TRL's names); step counts from 0. */
export type StepMetrics = { readonly step: number; readonly metrics: Readonly<Record<string, number>> };

/** What every loop takes: where it starts, what stops it, and its seed. */
export type LoopOptions = {
  readonly seed: number;
  /** First step to run: the number of steps already in the weights. */
  readonly start?: number;
  readonly signal?: AbortSignal;
};
