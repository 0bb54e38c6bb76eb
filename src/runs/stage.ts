// One stage: a folder of records whose result is decided by its inputs and by the artefacts of the stages before it.
// Finished with the same inputs it is skipped, with other inputs redone from an empty folder; unfinished it continues.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Clock,
  CovenantError,
  type DiskWriter,
  deriveSeed,
  fileError,
  hashJson,
  InterruptedError,
  isTemporaryName,
  makeFolder,
  throwIfAborted,
  UserError,
  writeFileAtomic,
} from "../core/index.ts";
import type { RunEvent, StageManifest, StageName } from "../records/index.ts";
import {
  areIntact,
  inputsName,
  listFiles,
  manifestName,
  measureFiles,
  savedName,
  stageFileName,
} from "./artefacts.ts";
import type { EventLog, RunEventBody } from "./event-log.ts";
import { type RecordSchema, readIfThere, readStageManifest } from "./reading.ts";
import { openRecordFile, type RecordFile } from "./record-file.ts";
import { type ReusedRun, takeStage } from "./reuse.ts";

/**
 * name: the stage's folder in the run, e.g. "ethical/revise". inputs: everything but the seed and earlier stages that
 * decides the result (any JSON). after: stages whose artefacts this one reads.
 */
export type StageOptions = {
  readonly name: StageName;
  readonly inputs: unknown;
  readonly after?: readonly StageName[];
};

/** What a stage's work is given. */
export type StageContext = {
  readonly name: StageName;
  readonly folder: string;
  /** Derived from the run's seed and the stage's name; single items derive theirs from it and their id. */
  readonly seed: number;
  /** Whether the folder holds what an interrupted attempt left. */
  readonly resumed: boolean;
  readonly signal: AbortSignal;
  emit(event: RunEventBody): void;
  /** done of total units ("replies"); note: e.g. "loss 0.31". Call it as often as you like: it is thinned out. */
  progress(done: number, total: number, unit: string, note?: string): void;
  /** Something a person should see that does not stop the run. */
  warn(code: string, text: string): void;
  /** Opens a record file of the stage; closed when the stage ends. */
  records<Row>(file: string, schema: RecordSchema<Row>): Promise<RecordFile<Row>>;
};

export type StageResult = { readonly folder: string; readonly skipped: boolean };

/** What a stage needs of its run. reused: another run, whose stages with the same inputs are taken over. */
export type StageHost = {
  readonly folder: string;
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Pick<EventLog, "earlier"> & { emit(event: RunEventBody): void };
  readonly signal: AbortSignal;
  readonly disk: DiskWriter | undefined;
  readonly reused: ReusedRun | undefined;
};

const progressMilliseconds = 250;

/** Seconds that earlier, interrupted attempts of a stage took, going back to the one that began it. */
export const earlierSeconds = (events: readonly RunEvent[], stage: StageName): number => {
  let sum = 0;
  let started: number | undefined;
  let last = 0;
  const settle = (): void => {
    if (started !== undefined) sum += Math.max(0, last - started) / 1000;
    started = undefined;
  };
  for (const event of events) {
    if (event.type === "run-start") settle();
    if (event.type === "stage-start" && event.stage === stage) {
      settle();
      if (!event.resumed) sum = 0;
      started = event.time;
    }
    last = event.time;
    if (event.type === "stage-end" && event.stage === stage) {
      sum = 0;
      started = undefined;
    }
  }
  settle();
  return sum;
};

const hashInputs = async (host: StageHost, options: StageOptions): Promise<string> => {
  const upstream: unknown[] = [];
  for (const name of options.after ?? []) {
    const manifest = await readStageManifest(join(host.folder, name));
    if (manifest === undefined) {
      throw new CovenantError(
        "stage-order",
        `The stage ${options.name} needs ${name}, which has not finished.`,
        {
          stage: options.name,
          after: name,
        },
      );
    }
    upstream.push([name, manifest.artefacts.map(({ path, sha256 }) => [path, sha256])]);
  }
  return hashJson({ stage: options.name, seed: host.seed, inputs: options.inputs, upstream });
};

/** Deletes what a killed process left half-written in one folder: files, and folders of files. */
export const sweepTemporaryFiles = async (folder: string): Promise<void> => {
  const names = await readdir(folder).catch(() => []);
  for (const name of names)
    if (isTemporaryName(name)) await rm(join(folder, name), { recursive: true, force: true });
};

