// A part of a run in a process of its own: what it may work on, and that a run waits for parts that outlive it.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import type { RunEventBody } from "./event-log.ts";
import { acquireLock, lockName } from "./lock.ts";
import { awaitParts, openPart, type PartOptions } from "./part.ts";

let folder: string;
let events: RunEventBody[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "covenant-part-"));
  events = [];
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const options = (): PartOptions => ({
  folder,
  part: "ethical",
  seed: 1,
  clock: manualClock(0),
  signal: new AbortController().signal,
  emit: (event) => events.push(event),
});

it("runs its stages in the run's folder and sends their events", async () => {
  using part = await openPart(options());
  const { folder: stageFolder } = await part.stage({ name: "ethical/sl", inputs: {} }, async () => {});
  expect(stageFolder).toBe(join(folder, "ethical/sl"));
  expect(events.map(({ type }) => type)).toEqual(["stage-start", "stage-end"]);
  expect((await part.stage({ name: "ethical/sl", inputs: {} }, async () => {})).skipped).toBe(true);
});

it("has no stages but its own", async () => {
  using part = await openPart(options());
  const stage = part.stage({ name: "inverted/sl", inputs: {} }, async () => {});
  await expect(stage).rejects.toMatchObject({ code: "stage-unknown" });
});

it("is taken by one process at a time", async () => {
  const part = await openPart(options());
  await expect(openPart(options())).rejects.toMatchObject({ code: "run-locked" });
  part[Symbol.dispose]();
  expect(existsSync(join(folder, "ethical", lockName))).toBe(false);
  (await openPart(options()))[Symbol.dispose]();
});

it("is waited for until it ends", async () => {
  const lock = acquireLock(folder);
  let waited = false;
  const waiting = awaitParts([folder], manualClock(0)).then(() => {
    waited = true;
  });
  await Promise.resolve();
  expect(waited).toBe(false);
  lock.release();
  await waiting;
  expect(existsSync(join(folder, lockName))).toBe(false);
});

it("is waited for so long, and then told of", async () => {
  const lock = acquireLock(folder);
  let now = 0;
  const hurried = { now: () => (now += 15_000) };
  await expect(awaitParts([folder], hurried)).rejects.toMatchObject({ code: "run-locked" });
  lock.release();
});

it("is not waited for by who is asked to stop", async () => {
  const lock = acquireLock(folder);
  const stopped = AbortSignal.abort();
  await expect(awaitParts([folder], manualClock(0), stopped)).rejects.toMatchObject({ code: "interrupted" });
  lock.release();
});
