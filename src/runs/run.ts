// A run: one folder, one lock, stages in order, an event log, and a manifest written last. Opening a folder that
// holds the same run continues it. Knows nothing of what the stages do.

import { realpath, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Clock,
  CovenantError,
  covenantVersion,
  type DiskWriter,
  fileError,
  formatYaml,
  makeFolder,
  messageOf,
  type Redact,
  writeFileAtomic,
} from "../core/index.ts";
import type { Manifest, RunEvent, StageManifest, StageName } from "../records/index.ts";
import {
  besideName,
  callsName,
  configName,
  hashContent,
  listFiles,
  manifestName,
  measureFiles,
} from "./artefacts.ts";
import { type EventLog, eventFileName, openEventLog } from "./event-log.ts";
import { acquireLock, type RunLock } from "./lock.ts";
import { awaitParts, type StageHolder } from "./part.ts";
import { readStageManifest } from "./reading.ts";
import { openReused, type Reuse, type ReusedRun } from "./reuse.ts";
import {
  checkIdentity,
  clearStages,
  inspectFolder,
  lastVersion,
  moveAside,
  plainConfig,
} from "./run-identity.ts";
import { runStage, sweepTemporaryFiles } from "./stage.ts";

/**
 * config: the resolved configuration without what does not decide the result (the folder itself, concurrency); it is
 * written to config.yaml and tells this run from others. contents: hashes of what the configuration only names (a
 * constitution, a model), which tell it from others too. beside: settings that tell no run from another and are to hold
 * over a resume all the same; those of the last opening stand in calls/settings.yaml. indifferent and given: as in
 * RunIdentity; of indifferent keys, config.yaml has the values of the last opening. stages: all of them, in order. redact:
 * takes secrets out of what the event log says. fresh: a run that lies in the folder is moved aside first. reuse: another run,
 * whose stages with the same inputs are taken over.
 */
export type RunOptions = {
  readonly folder: string;
  readonly name: string;
  readonly config: unknown;
  readonly contents?: Readonly<Record<string, string>> | undefined;
  readonly beside?: unknown;
  readonly indifferent?: readonly string[] | undefined;
  readonly seed: number;
  readonly stages: readonly StageName[];
  readonly given?: readonly string[] | undefined;
  readonly clock: Clock;
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  readonly redact?: Redact | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fresh?: boolean | undefined;
  readonly reuse?: Reuse | undefined;
  readonly disk?: DiskWriter | undefined;
};

/** An open run. Dispose of it (`await using`) to release the lock; unfinished, it then says so in the event log. */
export type Run = AsyncDisposable &
  StageHolder & {
    /** Does work beside stages of its own: what it throws is why the run stops. */
    attempt<Result>(work: () => Promise<Result>): Promise<Result>;
    /** Replaces a file of the run folder (metrics.json, report.html) as a whole; objects are written as JSON. */
    write(path: string, content: string | Uint8Array | object): Promise<void>;
    /** Wall-clock seconds of every finished stage, attempts before an interruption included. */
    seconds(): Promise<Record<string, number>>;
    /** Writes the manifest: the run is complete. Throws when a stage has not finished. */
    finish(): Promise<Manifest>;
    /** What disposing does; safe to call twice. */
    close(): Promise<void>;
  };

const stageNamePattern = /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)*$/;

const checkStageNames = (stages: readonly StageName[]): void => {
  for (const name of stages) {
    const clash = stages.find((other) => other.startsWith(`${name}/`));
    if (stageNamePattern.test(name) && clash === undefined) continue;
    throw new CovenantError(
      "stage-name",
      `"${name}" cannot be a stage's name${clash ? ` beside "${clash}"` : ""}.`,
    );
  }
};

const openFolder = async (options: RunOptions): Promise<{ folder: string; movedTo: string | undefined }> => {
  const folder = resolve(options.folder);
  const state = await inspectFolder(folder);
  let movedTo: string | undefined;
  if (state === "run" && options.fresh === true) {
    const parts = [...sweptFolders(folder, options.stages)].filter((place) => place !== folder);
    await awaitParts(parts, options.clock, options.signal);
    const lock = acquireLock(await realpath(folder));
    lock.release();
    movedTo = await moveAside(folder);
  }
  try {
    await makeFolder(folder);
    return { folder: await realpath(folder), movedTo };
  } catch (thrown) {
    throw fileError(thrown, "write", folder);
  }
};

/** Where a killed process can have left something half-written outside of stages: the run's folder and its arms'. */
const sweptFolders = (folder: string, stages: readonly StageName[]): Set<string> =>
  new Set(
    stages.flatMap((stage) =>
      stage.split("/").map((_, depth, parts) => join(folder, ...parts.slice(0, depth))),
    ),
  );

const warn = (log: EventLog, code: string, text: string): void => {
  log.emit({ type: "warning", code, text });
};

const writeBeside = async (folder: string, { beside, disk }: RunOptions): Promise<void> => {
  const file = join(folder, besideName);
  if (beside === undefined) return rm(file, { force: true });
  await makeFolder(join(folder, callsName));
  await writeFileAtomic(file, formatYaml(plainConfig(beside)), disk);
};

const replacedText =
  "Another run had been begun in this folder and stopped before anything of it was kept, no answer and no step. Its place is taken: this run begins anew.";

/** Says so when the run was last worked on by another version of Covenant than this one. */
const warnOfVersion = (log: EventLog, covenant: string): void => {
  const before = lastVersion(log.earlier);
  if (before === undefined || before === covenant) return;
  const change = `This run was begun or last continued with Covenant ${before}; it goes on with ${covenant}.`;
  const promise = "Equal bytes are promised only for one version; --fresh begins the run anew.";
  warn(log, "version-changed", `${change} What is finished is kept. ${promise}`);
};

