// Files that are whole or absent: atomic replacement (temporary file, fsync, rename) and append-only logs whose
// chunks are written in one call and flushed. What the disk refuses becomes a UserError with the path and a remedy.
// Knows nothing of what is in the files.

import { randomBytes } from "node:crypto";
import { closeSync, fdatasync, fsync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, truncate } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { CovenantError, UserError } from "./errors.ts";

/** The two calls that put bytes on a disk; tests hand in one that fails. write returns how many bytes it took. */
export type DiskWriter = {
  write(descriptor: number, bytes: Uint8Array): number;
  sync(descriptor: number): Promise<void>;
};

/** The machine's disk. sync passes over what cannot be flushed, such as pipes. */
export const systemDisk: DiskWriter = {
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  sync: async (descriptor) => {
    try {
      await promisify(fdatasync)(descriptor);
    } catch (thrown) {
      // Pipes and some network file systems cannot be flushed; that is no loss of ours.
      if (!["EINVAL", "ENOTSUP", "ENOSYS"].includes(codeOf(thrown))) throw thrown;
    }
  },
};

const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";

const remedies: Readonly<Record<string, readonly [code: string, got: string, remedy: string]>> = {
  ENOSPC: [
    "disk-full",
    "no space is left on the disk",
    "Free some space and run the same command again: everything written so far is kept.",
  ],
  EDQUOT: [
    "disk-full",
    "the disk quota is used up",
    "Free some space and run the same command again: everything written so far is kept.",
  ],
  ENOENT: ["file-missing", "there is no such file", "Check the path."],
  ENOTDIR: ["file-missing", "a part of the path is a file, not a folder", "Check the path."],
  EEXIST: ["file-in-the-way", "a file is in the way where a folder was expected", "Choose another path."],
  EISDIR: ["file-is-folder", "it is a folder, and a file was expected", "Check the path."],
  EACCES: ["file-forbidden", "permission was denied", "Check the permissions, or choose another path."],
  EPERM: ["file-forbidden", "permission was denied", "Check the permissions, or choose another path."],
  EROFS: ["file-forbidden", "the file system is read-only", "Choose another path."],
  EMFILE: ["too-many-files", "too many files are open", "Raise the limit (ulimit -n) and run it again."],
};

