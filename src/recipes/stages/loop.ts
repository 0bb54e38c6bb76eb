// Running a training loop as a stage: step records, progress, the best weights so far, and checkpoints from which an
// interrupted stage goes on as if nothing had happened. When a checkpoint is written depends on the clock; what it holds
// and what comes after does not.

import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, collect, counted, type DiskWriter, deriveSeed, UserError } from "../../core/index.ts";
import { stepRecordSchema } from "../../records/index.ts";
import type { StageContext } from "../../runs/index.ts";
import type { Moments, StepMetrics, Trainer } from "../../training/index.ts";
import { type ModelState, readSafetensors, type Weights, writeSafetensors } from "../../transformer/index.ts";
import { type BestBy, isBetter, keepBestStep, leastLoss, lookOf } from "./best-step.ts";

const checkpointName = "checkpoint.safetensors";
const bestName = "best.safetensors";
const loopStepName = "loop-step";
const extraName = (name: string): string => `loop:${name}`;
/** The best value so far, be it a loss or another metric. */
const bestValueName = "best-value";
/** A checkpoint is due after so long, and after so many times as long as the last one took to write. */
const checkpointMilliseconds = 15_000;
const writingShare = 20;

/** Numbers by name that a checkpoint holds for a loop, and how they are put back. */
export type LoopExtras = {
  snapshot(): Readonly<Record<string, number>>;
  restore(values: Readonly<Record<string, number>>): void;
};

export type LoopStage<Sizes> = {
  readonly name: string;
  readonly stage: StageContext;
  readonly clock: Clock;
  readonly state: ModelState;
  readonly trainer: Trainer<Sizes>;
  readonly totalSteps: number;
  /** Ends with the weights of the best step, the first of equals, instead of the last ones. */
  readonly keepBest?: boolean;
  /** By which metric a step is the best; not given: the least eval_loss. */
  readonly bestBy?: BestBy;
  /** What to show beside the bar. */
  readonly note: (metrics: Readonly<Record<string, number>>) => string;
  /** Starts the loop at a step. */
  readonly loop: (start: number) => AsyncIterable<StepMetrics>;
  /** What the loop goes on with beside weights and moments, as numbers that single precision holds. */
  readonly extras?: LoopExtras;
  /** Where checkpoints and the best weights are written. */
  readonly disk?: DiskWriter;
  /** Called after every step, before its record is written. */
  readonly onStep?: (outcome: StepMetrics) => Promise<void>;
};

/** Names of a parameter's tensors in a checkpoint. The moments are sums, as the optimiser keeps them. */
const tensorNames = (parameter: string) => ({
  weight: `weight:${parameter}`,
  first: `firstSum:${parameter}`,
  second: `secondSum:${parameter}`,
});

/** What learns, weights and moments, as one set of tensors; the step is a tensor of its own. */
const packCheckpoint = (state: ModelState, trainer: Pick<Trainer<unknown>, "snapshot">): Weights => {
  const { step, moments } = trainer.snapshot();
  const tensors: Weights = { step: { shape: [1], data: Float32Array.of(step) } };
  for (const [name, { first, second }] of Object.entries(moments)) {
    tensors[tensorNames(name).weight] = state.weights[name]!;
    tensors[tensorNames(name).first] = { shape: [first.length], data: first };
    if (second !== undefined) tensors[tensorNames(name).second] = { shape: [second.length], data: second };
  }
  return tensors;
};

/**
 * Puts a checkpoint into state and trainer; gives the loop step to go on with, 0 where there is no checkpoint. Throws
 * UserError for a checkpoint that lacks what this training needs: another version's, or another training's.
 */
const restoreCheckpoint = async (
  path: string,
  state: ModelState,
  trainer: Pick<Trainer<unknown>, "restore" | "snapshot">,
  extras: LoopExtras | undefined,
): Promise<number> => {
  if (!existsSync(path)) return 0;
  const tensors = await readSafetensors(path);
  const tensor = (name: string, length: number): Weights[string] => {
    const found = tensors[name];
    if (found?.data.length === length) return found;
    throw new UserError(
      "checkpoint-misfits",
      `${path} is no checkpoint of this training: ${found === undefined ? "it lacks" : "it has another size of"} ${name}. It was written by another version of Covenant, or it is damaged. Begin anew with --fresh.`,
      { path, name },
    );
  };
  const moments: Record<string, Moments> = {};
  for (const [name, kept] of Object.entries(trainer.snapshot().moments)) {
    const { length } = kept.first;
    const named = tensorNames(name);
    state.weights[name] = tensor(named.weight, length);
    const first = tensor(named.first, length).data;
    moments[name] =
      kept.second === undefined ? { first } : { first, second: tensor(named.second, length).data };
  }
  trainer.restore({ step: tensor("step", 1).data[0]!, moments });
  const numbers = Object.keys(extras?.snapshot() ?? {}).map((name) => [
    name,
    tensor(extraName(name), 1).data[0]!,
  ]);
  extras?.restore(Object.fromEntries(numbers));
  return tensor(loopStepName, 1).data[0]!;
};

