// What lies in a run folder: artefacts with size and hash, and the hash that equal runs share. Files of the moment
// (lock, half-written files, the event log) are no artefacts, and neither is what calls left.

import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  fileError,
  hashJson,
  isTemporaryName,
  parseJson,
  readLines,
  readText,
  sha256File,
} from "../core/index.ts";
import type { Artefact } from "../records/index.ts";
import { eventFileName } from "./event-log.ts";
import { lockName } from "./lock.ts";

/** A run's resolved configuration. */
export const configName = "config.yaml";
/** What the run was and made, written last. */
export const manifestName = "manifest.json";
/** The run's figures. */
export const metricsName = "metrics.json";
/** In the folder of a stage that is done: what it was made from, and what it made. */
export const stageFileName = "stage.json";
/** In a stage folder while the stage is under way: the hash of the inputs it was begun with. */
export const inputsName = ".inputs";
/** There, too: all that the stage makes is saved, and only its stage.json is missing. Whoever works on the stage writes it. */
export const savedName = ".saved";

/** What calls to models left (accounts, answers kept): no results, so no artefacts. */
export const callsName = "calls";
/** How calls were made, paid and kept when the run was last worked on: what `--resume` goes on with beside the configuration. */
export const besideName = `${callsName}/settings.yaml`;

/** In a sweep's folder: run folders of their own, with what each of them made. */
export const cellsName = "cells";

/** An artefact with the number of lines in it (of JSONL: its records). */
export type MeasuredArtefact = Artefact & { readonly lines: number };

const isArtefact = (name: string): boolean =>
  !isTemporaryName(name) && ![lockName, inputsName, savedName, ".DS_Store"].includes(name);

/** Paths of all files under a folder, relative to it, with "/" between, sorted by their characters' codes. */
export const listFiles = async (folder: string, under = ""): Promise<string[]> => {
  const found: string[] = [];
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = await readdir(join(folder, under), { withFileTypes: true });
  } catch (thrown) {
    throw fileError(thrown, "read", join(folder, under));
  }
  for (const entry of entries) {
    if (under === "" && (entry.name === callsName || entry.name === cellsName)) continue;
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await listFiles(folder, path)));
    else if (isArtefact(entry.name)) found.push(path);
  }
  return found.sort((one, other) => (one < other ? -1 : 1));
};

/** Size, hash and lines of files of a folder. */
export const measureFiles = async (folder: string, paths: readonly string[]): Promise<MeasuredArtefact[]> => {
  const measured: MeasuredArtefact[] = [];
  for (const path of paths) measured.push({ path, ...(await sha256File(join(folder, path))) });
  return measured;
};

/** Whether every artefact is there with the bytes it had. */
export const areIntact = async (folder: string, artefacts: readonly Artefact[]): Promise<boolean> => {
  for (const { path, bytes, sha256 } of artefacts) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.size !== bytes) return false;
    if ((await sha256File(join(folder, path))).sha256 !== sha256) return false;
  }
  return true;
};

/** The metrics without what differs between equal runs. */
const timelessMetrics = async (path: string): Promise<unknown> => {
  const document = parseJson(await readText(path), { file: path });
  if (document === null || typeof document !== "object" || Array.isArray(document)) return document;
  const { seconds: _, ...rest } = document as Record<string, unknown>;
  return rest;
};

/** The records that say what they cost. */
const costedName = "labels.jsonl";
// As keys of a record: within a text the quotation marks would stand behind backslashes.
const costKeys = /,"money":[-+.0-9e]+|,"usage":\{[^{}]*\}/gi;

/**
 * The hash of a file of records without what they cost in tokens and dollars, which tells no run from another: equal
 * replies may have been paid differently, counted by another server, or partly been read before. The file's own hash
 * where no record says it.
 */
const costlessHash = async (file: string, sha256: string): Promise<string> => {
  const hash = createHash("sha256");
  let tellsCost = false;
  for await (const { text } of readLines(file)) {
    const costless = text.replace(costKeys, "");
    tellsCost ||= costless.length < text.length;
    hash.update(`${costless}\n`);
  }
  return tellsCost ? hash.digest("hex") : sha256;
};

/** One hash over all JSONL record files and the metrics, times and costs aside. artefacts: all of the run folder. */
export const hashContent = async (folder: string, artefacts: readonly Artefact[]): Promise<string> => {
  const records: [path: string, hash: string][] = [];
  for (const { path, sha256 } of artefacts)
    if (path.endsWith(".jsonl") && path !== eventFileName)
      records.push([
        path,
        path.endsWith(costedName) ? await costlessHash(join(folder, path), sha256) : sha256,
      ]);
  const measured = artefacts.some(({ path }) => path === metricsName);
  return hashJson({ records, metrics: measured ? await timelessMetrics(join(folder, metricsName)) : null });
};