/** A file system error as a UserError that names the path and what to do; anything else comes back as it was. */
export const fileError = (thrown: unknown, doing: "read" | "write", path: string): unknown => {
  if (thrown instanceof CovenantError) return thrown;
  const remedy = remedies[codeOf(thrown)];
  if (remedy === undefined) return thrown;
  const [code, got, what] = remedy;
  return new UserError(code, `Cannot ${doing} ${path}: ${got}. ${what}`, { path }, thrown);
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/**
 * Makes a folder and those on the way to it, one after the other from the nearest that is there. (Node's own recursive
 * mkdir never returns where a folder that is there says ENOENT to a new one, as /proc does.) Throws UserError when no
 * folder can be made there. make: makes one folder.
 */
export const makeFolder = async (
  folder: string,
  make: (folder: string) => Promise<unknown> = (one) => mkdir(one),
): Promise<void> => {
  const missing: string[] = [];
  for (let place = resolve(folder); !(await isFolder(place)); place = dirname(place)) {
    missing.unshift(place);
    if (dirname(place) === place) break;
  }
  for (const place of missing)
    try {
      await make(place);
    } catch (thrown) {
      // another process may have made it in the meantime
      if (await isFolder(place)) continue;
      if (codeOf(thrown) !== "ENOENT") throw fileError(thrown, "write", folder);
      const message = `Cannot write ${folder}: no folder can be made in ${dirname(place)}. Choose another path.`;
      throw new UserError("file-forbidden", message, { path: folder }, thrown);
    }
};

const temporaryPattern = /^\.covenant-.*\.tmp$/;

/** Whether a file name is that of a half-written file left by a killed process. */
export const isTemporaryName = (name: string): boolean => temporaryPattern.test(name);

/** A name for a file of the moment, which is swept away should the process not get to it. */
export const temporaryNameOf = (name: string): string =>
  `.covenant-${name}-${randomBytes(6).toString("hex")}.tmp`;

const writeWhole = (disk: DiskWriter, descriptor: number, bytes: Uint8Array): void => {
  let offset = 0;
  while (offset < bytes.length) {
    const taken = disk.write(descriptor, bytes.subarray(offset));
    if (taken <= 0) throw Object.assign(new Error("the disk took no bytes"), { code: "ENOSPC" });
    offset += taken;
  }
};

/** Makes the names in a folder last through a power cut; where folders cannot be flushed it does nothing. */
const syncFolder = async (folder: string): Promise<void> => {
  try {
    const descriptor = openSync(folder, "r");
    try {
      await promisify(fsync)(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Windows and some file systems have no such call.
  }
};

/** Replaces a file by its new content, all or nothing; folders on the way are made. Throws UserError. */
export const writeFileAtomic = async (
  path: string,
  content: string | Uint8Array,
  disk: DiskWriter = systemDisk,
): Promise<void> => {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const folder = dirname(path);
  const temporary = join(folder, temporaryNameOf(basename(path)));
  try {
    await makeFolder(folder);
    const descriptor = openSync(temporary, "wx");
    try {
      writeWhole(disk, descriptor, bytes);
      await disk.sync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(thrown, "write", path);
  }
};

/** An open file that only grows. A chunk is written in one call; a chunk the disk refused is taken back. */
export type Appender = {
  readonly path: string;
  /** Writes now, so that the order of calls is the order in the file; not yet flushed. */
  appendNow(text: string): void;
  /** Writes now and resolves when the disk has it. */
  append(text: string): Promise<void>;
  close(): void;
};

/** Opens a file for appending, making it and its folders when missing. Throws UserError. */
export const openAppender = async (path: string, disk: DiskWriter = systemDisk): Promise<Appender> => {
  let descriptor: number;
  let size: number;
  try {
    await makeFolder(dirname(path));
    const handle = await open(path, "a");
    size = (await handle.stat()).size;
    await handle.close();
    descriptor = openSync(path, "a");
  } catch (thrown) {
    throw fileError(thrown, "write", path);
  }
  let closed = false;
  const appendNow = (text: string): void => {
    if (closed)
      throw new CovenantError("file-closed", `${path} was closed and cannot be appended to.`, { path });
    const bytes = Buffer.from(text);
    try {
      writeWhole(disk, descriptor, bytes);
      size += bytes.length;
    } catch (thrown) {
      try {
        ftruncateSync(descriptor, size);
      } catch {
        // A torn line stays; whoever opens the file next drops it.
      }
      throw fileError(thrown, "write", path);
    }
  };
  return {
    path,
    appendNow,
    async append(text) {
      appendNow(text);
      try {
        await disk.sync(descriptor);
      } catch (thrown) {
        throw fileError(thrown, "write", path);
      }
    },
    close() {
      if (!closed) closeSync(descriptor);
      closed = true;
    },
  };
};

/** Bytes of a file that are looked at in one go. */
const blockBytes = 1 << 16;

/** Bytes up to and with the last line feed, found from the end; and all that there are. */
const measureLines = async (path: string): Promise<{ readonly whole: number; readonly size: number }> => {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const block = Buffer.alloc(blockBytes);
    for (let end = size; end > 0; ) {
      const start = Math.max(0, end - blockBytes);
      const { bytesRead } = await handle.read(block, 0, end - start, start);
      const found = block.subarray(0, bytesRead).lastIndexOf(0x0a);
      if (found >= 0) return { whole: start + found + 1, size };
      end = start;
    }
    return { whole: 0, size };
  } finally {
    await handle.close();
  }
};

/** Cuts everything after the last line feed (what a killed process left half-written). Resolves to the bytes cut. */
export const dropTornLine = async (path: string): Promise<number> => {
  let lines: { readonly whole: number; readonly size: number };
  try {
    lines = await measureLines(path);
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return 0;
    throw fileError(thrown, "read", path);
  }
  const { whole, size } = lines;
  if (whole === size) return 0;
  try {
    await truncate(path, whole);
  } catch (thrown) {
    throw fileError(thrown, "write", path);
  }
  return size - whole;
};

/** The text of a UTF-8 file, without a byte order mark. Throws UserError when it cannot be read or is not UTF-8. */
export const readText = async (path: string): Promise<string> => {
  try {
    return decodeText(await readFile(path), path);
  } catch (thrown) {
    throw fileError(thrown, "read", path);
  }
};

/** readText for the few moments when nothing may run in between (a program's start). */
export const readTextNow = (path: string): string => {
  try {
    return decodeText(readFileSync(path), path);
  } catch (thrown) {
    throw fileError(thrown, "read", path);
  }
};

const decodeText = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(
      "file-not-text",
      `Cannot read ${path}: it is not UTF-8 text. Save it as UTF-8 and try again.`,
      { path },
      cause,
    );
  }
};
