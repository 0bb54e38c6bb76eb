// A training stage from its first step to its saved model: however it ends, its sessions are given back, and its
// checkpoint goes only when what was learned is saved.

import { discardCheckpoint, type LoopStage, runLoop } from "./loop.ts";

/** Whatever holds native sessions. */
export type Held = { release(): Promise<void> };

/** Does the work, and gives the sessions it used back however it ends. */
export const releasing = async <Result>(
  held: readonly Held[],
  work: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await work();
  } finally {
    await Promise.all(held.map((one) => one.release()));
  }
};

export type TrainStageOptions<Sizes> = LoopStage<Sizes> & {
  /** What the loop uses beside its trainer. */
  readonly held?: readonly Held[];
  /** Saves what was learned; the loop's sessions are released by then. */
  readonly save: () => Promise<void>;
};

/** Runs the loop to its end (from a checkpoint, where there is one), saves, and removes the checkpoint. */
export const trainStage = async <Sizes>(options: TrainStageOptions<Sizes>): Promise<void> => {
  await releasing([options.trainer, ...(options.held ?? [])], () => runLoop(options));
  await options.save();
  await discardCheckpoint(options.stage);
};
