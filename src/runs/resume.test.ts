// A kill at any moment loses nothing: an interrupted run ends in the same bytes as an unbroken one.

import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DiskWriter, systemDisk } from "../core/index.ts";
import { openRun } from "./index.ts";
import { createLog, optionsFor, reasonOf, row, rowSchema, runSquares } from "./squares.fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "covenant-runs-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("resuming", () => {
  const attemptUntil = async (folder: string, appends: number): Promise<void> => {
    let left = appends;
    const disk: DiskWriter = {
      ...systemDisk,
      write: (descriptor, bytes) => {
        if (Buffer.from(bytes).includes("value") && left-- <= 0) throw new Error("killed");
        return systemDisk.write(descriptor, bytes);
      },
    };
    const log = createLog();
    await runSquares(optionsFor(folder, log, { disk }), log, [9, 7]).catch((error: unknown) => {
      if (!(error instanceof Error) || error.message !== "killed") throw error;
    });
  };

  it("after a stop at any append and a torn line of any length ends in the same bytes as an unbroken run", async () => {
    const log = createLog();
    const unbroken = await runSquares(optionsFor(join(root, "unbroken"), log), log, [9, 7]);
    let number = 0;
    const stops = fc.array(fc.record({ appends: fc.nat(9), torn: fc.nat(60) }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(stops, async (kills) => {
        const folder = join(root, `broken-${number++}`);
        for (const { appends, torn } of kills) {
          await attemptUntil(folder, appends);
          const stage = existsSync(join(folder, "second/rows.jsonl")) ? "second" : "first";
          const path = join(folder, stage, "rows.jsonl");
          const finished = existsSync(join(folder, stage, "stage.json"));
          if (!finished) appendFileSync(path, JSON.stringify(row(stage, 1, 3)).slice(0, torn));
          appendFileSync(join(folder, "events.jsonl"), '{"type":"stage-pro'.slice(0, torn));
        }
        expect(await runSquares(optionsFor(folder, log), log, [9, 7])).toBe(unbroken);
        const of = (name: string): string => readFileSync(join(root, name, "second/rows.jsonl"), "utf8");
        expect(of(`broken-${number - 1}`)).toBe(of("unbroken"));
      }),
      { numRuns: 25 },
    );
  });

  it("drops a torn last line cut at every byte", async () => {
    const folder = join(root, "run");
    const path = join(folder, "first/rows.jsonl");
    const begin = async (): Promise<void> => {
      await using run = await openRun(optionsFor(folder, createLog()));
      await run.stage({ name: "first", inputs: 0 }, async (stage) => {
        const file = await stage.records("rows.jsonl", rowSchema);
        await file.append([row("first", 1, 0), row("first", 1, 1)]);
        throw new Error("killed");
      });
    };
    await expect(begin()).rejects.toThrow("killed");
    const whole = readFileSync(path);
    const firstLine = whole.indexOf(10) + 1;
    for (let bytes = whole.length; bytes >= 0; bytes--) {
      writeFileSync(path, whole);
      truncateSync(path, bytes);
      await using run = await openRun(optionsFor(folder, createLog()));
      const stopped = run.stage({ name: "first", inputs: 0 }, async (stage) => {
        expect(stage.resumed).toBe(true);
        const { existing } = await stage.records("rows.jsonl", rowSchema);
        expect(existing).toBe(bytes === whole.length ? 2 : bytes >= firstLine ? 1 : 0);
        expect(readFileSync(path)).toHaveLength(existing === 2 ? whole.length : existing * firstLine);
        throw new Error("killed");
      });
      await expect(stopped).rejects.toThrow("killed");
    }
  });

  it("begins an unfinished stage anew when its inputs changed", async () => {
    const folder = join(root, "run");
    await attemptUntil(folder, 2);
    const log = createLog();
    await using run = await openRun(optionsFor(folder, log));
    await run.stage({ name: "first", inputs: { count: 1 } }, async (stage) => {
      expect(stage.resumed).toBe(false);
      expect((await stage.records("rows.jsonl", rowSchema)).existing).toBe(0);
    });
  });

  it("names file, line and field of a row that does not fit", async () => {
    const folder = join(root, "run");
    await attemptUntil(folder, 1);
    const path = join(folder, "first/rows.jsonl");
    appendFileSync(path, '{"id":"x","parents":[],"stage":"first","seed":1,"value":"many"}\n');
    const log = createLog();
    const error = await reasonOf(runSquares(optionsFor(folder, log), log, [9, 7]));
    expect(error.message).toContain(`${path}, line 3: value: got "many", expected a number`);
  });
});
