// A lock without a name in it: on a file system without hard links another process may be about to fill it.

import { existsSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { acquireLock, lockName } from "./lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-lock-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const writtenAt = 1_900_000_000_000;

/** Leaves a lock of that content, last written at writtenAt. */
const leave = (text: string): string => {
  const path = join(folder, lockName);
  writeFileSync(path, text);
  utimesSync(path, writtenAt / 1000, writtenAt / 1000);
  return path;
};

describe("a lock that names no holder", () => {
  it.each(["", '{"pid":12'])("and was written a moment ago (%j) is left to who is writing it", (text) => {
    const path = leave(text);
    expect(() => acquireLock(folder, manualClock(writtenAt + 500))).toThrow(
      expect.objectContaining({ code: "run-locked", message: expect.stringContaining(path) }),
    );
    expect(existsSync(path)).toBe(true);
  });

  it("and was written just now by the system's clock is left, too", () => {
    writeFileSync(join(folder, lockName), "");
    expect(() => acquireLock(folder)).toThrow("is being taken by another process");
  });

  it.each(["", '{"pid":12'])("and is old (%j) was left by a process that died, and is taken over", (text) => {
    const path = leave(text);
    const lock = acquireLock(folder, manualClock(writtenAt + 10_000));
    expect(existsSync(path)).toBe(true);
    lock.release();
    expect(existsSync(path)).toBe(false);
  });
});
