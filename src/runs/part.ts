// A part of a run, worked on by a process of its own: the stages below one of the run's folders, while another process
// holds the run, its event log and its manifest. A part has a lock of its own, so that a part whose run was killed
// is waited for before the run is opened again. How the processes talk to each other is not known here.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Clock, CovenantError, type DiskWriter, makeFolder, throwIfAborted } from "../core/index.ts";
import type { RunEventBody } from "./event-log.ts";
import { readTurns } from "./event-log.ts";
import { acquireLock, lockName } from "./lock.ts";
import type { ReusedRun } from "./reuse.ts";
import { runStage, type StageContext, type StageOptions, type StageResult } from "./stage.ts";

/** What stages are worked on in: a run, or a part of one. */
export type StageHolder = {
  readonly folder: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** The run whose stages are taken over, where there is one. */
  readonly reused?: ReusedRun | undefined;
  /** Runs a stage, or skips it when it is finished and its inputs are unchanged. */
  stage(options: StageOptions, work: (context: StageContext) => Promise<void>): Promise<StageResult>;
  emit(event: RunEventBody): void;
};

/** folder: of the run. part: of its folders, the one that this process alone works in. emit: brings events to the log. */
export type PartOptions = {
  readonly folder: string;
  readonly part: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly emit: (event: RunEventBody) => void;
  readonly disk?: DiskWriter | undefined;
  readonly reused?: ReusedRun | undefined;
};

/** Takes a part of a run that another process holds. Throws UserError when a living process works on it. */
export const openPart = async (options: PartOptions): Promise<StageHolder & Disposable> => {
  const { folder, part, seed, clock, signal, emit, disk, reused } = options;
  const own = join(folder, part);
  await makeFolder(own);
  const lock = acquireLock(own);
  const host = { folder, seed, clock, signal, disk, reused, log: { earlier: await readTurns(folder), emit } };
  return {
    folder,
    seed,
    signal,
    emit,
    async stage(stageOptions, work) {
      if (stageOptions.name.startsWith(`${part}/`)) return runStage(host, stageOptions, work);
      throw new CovenantError("stage-unknown", `"${stageOptions.name}" is no stage of ${part}.`);
    },
    [Symbol.dispose]: lock.release,
  };
};

/** How long a part may outlive its run: it hears of its end between two steps of its work. */
const longestMilliseconds = 20_000;
const pauseMilliseconds = 50;

/** Waits until nobody works below a run's folders any more. Throws UserError when someone goes on. */
export const awaitParts = async (
  folders: Iterable<string>,
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> => {
  for (const folder of folders) {
    const deadline = clock.now() + longestMilliseconds;
    while (existsSync(join(folder, lockName))) {
      throwIfAborted(signal);
      try {
        acquireLock(folder).release();
      } catch (thrown) {
        const isHeld = thrown instanceof CovenantError && thrown.code === "run-locked";
        if (!isHeld || clock.now() > deadline) throw thrown;
        await setTimeout(pauseMilliseconds);
      }
    }
  }
};
