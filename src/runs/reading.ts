// Reading a run folder, finished or not, without touching it: for reports, comparisons and Studio. Needs no lock.
// A file that is not there yet is no error; one that is broken is, with its file and line.

import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { z } from "zod";
import { collect, parseJsonAs, parseYaml, readJsonLines, readText, UserError } from "../core/index.ts";
import {
  type Manifest,
  type MetricsDocument,
  manifestSchema,
  metricsDocumentSchema,
  type RunEvent,
  type StageManifest,
  stageManifestSchema,
} from "../records/index.ts";
import { configName, listFiles, manifestName, metricsName, stageFileName } from "./artefacts.ts";
import { eventFileName, readEvents } from "./event-log.ts";

/** Any zod schema whose output is a row. */
export type RecordSchema<Row> = z.ZodType<Row>;

/** A run as it lies on the disk. Getters that read files throw UserError with file, line and field. */
export type RunReading = {
  readonly folder: string;
  readonly name: string;
  readonly seed: number;
  readonly config: unknown;
  readonly events: readonly RunEvent[];
  /** The finished stages, in the run's order. */
  readonly stages: readonly StageManifest[];
  /** null: the run is not complete. */
  readonly manifest: Manifest | null;
  /** null: the run has written no metrics (yet). */
  metrics(): Promise<MetricsDocument | null>;
  /** The rows of a record file by its path in the run folder, e.g. "answer/answers.jsonl". */
  records<Row>(path: string, schema: RecordSchema<Row>): Promise<Row[]>;
  /** Whether the run folder holds that file. */
  has(path: string): boolean;
};

/** The rows of a JSONL file as a stream. Throws UserError with file, line and field. */
export async function* streamRecords<Row>(path: string, schema: RecordSchema<Row>): AsyncGenerator<Row> {
  for await (const { value } of readJsonLines(path, schema)) yield value;
}

/**
 * The rows of a JSONL file, in memory. A last line without line feed is read too, as in files that people wrote. Throws
 * UserError with file, line and field.
 */
export const readRecords = <Row>(path: string, schema: RecordSchema<Row>): Promise<Row[]> =>
  collect(streamRecords(path, schema));

/** stage.json of a stage folder, or undefined when the stage has not finished. */
export const readStageManifest = async (stageFolder: string): Promise<StageManifest | undefined> => {
  const path = join(stageFolder, stageFileName);
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseJsonAs(stageManifestSchema, text, { file: path });
};

/** readText, but undefined for a missing file. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readText(path);
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === "file-missing") return undefined;
    throw thrown;
  }
};

/** A file of a stage lies so deep in a run folder: arm/stage/model/file. */
const deepest = 4;

/** The run folder in which a path lies, as the path names it; undefined: it lies in none. */
const runFolderAround = (path: string): string | undefined => {
  let folder = resolve(path);
  for (let step = 0; step < deepest; step++) {
    const above = dirname(folder);
    if (above === folder) return undefined;
    if ([configName, eventFileName].every((name) => existsSync(join(above, name))))
      return isAbsolute(path) ? above : relative(".", above) || ".";
    folder = above;
  }
  return undefined;
};

/** Says of a path that it is no run folder, and which one is meant where it lies in one. */
const noRun = (folder: string): UserError => {
  const found = statSync(folder, { throwIfNoEntry: false });
  const around = found === undefined ? undefined : runFolderAround(folder);
  const why =
    found === undefined
      ? "there is nothing of that name"
      : found.isDirectory()
        ? `it has no ${configName}`
        : "it is a file";
  const advice =
    around === undefined
      ? "Give the folder that a command wrote (`covenant run`, `covenant revise`, `covenant label`, `covenant simulate ...`)."
      : `It lies in the run folder ${around}: give that one.`;
  return new UserError("run-missing", `${folder} is no run folder: ${why}. ${advice}`, { folder });
};

/** Reads a run folder. Throws UserError when it is none. */
export const readRun = async (folder: string): Promise<RunReading> => {
  const configText = await readIfThere(join(folder, configName));
  if (configText === undefined) throw noRun(folder);
  const files = await listFiles(folder);
  const events = await readEvents(folder);
  const start = events.find((event) => event.type === "run-start");
  const stages: StageManifest[] = [];
  for (const path of files.filter((file) => file.endsWith(`/${stageFileName}`))) {
    stages.push(
      parseJsonAs(stageManifestSchema, await readText(join(folder, path)), { file: join(folder, path) }),
    );
  }
  const order = events.findLast((event) => event.type === "run-start")?.stages ?? [];
  stages.sort((one, other) => order.indexOf(one.stage) - order.indexOf(other.stage));
  const manifestPath = join(folder, manifestName);
  const manifestText = await readIfThere(manifestPath);
  const manifest =
    manifestText === undefined ? null : parseJsonAs(manifestSchema, manifestText, { file: manifestPath });
  return {
    folder,
    name: manifest?.name ?? start?.name ?? "",
    seed: manifest?.seed ?? start?.seed ?? 0,
    config: parseYaml(configText, { file: join(folder, configName) }),
    events,
    stages,
    manifest,
    async metrics() {
      const path = join(folder, metricsName);
      const text = await readIfThere(path);
      return text === undefined ? null : parseJsonAs(metricsDocumentSchema, text, { file: path });
    },
    async records(path, schema) {
      const rows = [];
      for await (const { value } of readJsonLines(join(folder, path), schema, "drop")) rows.push(value);
      return rows;
    },
    has: (path) => files.includes(path),
  };
};
