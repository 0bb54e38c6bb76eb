// The event log and secrets: what it says in words is cleaned before it is written or shown; what others read is as it
// was.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createRedact, manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { eventFileName, openEventLog, secondsOfAttempts } from "./event-log.ts";

const folder = mkdtempSync(join(tmpdir(), "covenant-events-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the event log", () => {
  it("holds no secret in warnings, notes and reasons, and leaves names alone", async () => {
    const shown: RunEvent[] = [];
    const log = await openEventLog({
      folder,
      clock: manualClock(),
      onEvent: (event) => shown.push(event),
      redact: createRedact({ COVENANT_API_KEY: "label-sk" }),
    });
    log.emit({ type: "warning", stage: "label-sk", code: "x", text: "401 for label-sk." });
    log.emit({ type: "run-stop", reason: "refused label-sk" });
    const progress = { type: "stage-progress", stage: "label", done: 1, total: 2, unit: "replies" } as const;
    log.emit({ ...progress, note: "label-sk" });
    log.emit(progress);
    log.close();
    expect(shown).toMatchObject([
      { stage: "label-sk", code: "x", text: "401 for [COVENANT_API_KEY]." },
      { reason: "refused [COVENANT_API_KEY]" },
      { note: "[COVENANT_API_KEY]" },
      progress,
    ]);
    const lines = readFileSync(join(folder, eventFileName), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(shown);
  });
});

describe("the seconds of a run", () => {
  it("are those of its attempts, not those between them, whatever ran side by side", () => {
    const runStart = { type: "run-start" as const, name: "run", seed: 1, stages: [] };
    const events: RunEvent[] = [
      { ...runStart, time: 1000 },
      { type: "stage-start", stage: "ethical/sl", resumed: false, time: 2000 },
      { type: "stage-start", stage: "inverted/sl", resumed: false, time: 2000 },
      { type: "stage-end", stage: "inverted/sl", seconds: 8, records: 1, time: 10_000 },
      { ...runStart, time: 90_000 },
      { type: "run-end", seconds: 5, time: 95_000 },
    ];
    expect(secondsOfAttempts(events)).toBe(14);
    expect(secondsOfAttempts([])).toBe(0);
  });
});
