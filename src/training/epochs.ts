// The order of training: every epoch is a seeded shuffle of all rows, cut into batches. Which rows a step sees depends
// on (seed, step) alone, so training continues after an interruption as if there had been none. What is left over at
// the end of an epoch is a batch of its own and a whole optimiser step, whose loss is the mean over the rows it has,
// be it one: as in transformers' Trainer and TRL (dataloader_drop_last is false there, too). Nothing is dropped.

import { createRandom, deriveSeed } from "../core/index.ts";

export type EpochOptions = {
  readonly rows: number;
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
};

/** Optimiser steps of all epochs; the last batch of an epoch may be smaller, and is a whole step all the same. */
export const stepsOf = ({ rows, batch, epochs }: EpochOptions): number => Math.ceil(rows / batch) * epochs;

/** Row indices of a step, counted from 0. */
export const rowsOfStep = (options: EpochOptions, step: number): number[] => {
  const perEpoch = Math.ceil(options.rows / options.batch);
  const epoch = Math.floor(step / perEpoch);
  const order = createRandom(deriveSeed(options.seed, "epoch", epoch)).shuffle(
    Array.from({ length: options.rows }, (_, row) => row),
  );
  const start = (step % perEpoch) * options.batch;
  return order.slice(start, start + options.batch);
};

/** When rows that were kept out are looked at: after every so many steps, and after the last; 0: after every epoch. */
export const isEvaluated = (options: EpochOptions, every: number, step: number): boolean => {
  const period = every === 0 ? Math.ceil(options.rows / options.batch) : every;
  return (step + 1) % period === 0 || step + 1 === stepsOf(options);
};