/** The loop's own step and numbers, as tensors beside weights and moments. */
const packLoop = (step: number, extras: LoopExtras | undefined): Weights => {
  const tensors: Weights = { [loopStepName]: { shape: [1], data: Float32Array.of(step) } };
  for (const [name, value] of Object.entries(extras?.snapshot() ?? {}))
    tensors[extraName(name)] = { shape: [1], data: Float32Array.of(value) };
  return tensors;
};

/** Removes the checkpoint and the best weights: call it when what the stage learned is saved. */
export const discardCheckpoint = async (stage: StageContext): Promise<void> => {
  for (const name of [checkpointName, bestName]) await rm(join(stage.folder, name), { force: true });
};

/**
 * The weights of the best step so far, in a file of their own: what learns, not what is frozen. They are
 * written before any later checkpoint, and what comes between the two is computed again as it was, so going on from a
 * checkpoint finds the same best ones.
 */
const openBest = async (
  { stage, state, trainer, disk }: LoopStage<never> | LoopStage<unknown>,
  by: BestBy,
) => {
  const path = join(stage.folder, bestName);
  const names = Object.keys(trainer.snapshot().moments);
  const read = async (): Promise<Weights> => (existsSync(path) ? await readSafetensors(path) : {});
  let best = (await read())[bestValueName]?.data[0];
  return {
    /** Keeps the weights as they are now if they are better than any so far. */
    async offer(metrics: StepMetrics["metrics"]): Promise<void> {
      const value = lookOf(metrics, by);
      if (value === undefined || !isBetter(by, value, best)) return;
      const weights = Object.fromEntries(names.map((name) => [name, state.weights[name]!]));
      const mark = { [bestValueName]: { shape: [1], data: Float32Array.of(value) } };
      await writeSafetensors(path, { ...weights, ...mark }, "float32", disk);
      best = value;
    },
    /** Puts the best weights into the state, where any were kept. */
    async take(): Promise<void> {
      const tensors = await read();
      for (const name of names) state.weights[name] = tensors[name] ?? state.weights[name]!;
    },
  };
};

/** What is said of a training that was interrupted: where it goes on, and what it does again. written: steps so far. */
const tellStart = (
  { stage, name, totalSteps }: Pick<LoopStage<never>, "stage" | "name" | "totalSteps">,
  start: number,
  written: number,
): void => {
  if (!stage.resumed) return;
  const again = written - start;
  const repeated =
    again > 0 ? `; ${counted(again, "step")} behind it ${again === 1 ? "is" : "are"} taken again` : "";
  const text =
    start === 0
      ? `${name}: begins anew at its first step, since it was stopped before its first checkpoint (every ${checkpointMilliseconds / 1000} seconds)`
      : `${name}: goes on from its checkpoint behind step ${start} of ${totalSteps}${repeated}`;
  stage.emit({ type: "notice", text });
};

/**
 * Runs a loop to its end, writing steps.jsonl. Optimiser steps per loop step may be several: `loop` counts its own
 * steps, and the checkpoint keeps both counts.
 */
export const runLoop = async <Sizes>(options: LoopStage<Sizes>): Promise<void> => {
  const { stage, state, trainer, totalSteps, clock, name, bestBy = leastLoss } = options;
  const steps = await stage.records("steps.jsonl", stepRecordSchema);
  const path = join(stage.folder, checkpointName);
  const start = await restoreCheckpoint(path, state, trainer, options.extras);
  tellStart(options, start, steps.existing);
  const best = options.keepBest === true ? await openBest(options, bestBy) : undefined;
  let written = steps.existing;
  let due = clock.now() + checkpointMilliseconds;
  for await (const outcome of options.loop(start)) {
    await options.onStep?.(outcome);
    const { step, metrics } = outcome;
    await best?.offer(metrics);
    if (step >= written) {
      const id = `${name}/step-${String(step).padStart(5, "0")}`;
      await steps.append([
        { id, parents: [], stage: name, seed: deriveSeed(stage.seed, id), step, metrics: { ...metrics } },
      ]);
      written = step + 1;
    }
    stage.progress(step + 1, totalSteps, "steps", options.note(metrics));
    const begun = clock.now();
    if (begun > due && step + 1 < totalSteps) {
      const tensors = { ...packCheckpoint(state, trainer), ...packLoop(step + 1, options.extras) };
      await writeSafetensors(path, tensors, "float32", options.disk);
      const ended = clock.now();
      due = ended + Math.max(checkpointMilliseconds, writingShare * (ended - begun));
    }
  }
  if (best === undefined) return;
  await best.take();
  await keepBestStep(stage, await collect(steps.rows()), bestBy);
};
