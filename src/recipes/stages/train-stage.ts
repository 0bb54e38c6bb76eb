// A training stage from its first step to its saved model: however it ends, its sessions are given back, its checkpoint
// goes only when what was learned is saved, and what is saved is not learned again, though its stage never ended.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../../core/index.ts";
import { savedName } from "../../runs/index.ts";
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

/**
 * Runs the loop to its end (from a checkpoint, where there is one), saves, and removes the checkpoint. Where an earlier
 * attempt has saved and was stopped behind that, there is nothing left to do.
 */
export const trainStage = async <Sizes>(options: TrainStageOptions<Sizes>): Promise<void> => {
  const { name, stage } = options;
  const mark = join(stage.folder, savedName);
  const isSaved = existsSync(mark);
  await releasing([options.trainer, ...(options.held ?? [])], async () => {
    if (!isSaved) await runLoop(options);
  });
  if (isSaved) stage.emit({ type: "notice", text: `${name}: was trained to its end and saved before` });
  else {
    await options.save();
    await writeFileAtomic(mark, "", options.disk);
  }
  await discardCheckpoint(stage);
};
