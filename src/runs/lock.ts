// One process writes to a run folder at a time. The lock is a file that appears whole (hard link of a finished file)
// and names its holder; a dead holder's lock is taken over. A process is known by its number and, on Linux, by its
// start too, because numbers are used again, above all in containers.

import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, fileError, systemClock, UserError } from "../core/index.ts";

export const lockName = ".lock";

type Holder = { readonly pid: number; readonly host: string; readonly started: string };

export type RunLock = { release(): void };

/** Folders this very process holds: its own number in a lock file says nothing about who wrote it. */
const held = new Set<string>();

/** What tells a process from a later one of the same number; empty where the system does not say. */
const startOf = (pid: number | "self"): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // The name in brackets may hold spaces; behind it come the state and, as the 20th field, the start time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "ended" : `${boot}/${fields[19] ?? ""}`;
  } catch {
    return "";
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown && thrown.code === "EPERM";
  }
};

const readHolder = (path: string): { text: string; holder: Holder | undefined } | undefined => {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    const value = JSON.parse(text) as Partial<Holder> | null;
    const whole = typeof value?.pid === "number" && typeof value.host === "string";
    const holder = whole
      ? { pid: value.pid!, host: value.host!, started: String(value.started ?? "") }
      : undefined;
    return { text, holder };
  } catch {
    return { text, holder: undefined };
  }
};

const isStale = (holder: Holder, folder: string): boolean => {
  if (holder.host !== hostname()) return false;
  if (holder.pid === process.pid) return !held.has(folder);
  if (!isAlive(holder.pid)) return true;
  const started = startOf(holder.pid);
  return holder.started !== "" && started !== "" && started !== holder.started;
};

/** How long a lock may say nothing: without hard links it is there a moment before its holder's name is in it. */
const fillingMilliseconds = 2000;

const isBeingFilled = (path: string, clock: Clock): boolean => {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && clock.now() - found.mtimeMs < fillingMilliseconds;
};

const refuseUnnamed = (folder: string, path: string): never => {
  const message =
    `The run folder ${folder} is being taken by another process, which ${path} does not name yet. ` +
    "Try again in a few seconds, or choose another --out.";
  throw new UserError("run-locked", message, { folder });
};

const refuse = (folder: string, path: string, holder: Holder): never => {
  const elsewhere = holder.host !== hostname();
  const who = `process ${holder.pid}${elsewhere ? ` on ${holder.host}` : ""}`;
  const remedy = elsewhere
    ? `If it no longer runs there, delete ${path}; or choose another --out.`
    : "Wait until it has ended, stop it, or choose another --out.";
  throw new UserError("run-locked", `The run folder ${folder} is in use by ${who}. ${remedy}`, {
    folder,
    ...holder,
  });
};

/** Makes a file with its content at once; false when it is there already. */
const createWhole = (path: string, text: string): boolean => {
  const draft = join(path, "..", `.covenant-lock-${randomBytes(6).toString("hex")}.tmp`);
  try {
    writeFileSync(draft, text, { flag: "wx" });
    try {
      linkSync(draft, path);
    } finally {
      rmSync(draft, { force: true });
    }
    return true;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw fileError(thrown, "write", path);
  }
  // File systems without hard links.
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw fileError(thrown, "write", path);
  }
};

/** Moves a stale lock away, but not a lock that someone else has put there meanwhile. */
const removeStale = (path: string, text: string): void => {
  const aside = join(path, "..", `.covenant-lock-${randomBytes(6).toString("hex")}.tmp`);
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readHolder(aside)?.text !== text) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process holds it now.
    }
  }
  rmSync(aside, { force: true });
};

/**
 * Takes the lock of a run folder (which must exist). Throws UserError when a living process holds it. clock: what the
 * file's own time is held against, so it is the system's but in tests.
 */
export const acquireLock = (folder: string, clock: Clock = systemClock): RunLock => {
  const path = join(folder, lockName);
  const mine = {
    pid: process.pid,
    host: hostname(),
    started: startOf("self"),
    token: randomBytes(8).toString("hex"),
  };
  const text = `${JSON.stringify(mine)}\n`;
  for (let attempt = 0; !createWhole(path, text); attempt++) {
    const found = readHolder(path);
    if (found === undefined) continue;
    const { holder } = found;
    if (holder === undefined && isBeingFilled(path, clock)) refuseUnnamed(folder, path);
    if (holder !== undefined && (attempt > 8 || !isStale(holder, folder))) refuse(folder, path, holder);
    removeStale(path, found.text);
  }
  held.add(folder);
  return {
    release() {
      if (!held.delete(folder)) return;
      if (readHolder(path)?.text === text) rmSync(path, { force: true });
    },
  };
};