/** Empties the folder unless an unfinished attempt with the same inputs lies in it. Resolves to whether one does. */
const prepareFolder = async (
  folder: string,
  inputs: string,
  disk: DiskWriter | undefined,
): Promise<boolean> => {
  const unfinished = (await readStageManifest(folder)) === undefined;
  const resumed = unfinished && (await readIfThere(join(folder, inputsName)))?.trim() === inputs;
  try {
    if (!resumed) await rm(folder, { recursive: true, force: true });
    await makeFolder(folder);
  } catch (thrown) {
    throw fileError(thrown, "write", folder);
  }
  if (resumed) await sweepTemporaryFiles(folder);
  else await writeFileAtomic(join(folder, inputsName), `${inputs}\n`, disk);
  return resumed;
};

const createContext = (
  host: StageHost,
  name: StageName,
  resumed: boolean,
): { context: StageContext; closeFiles(): void } => {
  const folder = join(host.folder, name);
  const files: { close(): void }[] = [];
  let shown = Number.NEGATIVE_INFINITY;
  const context: StageContext = {
    folder,
    name,
    seed: deriveSeed(host.seed, name),
    resumed,
    signal: host.signal,
    emit: (event) => {
      host.log.emit(event);
    },
    progress(done, total, unit, note) {
      const now = host.clock.now();
      if (done < total && now - shown < progressMilliseconds) return;
      shown = now;
      const words = note === undefined ? {} : { note };
      host.log.emit({ type: "stage-progress", stage: name, done, total, unit, ...words });
    },
    warn(code, text) {
      host.log.emit({ type: "warning", stage: name, code, text });
    },
    async records(file, schema) {
      const opened = await openRecordFile(join(folder, file), schema, host.disk);
      files.push(opened);
      return opened;
    },
  };
  return {
    context,
    closeFiles() {
      for (const file of files) file.close();
    },
  };
};

/** What an unfinished stage leaves beside its files; of a finished one a kill may have left it. */
const removeMarks = async (folder: string): Promise<void> => {
  for (const mark of [inputsName, savedName]) await rm(join(folder, mark), { force: true });
};

/** Writes stage.json, which says that the stage is finished. */
const completeStage = async (
  host: StageHost,
  name: StageName,
  inputs: string,
  seconds: number,
): Promise<StageManifest> => {
  const folder = join(host.folder, name);
  const measured = await measureFiles(folder, await listFiles(folder));
  const manifest: StageManifest = {
    stage: name,
    inputs,
    seconds,
    records: measured.reduce((sum, { path, lines }) => sum + (path.endsWith(".jsonl") ? lines : 0), 0),
    artefacts: measured.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
  };
  await writeFileAtomic(join(folder, stageFileName), `${JSON.stringify(manifest, null, 2)}\n`, host.disk);
  await removeMarks(folder);
  return manifest;
};

/** Takes the stage over from another run, where that has it. Resolves to whether it did. */
const takeOver = async (
  { folder, log, reused }: StageHost,
  name: StageName,
  inputs: string,
): Promise<boolean> => {
  if (reused === undefined) return false;
  const taken = await takeStage(reused, { name, inputs, to: join(folder, name) });
  if (taken === undefined) return false;
  const { seconds, records } = taken;
  log.emit({ type: "stage-skip", stage: name, seconds, records, from: reused.named });
  return true;
};

/**
 * Runs a stage, skips it where it is finished, or takes it over. Throws what work throws; InterruptedError when the signal was
 * aborted.
 */
export const runStage = async (
  host: StageHost,
  options: StageOptions,
  work: (context: StageContext) => Promise<void>,
): Promise<StageResult> => {
  const { name } = options;
  const folder = join(host.folder, name);
  throwIfAborted(host.signal);
  const inputs = await hashInputs(host, options);
  const finished = await readStageManifest(folder);
  if (finished?.inputs === inputs && (await areIntact(folder, finished.artefacts))) {
    const { seconds, records } = finished;
    await removeMarks(folder);
    host.log.emit({ type: "stage-skip", stage: name, seconds, records });
    return { folder, skipped: true };
  }
  await rm(join(host.folder, manifestName), { force: true });
  if (await takeOver(host, name, inputs)) return { folder, skipped: true };
  const resumed = await prepareFolder(folder, inputs, host.disk);
  const before = resumed ? earlierSeconds(host.log.earlier, name) : 0;
  const start = host.clock.now();
  host.log.emit({ type: "stage-start", stage: name, resumed });
  const { context, closeFiles } = createContext(host, name, resumed);
  try {
    await work(context);
  } catch (thrown) {
    if (!host.signal.aborted || thrown instanceof UserError) throw thrown;
    throw thrown instanceof InterruptedError ? thrown : new InterruptedError("Interrupted.", { stage: name });
  } finally {
    closeFiles();
  }
  const seconds = before + (host.clock.now() - start) / 1000;
  const manifest = await completeStage(host, name, inputs, seconds);
  host.log.emit({ type: "stage-end", stage: name, seconds, records: manifest.records });
  return { folder, skipped: false };
};
