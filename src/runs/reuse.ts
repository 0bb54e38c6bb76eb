// Stages of another run that are taken over and not worked on again: finished, intact, and made from the same inputs. Stages say
// what they are made from of some settings alone, so the two runs may differ in those and in nothing else. The other run is
// only read.

import { existsSync } from "node:fs";
import { copyFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import {
  CovenantError,
  covenantVersion,
  fileError,
  makeFolder,
  parseYaml,
  quotedWord,
  readText,
  temporaryNameOf,
  UserError,
} from "../core/index.ts";
import type { RunEvent, StageManifest, StageName } from "../records/index.ts";
import { areIntact, configName, stageFileName } from "./artefacts.ts";
import { eventFileName, readTurns } from "./event-log.ts";
import { readStageManifest } from "./reading.ts";
import { differences, plainConfig, type RunIdentity, without } from "./run-identity.ts";

/** Where stages are taken from. separable: keys of the configuration ("a.b") in which the two runs may differ. */
export type Reuse = { readonly from: string; readonly separable: readonly string[] };

/** A run whose stages may be taken over. named: its folder as it was given. */
export type ReusedRun = { readonly folder: string; readonly named: string };

const isWithin = (inner: string, outer: string): boolean => {
  const way = relative(outer, inner);
  return way === "" || !way.startsWith("..");
};

const versionsApart = (events: readonly RunEvent[]): string[] => {
  const now = covenantVersion();
  const all = events.flatMap((event) =>
    event.type === "run-start" ? [event.covenant ?? "an early version"] : [],
  );
  const others = [...new Set(all)].filter((version) => version !== now);
  return others.length === 0 ? [] : [`Covenant ${others.join(" and ")} worked on it, and this is ${now}`];
};

/** What of two runs differs beside what may, as lines; none where stages of one can be those of the other. */
const whatDiffers = async (
  folder: string,
  events: readonly RunEvent[],
  { name, config, contents = {}, indifferent = [] }: Omit<RunIdentity, "seed">,
  separable: readonly string[],
): Promise<string[]> => {
  const start = events.findLast((event) => event.type === "run-start");
  if (start === undefined) return ["its log does not say what it is"];
  if (start.name !== name) return [`it is of \`covenant ${start.name}\`, and this is \`covenant ${name}\``];
  const file = join(folder, configName);
  const there = parseYaml(await readText(file), { file }) ?? {};
  const may = [...indifferent, ...separable];
  const { contents: then = {} } = start;
  const named = [...new Set([...Object.keys(contents), ...Object.keys(then)])];
  return [
    ...versionsApart(events),
    ...differences(without(there, may), without(plainConfig(config), may)),
    ...named.flatMap((what) => (then[what] === contents[what] ? [] : [`${what}: another content`])),
  ];
};

/**
 * The run that stages are taken from. into: the folder of the run that takes them. Throws UserError where there is no run, or
 * one that differs in more than it may.
 */
export const openReused = async (
  { from, separable }: Reuse,
  wanted: Omit<RunIdentity, "seed">,
  into: string,
): Promise<ReusedRun> => {
  const given = resolve(from);
  const refuse = (code: string, text: string): never => {
    throw new UserError(code, `--reuse ${quotedWord(from)}: ${text}`, { folder: given });
  };
  if (![configName, eventFileName].every((name) => existsSync(join(given, name))))
    return refuse("reuse-no-run", "there is no run. Expected the folder of one, as --out names it.");
  const folder = await realpath(given);
  const own = await realpath(into).catch(() => resolve(into));
  if (isWithin(own, folder) || isWithin(folder, own))
    return refuse(
      "reuse-itself",
      `this run is written to ${quotedWord(into)}, in the same place. Give another --out; the same command in the same folder continues what is there without --reuse.`,
    );
  const differing = await whatDiffers(folder, await readTurns(folder), wanted, separable);
  if (differing.length > 0)
    return refuse(
      "reuse-differs",
      `of that run nothing can be taken over. What differs:\n  ${differing.join("\n  ")}\nThe two may differ in ${separable.join(", ")} alone. Leave --reuse out, or name another run.`,
    );
  return { folder, named: from };
};

/**
 * Copies a stage with these inputs to the folder `to`, whatever is there, and resolves to what it made; undefined: the other run
 * has none that is whole. A copy is there as a whole or not at all.
 */
export const takeStage = async (
  { folder }: ReusedRun,
  { name, inputs, to }: { readonly name: StageName; readonly inputs: string; readonly to: string },
): Promise<StageManifest | undefined> => {
  const from = join(folder, name);
  const manifest = await readStageManifest(from).catch(() => undefined);
  if (manifest?.inputs !== inputs) return undefined;
  const copy = join(dirname(to), temporaryNameOf(basename(to)));
  try {
    for (const path of [...manifest.artefacts.map((one) => one.path), stageFileName]) {
      await makeFolder(dirname(join(copy, path)));
      const isThere = await copyFile(join(from, path), join(copy, path)).then(
        () => true,
        (thrown: unknown) => {
          // of a file that is gone or cannot be read the stage is not whole; a full disk is said
          const said = fileError(thrown, "write", join(copy, path));
          if (said instanceof CovenantError && said.code === "disk-full") throw said;
          return false;
        },
      );
      if (!isThere) return undefined;
    }
    if (!(await areIntact(copy, manifest.artefacts))) return undefined;
    await rm(to, { recursive: true, force: true });
    await rename(copy, to);
    return manifest;
  } catch (thrown) {
    throw fileError(thrown, "write", to);
  } finally {
    await rm(copy, { recursive: true, force: true }).catch(() => undefined);
  }
};
