// Stages of another run that are taken over and not worked on again: finished, intact, and made from the same inputs by the
// same command on the same contents, with the warnings that they had. The other run is only read.

import { constants } from "node:fs";
import { cp, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import {
  covenantVersion,
  fileError,
  makeFolder,
  quotedWord,
  temporaryNameOf,
  UserError,
} from "../core/index.ts";
import type { RunEvent, StageManifest, StageName } from "../records/index.ts";
import { areIntact, inputsName, savedName } from "./artefacts.ts";
import { readTurns } from "./event-log.ts";
import { readStageManifest } from "./reading.ts";
import { inspectFolder, lastVersion, type RunIdentity } from "./run-identity.ts";

/** A run whose stages may be taken over. named: its folder as it was given; warnings: what its stages told. */
export type ReusedRun = {
  readonly folder: string;
  readonly named: string;
  readonly warnings: readonly Extract<RunEvent, { type: "warning" }>[];
};

/** What tells two runs apart beside their settings, as lines; none where stages of one are those of the other. */
const apart = (
  events: readonly RunEvent[],
  { name, contents = {} }: Pick<RunIdentity, "name" | "contents">,
): string[] => {
  const start = events.findLast((event) => event.type === "run-start");
  if (start === undefined) return ["its log does not say what it is"];
  const version = lastVersion(events);
  const now = covenantVersion();
  return [
    ...(start.name === name ? [] : [`it is of \`covenant ${start.name}\`, and this is \`covenant ${name}\``]),
    ...(version === now
      ? []
      : [`Covenant ${version ?? "of an early version"} worked on it, and this is ${now}`]),
    ...Object.entries(contents).flatMap(([what, hash]) =>
      start.name !== name || start.contents?.[what] === hash ? [] : [`${what} has another content there`],
    ),
  ];
};

/**
 * The run in the folder. into: of the run that is to take its stages over. Throws UserError where there is no run, or one of
 * which no stage could be the same.
 */
export const openReused = async (
  named: string,
  wanted: Pick<RunIdentity, "name" | "contents">,
  into: string,
): Promise<ReusedRun> => {
  const given = resolve(named);
  if ((await inspectFolder(given)) !== "run")
    throw new UserError(
      "reuse-no-run",
      `--reuse ${quotedWord(named)}: there is no run. Expected the folder of one, as --out names it.`,
      { folder: given },
    );
  const folder = await realpath(given);
  if (folder === (await realpath(into).catch(() => resolve(into))))
    throw new UserError(
      "reuse-itself",
      `--reuse ${quotedWord(named)} is the folder that this run is written to. Give another --out; or leave --reuse out, and the same command continues what is there.`,
      { folder },
    );
  const events = await readTurns(folder);
  const reasons = apart(events, wanted);
  if (reasons.length > 0)
    throw new UserError(
      "reuse-differs",
      `Nothing of the run in ${quotedWord(named)} can be taken over: ${reasons.join("; ")}. Leave --reuse out, or name another run.`,
      { folder },
    );
  return { folder, named, warnings: events.filter((event) => event.type === "warning") };
};

const isPlain = (path: string): boolean => ![inputsName, savedName].includes(basename(path));

/**
 * Copies a stage with these inputs into the folder `to`, whatever is there, and resolves to what it made; undefined: the other
 * run has none. A copy is there as a whole or not at all.
 */
export const takeStage = async (
  { folder }: ReusedRun,
  { name, inputs, to }: { readonly name: StageName; readonly inputs: string; readonly to: string },
): Promise<StageManifest | undefined> => {
  const from = join(folder, name);
  const manifest = await readStageManifest(from).catch(() => undefined);
  if (manifest?.inputs !== inputs || !(await areIntact(from, manifest.artefacts))) return undefined;
  const copy = join(dirname(to), temporaryNameOf(basename(to)));
  try {
    await makeFolder(dirname(to));
    await cp(from, copy, { recursive: true, filter: isPlain, mode: constants.COPYFILE_FICLONE });
    await rm(to, { recursive: true, force: true });
    await rename(copy, to);
  } catch (thrown) {
    await rm(copy, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(thrown, "write", to);
  }
  return manifest;
};
