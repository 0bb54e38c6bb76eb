// What a run promises when all goes well: its folder, what is skipped, what is redone, equal hashes.

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { manualClock } from "../core/index.ts";
import type { RunEvent } from "../records/index.ts";
import { openRun, readRecords, readRun } from "./index.ts";
import { createLog, optionsFor, row, rowSchema, runSquares, typesOf } from "./squares.fixture.ts";

const paidSchema = z.looseObject({ ...rowSchema.shape, text: z.string() });

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "covenant-runs-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("a run", () => {
  it("leaves config, events, records, stage files and a manifest that names them all", async () => {
    const log = createLog();
    const folder = join(root, "run");
    const hash = await runSquares(optionsFor(folder, log), log);
    const read = await readRun(folder);
    expect(read.config).toEqual({ seed: 1, count: 5, nested: { rate: 0.5 } });
    expect([read.name, read.seed]).toEqual(["squares", 1]);
    expect(read.stages.map(({ stage, records }) => [stage, records])).toEqual([
      ["first", 5],
      ["second", 3],
    ]);
    expect((await read.records("first/rows.jsonl", rowSchema)).map(({ value }) => value)).toEqual([
      0, 1, 4, 9, 16,
    ]);
    expect(read.manifest?.contentHash).toBe(hash);
    expect(read.manifest?.artefacts.map(({ path }) => path)).toEqual([
      "config.yaml",
      "first/rows.jsonl",
      "first/stage.json",
      "metrics.json",
      "second/rows.jsonl",
      "second/stage.json",
    ]);
    expect(read.events).toEqual(log.events);
    expect(read.events[0]).toMatchObject({ type: "run-start", time: 1000, stages: ["first", "second"] });
    expect(read.events.at(-1)).toMatchObject({ type: "run-end" });
    expect(existsSync(join(folder, ".lock"))).toBe(false);
  });

  it("gives each stage its own seed, derived from the run's", async () => {
    const log = createLog();
    await runSquares(optionsFor(join(root, "one"), log), log);
    await runSquares(optionsFor(join(root, "two"), log, { seed: 2 }), log);
    const seeds = new Set<number>();
    for (const path of ["one/first", "one/second", "two/first"]) {
      seeds.add((await readRecords(join(root, path, "rows.jsonl"), rowSchema))[0]!.seed);
    }
    expect(seeds.size).toBe(3);
  });

  it("skips finished stages when run again and comes to the same hash", async () => {
    const folder = join(root, "run");
    const [one, two] = [createLog(), createLog()];
    const before = await runSquares(optionsFor(folder, one), one);
    const after = await runSquares(optionsFor(folder, two), two);
    expect(after).toBe(before);
    expect(two.worked).toEqual([]);
    expect(typesOf(two)).toEqual(["run-start", "stage-skip", "stage-skip", "run-end"]);
    const took = (one: RunEvent) => "seconds" in one && "records" in one && [one.seconds, one.records];
    const ended = one.events.filter(({ type }) => type === "stage-end").map(took);
    expect(two.events.filter(({ type }) => type === "stage-skip").map(took)).toEqual(ended);
  });

  it("has a hash without times in it", async () => {
    const [one, two] = [createLog(), createLog()];
    let time = 5;
    const clock = {
      now: () => {
        time += 700;
        return time;
      },
    };
    const slow = optionsFor(join(root, "slow"), two, { clock });
    expect(await runSquares(slow, two)).toBe(await runSquares(optionsFor(join(root, "quick"), one), one));
    const { manifest } = await readRun(join(root, "slow"));
    await runSquares(optionsFor(join(root, "other"), one), one, [4, 3]);
    expect((await readRun(join(root, "other"))).manifest?.contentHash).not.toBe(manifest?.contentHash);
  });

  it("has a hash without costs in it, whatever a text says of them", async () => {
    const hashOf = async (name: string, rows: readonly object[]): Promise<string> => {
      await using run = await openRun(optionsFor(join(root, name), createLog(), { stages: ["paid"] }));
      await run.stage({ name: "paid", inputs: 0 }, async (stage) => {
        const file = await stage.records("labels.jsonl", paidSchema);
        await file.append(rows.map((own, at) => paidSchema.parse({ ...row("paid", 1, at), ...own })));
      });
      return (await run.finish()).contentHash;
    };
    const dear = await hashOf("dear", [{ text: "a", money: 3e-7 }, { text: "b" }]);
    expect(await hashOf("cheap", [{ text: "a", money: 0.25 }, { text: "b" }])).toBe(dear);
    expect(await hashOf("free", [{ text: "a" }, { text: "b" }])).toBe(dear);
    const usage = { promptTokens: 90, completionTokens: 2, cachedTokens: 64, estimated: true };
    expect(
      await hashOf("counted", [
        { text: "a", usage, money: 0.1 },
        { text: "b", usage },
      ]),
    ).toBe(dear);
    expect(await hashOf("another", [{ text: "c", money: 0.25 }, { text: "b" }])).not.toBe(dear);
    const said = await hashOf("said", [{ text: 'x,"money":1' }]);
    expect(await hashOf("said-otherwise", [{ text: 'x,"money":2' }])).not.toBe(said);
    const shown = await hashOf("shown", [{ text: 'x,"usage":{"promptTokens":1}' }]);
    expect(await hashOf("shown-otherwise", [{ text: 'x,"usage":{"promptTokens":2}' }])).not.toBe(shown);
  });

  it("redoes a stage whose inputs changed, and those that read it, from an empty folder", async () => {
    const folder = join(root, "run");
    const [one, two] = [createLog(), createLog()];
    await runSquares(optionsFor(folder, one), one, [5, 3]);
    await runSquares(optionsFor(folder, two), two, [2, 3]);
    expect(two.worked).toEqual(["first", "second"]);
    expect(await readRecords(join(folder, "first/rows.jsonl"), rowSchema)).toHaveLength(2);
  });

  it("leaves upstream stages alone when only a later one changed", async () => {
    const folder = join(root, "run");
    const [one, two] = [createLog(), createLog()];
    await runSquares(optionsFor(folder, one), one, [5, 3]);
    await runSquares(optionsFor(folder, two), two, [5, 4]);
    expect(two.worked).toEqual(["second"]);
  });

  it("redoes a finished stage of which a file is gone", async () => {
    const folder = join(root, "run");
    const [one, two] = [createLog(), createLog()];
    const before = await runSquares(optionsFor(folder, one), one);
    await rm(join(folder, "first/rows.jsonl"));
    expect(await runSquares(optionsFor(folder, two), two)).toBe(before);
    expect(two.worked).toEqual(["first"]);
  });

  it("has no manifest while a stage is being redone", async () => {
    const folder = join(root, "run");
    const log = createLog();
    await runSquares(optionsFor(folder, log), log);
    await using run = await openRun(optionsFor(folder, log));
    await run.stage({ name: "first", inputs: "others" }, async () => {
      expect(existsSync(join(folder, "manifest.json"))).toBe(false);
    });
    await expect(run.stage({ name: "third", inputs: 1 }, async () => undefined)).rejects.toThrow(
      /no stage "third"/,
    );
  });

  it("has no manifest while it goes on with another value of a key that decides nothing, and one that fits in the end", async () => {
    const folder = join(root, "run");
    const [one, two] = [createLog(), createLog()];
    const settings = (rate: number) => ({
      config: { seed: 1, count: 5, nested: { rate } },
      indifferent: ["nested.rate"],
    });
    const before = await runSquares(optionsFor(folder, one, settings(0.5)), one);
    const opened = await openRun(optionsFor(folder, two, settings(0.7)));
    expect(existsSync(join(folder, "manifest.json"))).toBe(false);
    await opened.close();
    expect(await runSquares(optionsFor(folder, two, settings(0.7)), two)).toBe(before);
    expect(two.worked).toEqual([]);
  });

  it("leaves no mark of an unfinished stage in one that was finished when its process was killed", async () => {
    const folder = join(root, "run");
    const log = createLog();
    await runSquares(optionsFor(folder, log), log);
    const marks = [".inputs", ".saved"].map((name) => join(folder, "first", name));
    for (const mark of marks) await writeFile(mark, "");
    await runSquares(optionsFor(folder, log), log);
    expect(marks.filter((mark) => existsSync(mark))).toEqual([]);
  });

  it("is not complete before every stage has finished", async () => {
    const log = createLog();
    await using run = await openRun(optionsFor(join(root, "run"), log));
    await expect(run.finish()).rejects.toThrow(/first, second/);
    const early = run.stage({ name: "second", inputs: 1, after: ["first"] }, async () => undefined);
    await expect(early).rejects.toThrow(/needs first/);
  });

  it("counts the seconds of interrupted attempts", async () => {
    const folder = join(root, "run");
    const clock = manualClock(0);
    const attempt = async (seconds: number, fails: boolean): Promise<Record<string, number>> => {
      await using run = await openRun(optionsFor(folder, createLog(), { clock, stages: ["first"] }));
      await run.stage({ name: "first", inputs: 0 }, async () => {
        clock.advance(seconds * 1000);
        if (fails) throw new Error("broken");
      });
      return await run.seconds();
    };
    await expect(attempt(3, true)).rejects.toThrow("broken");
    clock.advance(60_000);
    expect(await attempt(2, false)).toEqual({ first: 5 });
  });
});
