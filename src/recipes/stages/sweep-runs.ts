// The runs of a sweep as a stage: every cell with every seed as an ordinary run folder, several side by side. A finished run
// is not repeated, one that fails is told and leaves the others alone, and an interrupted one goes on when it is its turn.

import { join } from "node:path";
import { CovenantError, counted, InterruptedError, messageOf, throwIfAborted } from "../../core/index.ts";
import { type RunEvent, type SweepRun, sweepRunSchema } from "../../records/index.ts";
import { type Run, readRecords, readRun, type StageContext } from "../../runs/index.ts";
import type { Recipe, RecipeContext } from "../recipe.ts";
import type { CellRun } from "../settings/sweep-settings.ts";

export const sweepStage = "runs";

/** A run with its checked settings. */
export type ReadyRun = { readonly run: CellRun; readonly config: unknown };

/** A run that failed, and why. */
export type FailedRun = { readonly name: string; readonly message: string };

export type SweepOutcome = { readonly done: readonly SweepRun[]; readonly failed: readonly FailedRun[] };

/** What a run came to, where it is finished. */
const finishedRun = async (folder: string, { run }: ReadyRun): Promise<SweepRun | null> => {
  const { name, cell, seed, repetition, folder: place } = run;
  const { manifest } = await readRun(join(folder, place));
  if (manifest === null) return null;
  return {
    ...{ id: name, parents: [], stage: sweepStage, seed },
    ...{ cell: cell.name, levels: cell.levels, repetition, folder: place, content: manifest.contentHash },
  };
};

/**
 * What of a run's events a person should see of the sweep: the first warning of each kind, with the run's name, and what was
 * asked of models.
 */
const passOn = (stage: StageContext, name: string, emit: RecipeContext["emit"]) => {
  const told = new Set<string>();
  return (event: RunEvent): void => {
    if (event.type === "stage-usage") emit({ ...event, stage: stage.name });
    if (event.type !== "warning" || told.has(event.code)) return;
    told.add(event.code);
    stage.warn(event.code, `${name}: ${event.text}`);
  };
};

type Work = {
  readonly stage: StageContext;
  readonly folder: string;
  readonly recipe: Recipe;
  readonly context: RecipeContext;
};

/** One run, or what it left before. Throws InterruptedError; anything else that is thrown is the run's failure. */
const workOn = async ({ stage, folder, recipe, context }: Work, ready: ReadyRun): Promise<SweepRun> => {
  const before = await finishedRun(folder, ready).catch(() => null);
  if (before !== null) return before;
  const emit = passOn(stage, ready.run.name, context.emit);
  await recipe.run(ready.config, { ...context, emit, signal: stage.signal, fresh: false });
  const done = await finishedRun(folder, ready);
  if (done !== null) return done;
  throw new CovenantError("sweep-run-unfinished", "It ended without a manifest.");
};

const workOnAll = async (work: Work, all: readonly ReadyRun[], parallel: number): Promise<SweepOutcome> => {
  const { stage } = work;
  const done = new Map<string, SweepRun>();
  const failed: FailedRun[] = [];
  const waiting = [...all];
  let ended = 0;
  const takeTurns = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      throwIfAborted(stage.signal);
      const { name } = next.run;
      try {
        done.set(name, await workOn(work, next));
      } catch (thrown) {
        if (stage.signal.aborted || thrown instanceof InterruptedError) throw new InterruptedError();
        failed.push({ name, message: messageOf(thrown) });
        stage.warn("sweep-run-failed", `${name} failed: ${messageOf(thrown)}`);
      }
      ended++;
      stage.progress(ended, all.length, "runs", name);
    }
  };
  stage.progress(0, all.length, "runs");
  const turns = await Promise.allSettled(Array.from({ length: parallel }, takeTurns));
  const stopped = turns.find((turn) => turn.status === "rejected");
  if (stopped !== undefined) throw stopped.reason;
  const inOrder = all.flatMap(({ run }) => done.get(run.name) ?? []);
  const byName = all.flatMap(({ run }) => failed.find(({ name }) => name === run.name) ?? []);
  return { done: inOrder, failed: byName };
};

/** What is thrown at the end of a sweep of which runs failed. */
export const sweepFailure = (failed: readonly FailedRun[], of: number): CovenantError => {
  const told = failed.map(({ name, message }) => `  ${name}: ${message}`).join("\n");
  const others = failed.length === of ? "" : "\nThe others are done, and in results and page.";
  return new CovenantError(
    "sweep-runs-failed",
    `${counted(failed.length, "run")} of ${of} failed:\n${told}${others}`,
    { failed: failed.map(({ name }) => name), retriable: true },
  );
};

/** Works on all runs, or finds them done. The stage is finished when none of them failed. */
export const sweepRuns = async (
  run: Run,
  all: readonly ReadyRun[],
  options: { readonly recipe: Recipe; readonly context: RecipeContext; readonly parallel: number },
): Promise<SweepOutcome> => {
  let outcome: SweepOutcome | undefined;
  const names = all.map(({ run: one }) => one.name);
  try {
    const { folder } = await run.stage({ name: sweepStage, inputs: { names } }, async (stage) => {
      const { parallel, ...rest } = options;
      outcome = await workOnAll({ stage, folder: run.folder, ...rest }, all, parallel);
      if (outcome.failed.length > 0) throw sweepFailure(outcome.failed, all.length);
      const file = await stage.records("runs.jsonl", sweepRunSchema);
      await file.append(outcome.done.slice(file.existing));
    });
    return { done: await readRecords(join(folder, "runs.jsonl"), sweepRunSchema), failed: [] };
  } catch (thrown) {
    if (outcome === undefined || outcome.failed.length === 0) throw thrown;
    return outcome;
  }
};
