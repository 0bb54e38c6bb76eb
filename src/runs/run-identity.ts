// Which run a folder holds: its name, seed, resolved configuration, and the content of what that names. The same four
// continue it; anything else is another run, and nothing of it is touched.

import { existsSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describeValue, fileError, parseYaml, quotedWord, UserError } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { callsName, configName, listFiles, manifestName } from "./artefacts.ts";
import { eventFileName, readEvents } from "./event-log.ts";
import { readIfThere } from "./reading.ts";

/**
 * given: stages, or files of them, that only write down what the run was given; with nothing else it has left nothing.
 * indifferent: keys of the configuration ("a.b") that decide nothing of what is made: with another value it is the same run.
 */
export type RunIdentity = {
  readonly name: string;
  readonly seed: number;
  readonly config: unknown;
  readonly indifferent?: readonly string[] | undefined;
  readonly contents?: Readonly<Record<string, string>> | undefined;
  readonly given?: readonly string[] | undefined;
};

/** The configuration as it is after a trip to the disk: undefined left out, dates and the like as text. */
export const plainConfig = (config: unknown): unknown => JSON.parse(JSON.stringify(config ?? {})) as unknown;

/** Keys in which two JSON values differ, as lines "a.b: 1 there, 2 now". */
export const differences = (there: unknown, now: unknown, path = ""): string[] => {
  const isTree = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (isTree(there) && isTree(now) && Array.isArray(there) === Array.isArray(now)) {
    const keys = [...new Set([...Object.keys(there), ...Object.keys(now)])];
    return keys.flatMap((key) => {
      const inner = Array.isArray(now) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      return differences(there[key], now[key], inner);
    });
  }
  if (there === now) return [];
  return [`${path === "" ? "(whole)" : path}: ${describeValue(there)} there, ${describeValue(now)} now`];
};