/**
 * Creates a run, or continues the one in the folder. Throws UserError when the folder holds another run (saying which
 * keys differ), is not empty without being a run, or is in use by another process.
 */
export const openRun = async (options: RunOptions): Promise<Run> => {
  checkStageNames(options.stages);
  const { reuse } = options;
  const reused = reuse === undefined ? undefined : await openReused(reuse, options, options.folder);
  const { folder, movedTo } = await openFolder(options);
  const lock = acquireLock(folder);
  let log: EventLog | undefined;
  try {
    const { clock, onEvent, redact, disk } = options;
    log = await openEventLog({ folder, clock, onEvent, redact, disk });
    const { isNew, replaces, isChanged } = await checkIdentity(folder, options, log.earlier);
    const places = sweptFolders(folder, options.stages);
    await awaitParts(
      [...places].filter((place) => place !== folder),
      clock,
      options.signal,
    );
    for (const place of places) await sweepTemporaryFiles(place);
    if (isNew) await clearStages(folder);
    const { name, seed, contents = {} } = options;
    const covenant = covenantVersion();
    const stages = [...options.stages];
    log.emit({ type: "run-start", name, seed, stages, covenant, contents: { ...contents } });
    // before the configuration: a run that can be continued never lacks them
    await writeBeside(folder, options);
    // A manifest names the hash of the configuration that it was finished with.
    if (isChanged) await rm(join(folder, manifestName), { force: true });
    if (isNew || isChanged)
      await writeFileAtomic(join(folder, configName), formatYaml(plainConfig(options.config)), options.disk);
    if (movedTo !== undefined) warn(log, "run-moved", `The run that was here was moved to ${movedTo}.`);
    if (replaces) warn(log, "run-replaced", replacedText);
    if (!isNew) warnOfVersion(log, covenant);
    return createRun(options, { folder, log, lock, reused });
  } catch (thrown) {
    log?.close();
    lock.release();
    throw thrown;
  }
};

/** What an open run holds. */
type Opened = {
  readonly folder: string;
  readonly log: EventLog;
  readonly lock: RunLock;
  readonly reused: ReusedRun | undefined;
};

/** What a run writes its files with. */
const createWrite =
  (folder: string, disk: DiskWriter | undefined): Run["write"] =>
  async (path, content) => {
    const isPlain = typeof content === "string" || content instanceof Uint8Array;
    const whole = isPlain ? content : `${JSON.stringify(content, null, 2)}\n`;
    await writeFileAtomic(join(folder, path), whole, disk);
  };

const createRun = (options: RunOptions, { folder, log, lock, reused }: Opened): Run => {
  const signal = options.signal ?? new AbortController().signal;
  const host = { folder, seed: options.seed, clock: options.clock, log, signal, disk: options.disk, reused };
  const start = options.clock.now();
  let reason = "The command ended before the run did.";
  let state: "open" | "finished" | "closed" = "open";
  /** Does a piece of work; what it throws is why the run stops. */
  const keepReason = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (thrown) {
      reason = messageOf(thrown);
      throw thrown;
    }
  };
  const write = createWrite(folder, options.disk);
  const close = async (): Promise<void> => {
    if (state === "closed") return;
    try {
      if (state === "open") log.emit({ type: "run-stop", reason: signal.aborted ? "interrupted" : reason });
    } catch {
      // A full disk: what stopped the run is thrown already, and the log can do without this line.
    } finally {
      state = "closed";
      log.close();
      lock.release();
    }
  };
  return {
    folder,
    seed: options.seed,
    signal,
    reused,
    async stage(stageOptions, work) {
      if (!options.stages.includes(stageOptions.name)) {
        throw new CovenantError("stage-unknown", `The run has no stage "${stageOptions.name}".`);
      }
      return keepReason(() => runStage(host, stageOptions, work));
    },
    emit: (event) => {
      log.emit(event);
    },
    attempt: keepReason,
    write,
    async seconds() {
      const manifests = await readStages(folder, options.stages);
      return Object.fromEntries(manifests.map(({ stage, seconds }) => [stage, seconds]));
    },
    finish: () =>
      keepReason(async () => {
        const manifest = await composeManifest(options, folder);
        await write(manifestName, manifest);
        state = "finished";
        log.emit({ type: "run-end", seconds: (options.clock.now() - start) / 1000 });
        return manifest;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
};

const readStages = async (folder: string, stages: readonly StageName[]): Promise<StageManifest[]> => {
  const found = await Promise.all(stages.map((stage) => readStageManifest(join(folder, stage))));
  return found.filter((manifest) => manifest !== undefined);
};

const composeManifest = async (options: RunOptions, folder: string): Promise<Manifest> => {
  const stages = await readStages(folder, options.stages);
  const missing = options.stages.filter((name) => !stages.some(({ stage }) => stage === name));
  if (missing.length > 0) {
    throw new CovenantError(
      "run-unfinished",
      `The run is not complete: ${missing.join(", ")} has not finished.`,
    );
  }
  const paths = (await listFiles(folder)).filter((path) => path !== manifestName && path !== eventFileName);
  const artefacts = (await measureFiles(folder, paths)).map(({ path, bytes, sha256 }) => ({
    path,
    bytes,
    sha256,
  }));
  return {
    covenant: covenantVersion(),
    name: options.name,
    seed: options.seed,
    contentHash: await hashContent(folder, artefacts),
    stages: stages.map(({ stage, inputs }) => ({ stage, inputs })),
    artefacts,
  };
};
