// Running a training loop as a stage: step records, progress, and checkpoints from which an interrupted stage goes on
// as if nothing had happened. When a checkpoint is written depends on the clock; what it holds and what comes after
// does not.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, deriveSeed } from "../../core/index.ts";
import { stepRecordSchema } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import type { StepMetrics, Trainer } from "../../training/index.ts";
import { type ModelState, readSafetensors, type Weights, writeSafetensors } from "../../transformer/index.ts";

const checkpointName = "checkpoint.safetensors";
const loopStepName = "loop-step";
const checkpointMilliseconds = 15_000;

export type LoopStage<Sizes> = {
  readonly name: string;
  readonly stage: StageContext;
  readonly clock: Clock;
  readonly state: ModelState;
  readonly trainer: Trainer<Sizes>;
  readonly totalSteps: number;
  /** What to show beside the bar. */
  readonly note: (metrics: Readonly<Record<string, number>>) => string;
  /** Starts the loop at a step. */
  readonly loop: (start: number) => AsyncIterable<StepMetrics>;
  /** Called after every step, before its record is written. */
  readonly onStep?: (outcome: StepMetrics) => Promise<void>;
};

/** Weights and moments as one set of tensors; the step is a tensor of its own. */
const packCheckpoint = (state: ModelState, trainer: Pick<Trainer<unknown>, "snapshot">): Weights => {
  const { step, moments } = trainer.snapshot();
  const tensors: Weights = { step: { shape: [1], data: Float32Array.of(step) } };
  for (const [name, weight] of Object.entries(state.weights)) tensors[`weight:${name}`] = weight;
  for (const [name, { first, second }] of Object.entries(moments)) {
    tensors[`first:${name}`] = { shape: [first.length], data: first };
    tensors[`second:${name}`] = { shape: [second.length], data: second };
  }
  return tensors;
};

/** Puts a checkpoint into state and trainer; gives the loop step to go on with, 0 where there is no checkpoint. */
const restoreCheckpoint = async (
  path: string,
  state: ModelState,
  trainer: Pick<Trainer<unknown>, "restore">,
): Promise<number> => {
  if (!existsSync(path)) return 0;
  const tensors = await readSafetensors(path);
  for (const name of Object.keys(state.weights)) state.weights[name] = tensors[`weight:${name}`]!;
  const learned = Object.keys(tensors)
    .filter((name) => name.startsWith("first:"))
    .map((name) => name.slice("first:".length));
  const moments = Object.fromEntries(
    learned.map((name) => [
      name,
      { first: tensors[`first:${name}`]!.data, second: tensors[`second:${name}`]!.data },
    ]),
  );
  trainer.restore({ step: tensors["step"]!.data[0]!, moments });
  return tensors[loopStepName]!.data[0]!;
};

/** Removes the checkpoint: call it when what the stage learned is saved. */
export const discardCheckpoint = (stage: StageContext): Promise<void> =>
  rm(join(stage.folder, checkpointName), { force: true });

/**
 * Runs a loop to its end, writing steps.jsonl. Optimiser steps per loop step may be several: `loop` counts its own
 * steps, and the checkpoint keeps both counts.
 */
export const runLoop = async <Sizes>(options: LoopStage<Sizes>): Promise<void> => {
  const { stage, state, trainer, totalSteps, clock, name } = options;
  const steps = await stage.records("steps.jsonl", stepRecordSchema);
  const path = join(stage.folder, checkpointName);
  const start = await restoreCheckpoint(path, state, trainer);
  let written = steps.existing.length;
  let saved = clock.now();
  for await (const outcome of options.loop(start)) {
    await options.onStep?.(outcome);
    const { step, metrics } = outcome;
    if (step >= written) {
      const id = `${name}/step-${String(step).padStart(5, "0")}`;
      await steps.append([
        { id, parents: [], stage: name, seed: deriveSeed(stage.seed, id), step, metrics: { ...metrics } },
      ]);
      written = step + 1;
    }
    stage.progress(step + 1, totalSteps, "steps", options.note(metrics));
    if (clock.now() - saved > checkpointMilliseconds && step + 1 < totalSteps) {
      const tensors = packCheckpoint(state, trainer);
      await writeSafetensors(path, {
        ...tensors,
        [loopStepName]: { shape: [1], data: Float32Array.of(step + 1) },
      });
      saved = clock.now();
    }
  }
};