/** A JSON tree without some of its keys ("a.b"). */
export const without = (tree: unknown, paths: readonly string[]): unknown => {
  if (paths.length === 0 || typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
  const kept = Object.entries(tree).filter(([key]) => !paths.includes(key));
  const below = (key: string): string[] =>
    paths.flatMap((path) => (path.startsWith(`${key}.`) ? [path.slice(key.length + 1)] : []));
  return Object.fromEntries(kept.map(([key, value]) => [key, without(value, below(key))]));
};

/** What a folder is before a run is opened in it. Throws UserError when it is a file, or holds what is no run. */
export const inspectFolder = async (folder: string): Promise<"absent" | "empty" | "run"> => {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return "absent";
  if (!found.isDirectory()) {
    const message = `Cannot write a run to ${folder}: it is a file, and a folder was expected. Choose another --out.`;
    throw new UserError("run-folder-is-file", message, { folder });
  }
  const names = (await readdir(folder)).filter((name) => !name.startsWith("."));
  if (names.includes(configName) && names.includes(eventFileName)) return "run";
  // A run that was killed in its first moments has an event log and, of its files, at most how its calls are made.
  const begun = names.includes(eventFileName) ? [eventFileName, callsName] : [];
  const foreign = names.filter((name) => !begun.includes(name));
  if (foreign.length === 0) return "empty";
  throw new UserError(
    "folder-not-run",
    `The folder ${folder} is not empty and holds no run of Covenant (found ${foreign.slice(0, 3).join(", ")}` +
      `${foreign.length > 3 ? ", …" : ""}). Choose another --out, or an empty folder.`,
    { folder },
  );
};

/** Whether a run that was begun in the folder has left nothing yet: no record but of what it was given, no checkpoint. */
const holdsNothing = async (folder: string, given: readonly string[]): Promise<boolean> => {
  for (const path of await listFiles(folder)) {
    if (path === configName || path === eventFileName) continue;
    if (given.some((part) => path === part || path.startsWith(`${part}/`))) continue;
    if ((await stat(join(folder, path))).size > 0) return false;
  }
  return true;
};

/** The folder's name with the first number behind it that is not taken. */
const freeBeside = async (folder: string): Promise<string> => {
  for (let number = 2; ; number++) {
    const beside = `${folder}-${number}`;
    if ((await stat(beside).catch(() => undefined)) === undefined) return beside;
  }
};

/**
 * Throws UserError, naming the keys, when the folder holds another run than the one that is to be opened. A run that
 * stopped before it made anything (at a mistake in its input, or a model that is not there) stands in nobody's way;
 * replaces says that there was one; isChanged, that a key that decides nothing has another value than is written down.
 */
export const checkIdentity = async (
  folder: string,
  wanted: RunIdentity,
  events: readonly RunEvent[],
): Promise<{ readonly isNew: boolean; readonly replaces: boolean; readonly isChanged: boolean }> => {
  const path = join(folder, configName);
  const text = await readIfThere(path);
  if (text === undefined) return { isNew: true, replaces: false, isChanged: false };
  const start = events.findLast((event) => event.type === "run-start");
  if (start !== undefined && start.name !== wanted.name) {
    // of another command, what was written down may be what it was to make
    if (await holdsNothing(folder, [])) return { isNew: true, replaces: true, isChanged: false };
    throw new UserError(
      "run-differs",
      `The folder ${folder} holds a run of \`covenant ${start.name}\`; expected one of \`covenant ${wanted.name}\`, or an empty folder. Choose another --out, such as ${quotedWord(await freeBeside(folder))}; or give --fresh to begin anew (the old run is moved aside, not deleted). What lies there continues with \`covenant ${start.name} --resume ${quotedWord(folder)}\`.`,
      { folder, command: start.name },
    );
  }
  const [there, now] = [parseYaml(text, { file: path }) ?? {}, plainConfig(wanted.config)];
  const { indifferent = [] } = wanted;
  const differing = differences(without(there, indifferent), without(now, indifferent));
  const seedTold = differing.some((line) => line.startsWith("seed:"));
  if (start !== undefined && start.seed !== wanted.seed && !seedTold) {
    differing.push(`seed: ${start.seed} there, ${wanted.seed} now`);
  }
  for (const [what, hash] of Object.entries(wanted.contents ?? {})) {
    const earlier = start?.contents?.[what];
    const isTold = differing.some((line) => line.startsWith(`${what}:`));
    if (earlier !== undefined && earlier !== hash && !isTold) {
      differing.push(`${what}: its content has changed since the run began`);
    }
  }
  if (differing.length === 0)
    return { isNew: false, replaces: false, isChanged: differences(there, now).length > 0 };
  // without a log nobody knows which command it was
  const given = start === undefined ? [] : (wanted.given ?? []);
  if (await holdsNothing(folder, given)) return { isNew: true, replaces: true, isChanged: false };
  throw new UserError(
    "run-differs",
    `The folder ${folder} holds another run. What differs:\n  ${differing.join("\n  ")}\n` +
      `Choose another --out, such as ${quotedWord(await freeBeside(folder))}, or give --fresh to begin anew (the old run is moved aside, not deleted).`,
    { folder, differing },
  );
};

/** The version of Covenant that a run was begun or last continued with; undefined where its log does not say. */
export const lastVersion = (events: readonly RunEvent[]): string | undefined =>
  events.findLast((event) => event.type === "run-start")?.covenant;

/**
 * Throws what opening a run in the folder would throw for what lies there, and touches nothing: for dry runs. Resolves to
 * how far the same run is that lies there; undefined: a run would be begun. fresh: a run that is there would be moved aside.
 */
export const checkRunFolder = async (
  wanted: RunIdentity & { readonly folder: string; readonly fresh?: boolean | undefined },
): Promise<"begun" | "finished" | undefined> => {
  const folder = resolve(wanted.folder);
  if ((await inspectFolder(folder)) !== "run" || wanted.fresh === true) return undefined;
  const { isNew, isChanged } = await checkIdentity(folder, wanted, await readEvents(folder));
  if (isNew) return undefined;
  return !isChanged && existsSync(join(folder, manifestName)) ? "finished" : "begun";
};

/** Takes away the stages of a run that left nothing, but not the account of its calls and the answers that are kept. */
export const clearStages = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name.startsWith(".") || entry.name === callsName) continue;
    await rm(join(folder, entry.name), { recursive: true, force: true });
  }
};

/** Moves a run folder to the first free name "<folder>.1", "<folder>.2", ... and resolves to that name. */
export const moveAside = async (folder: string): Promise<string> => {
  for (let number = 1; ; number++) {
    const target = `${folder}.${number}`;
    if ((await stat(target).catch(() => undefined)) !== undefined) continue;
    try {
      await rename(folder, target);
    } catch (thrown) {
      throw fileError(thrown, "write", folder);
    }
    return target;
  }
};
