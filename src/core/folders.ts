// Folders that are whole or absent: written beside, then renamed into place, an older one kept until the new one is
// whole. Mends what a process killed in between left behind. Knows nothing of what the files hold.

import { randomBytes } from "node:crypto";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "./errors.ts";
import { fileError, makeFolder } from "./files.ts";

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A kind of folder: the file that every one of them has, and what it is called. */
export type FolderKind = { readonly marker: string; readonly what: string };

/** Whether a folder of this kind lies there. Throws UserError for one that holds something else. */
const refuseForeignFolder = async (folder: string, { marker, what }: FolderKind): Promise<boolean> => {
  if (!(await isThere(folder))) return false;
  const files = await readdir(folder);
  if (files.length > 0 && !files.includes(marker))
    throw new UserError(
      "not-a-model-folder",
      `${folder} exists and is no ${what}, so it is not replaced. Choose another folder, or empty this one.`,
      { folder },
    );
  return true;
};

/** Names beside a folder while it is being replaced: the new one, and the old one between two renames. */
const besideNames = (target: string) => {
  const unfinished = join(dirname(target), `.covenant-${basename(target)}-${randomBytes(6).toString("hex")}`);
  return { unfinished: `${unfinished}.tmp`, replaced: `${unfinished}.old.tmp` };
};

/** What a process killed while saving left beside the folder: an old one goes back to its place, the rest goes. */
const mendKilledSave = async (target: string): Promise<void> => {
  const start = `.covenant-${basename(target)}-`;
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const kind = name.startsWith(start) ? /^[0-9a-f]{12}(\.old)?\.tmp$/.exec(name.slice(start.length)) : null;
    if (kind === null) continue;
    const left = join(dirname(target), name);
    if (kind[1] !== undefined && !(await isThere(target))) await rename(left, target);
    else await rm(left, { recursive: true, force: true });
  }
};

/**
 * Writes a folder whole or not at all. `check` looks at what is to be written, once what a killed process left is
 * mended; `write` fills the folder it is given. Throws UserError when the disk is full, the place is not writable, or
 * the folder holds something of another kind; then nothing has changed and nothing is left behind.
 */
export const replaceFolder = async (
  folder: string,
  kind: FolderKind,
  write: (unfinished: string) => Promise<void>,
  check: () => void = () => {},
): Promise<void> => {
  const target = resolve(folder);
  const { unfinished, replaced } = besideNames(target);
  try {
    await mendKilledSave(target);
    check();
    const replaces = await refuseForeignFolder(target, kind);
    await makeFolder(unfinished);
    await write(unfinished);
    if (replaces) await rename(target, replaced);
    await rename(unfinished, target).catch(async (thrown: unknown) => {
      if (replaces) await rename(replaced, target);
      throw thrown;
    });
    if (replaces) await rm(replaced, { recursive: true, force: true });
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(thrown, "write", target);
  }
};
