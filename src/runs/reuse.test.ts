// Stages taken over from another run: only finished and intact ones, of the same inputs, command, version and contents; what comes
// of it is what would have come of working on all of them.

import {
  appendFile,
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { openPart, openReused, openRun, type RunOptions } from "./index.ts";
import { createLog, optionsFor, reasonOf, runSquares, writeRows } from "./squares.fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "covenant-reuse-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const at = (name: string): string => join(root, name);

const from = (name: string) => ({ from: at(name), separable: ["count", "nested.rate"] });

/** A run of squares in a folder of its own, with what was worked on and told. */
const square = async (name: string, changes: Partial<RunOptions> = {}, counts?: number[]) => {
  const log = createLog();
  const hash = await runSquares(optionsFor(at(name), log, changes), log, counts);
  return { hash, log };
};

/** All files of a folder with their texts. */
const textsOf = async (folder: string): Promise<Record<string, string>> => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(file, "utf8")])),
  );
};

describe("a run that reuses another", () => {
  it("takes over what has the same inputs, works on the rest, and comes to the hash of a run without it", async () => {
    await square("one");
    const before = await textsOf(at("one"));
    const { hash, log } = await square("two", { reuse: from("one") }, [5, 4]);
    expect(log.worked).toEqual(["second"]);
    expect(log.events).toContainEqual(
      expect.objectContaining({ type: "stage-skip", stage: "first", records: 5, from: at("one") }),
    );
    expect(hash).toBe((await square("three", {}, [5, 4])).hash);
    expect(await textsOf(at("one"))).toEqual(before);
  });

  it("takes over all of the same run, and leaves nothing of the moment behind", async () => {
    const { hash } = await square("one");
    const again = await square("two", { reuse: from("one") });
    expect([again.hash, again.log.worked]).toEqual([hash, []]);
    expect((await readdir(at("two"))).sort()).toEqual((await readdir(at("one"))).sort());
  });

  it("works on a stage again whose earlier one differs, though its own inputs are the same", async () => {
    await square("one");
    const { log } = await square("two", { reuse: from("one") }, [4, 3]);
    expect(log.worked).toEqual(["first", "second"]);
  });

  it("takes over files of the stage alone, also where they are links", async () => {
    await square("one");
    const rows = join(at("one"), "first/rows.jsonl");
    await rename(rows, at("elsewhere"));
    await symlink(at("elsewhere"), rows);
    await writeFile(join(at("one"), "first/notes.txt"), "mine");
    const { hash, log } = await square("two", { reuse: from("one") });
    expect(log.worked).toEqual([]);
    expect((await readdir(join(at("two"), "first"))).sort()).toEqual(["rows.jsonl", "stage.json"]);
    expect((await lstat(join(at("two"), "first/rows.jsonl"))).isSymbolicLink()).toBe(false);
    expect(hash).toBe((await square("three")).hash);
  });

  it("takes over nothing that is damaged or was not finished", async () => {
    await square("one");
    await cp(at("one"), at("half"), { recursive: true });
    await appendFile(join(at("one"), "first/rows.jsonl"), "\n");
    expect((await square("two", { reuse: from("one") })).log.worked).toEqual(["first"]);
    await rm(join(at("half"), "second/stage.json"));
    expect((await square("three", { reuse: from("half") })).log.worked).toEqual(["second"]);
  });

  it("goes before what an interrupted attempt left", async () => {
    await square("one");
    const log = createLog();
    const failing = async () => {
      await using run = await openRun(optionsFor(at("two"), log));
      await run.stage({ name: "first", inputs: { count: 5 } }, async () => {
        throw new Error("no more");
      });
    };
    await expect(failing()).rejects.toThrow("no more");
    expect((await square("two", { reuse: from("one") })).log.worked).toEqual([]);
  });

  it("hands the other run on to parts of it", async () => {
    const log = createLog();
    const stages = ["arm/first"];
    const signal = new AbortController().signal;
    const work = async (name: string, changes: Partial<RunOptions> = {}) => {
      await using run = await openRun(optionsFor(at(name), log, { stages, ...changes }));
      const { folder, seed, reused } = run;
      const part = { folder, part: "arm", seed, clock: manualClock(1), signal, reused };
      using arm = await openPart({ ...part, emit: () => {} });
      await writeRows({ ...run, stage: arm.stage }, "arm/first", 3, log);
    };
    await work("one");
    await work("two", { reuse: from("one") });
    expect(log.worked).toEqual(["arm/first"]);
  });
});

describe("a run that cannot be reused", () => {
  const config = { seed: 1, count: 5, nested: { rate: 0.5, other: 1 } };
  const wanted = { name: "squares", config, contents: { model: "aa" } as Record<string, string> };
  const reason = async (name: string, own: Partial<typeof wanted> = {}, into = at("new")): Promise<string> =>
    (await reasonOf(openReused(from(name), { ...wanted, ...own }, into))).message;

  beforeEach(async () => {
    await square("one", { config, contents: { model: "aa" } });
  });

  it("is none, or lies where this one is written", async () => {
    expect(await reason("missing")).toMatch(/^--reuse .*missing.*: there is no run\. Expected the folder/);
    await writeFile(at("file"), "");
    expect(await reason("file")).toContain("there is no run.");
    for (const into of [join(root, "x", "..", "one"), join(at("one"), "inner"), root])
      expect(await reason("one", {}, into)).toMatch(
        /: this run is written to .* in the same place\. Give another --out;/,
      );
    const changed = { ...config, count: 6, nested: { rate: 0.1, other: 1 } };
    expect((await openReused(from("one"), { ...wanted, config: changed }, at("new"))).named).toBe(at("one"));
  });

  it("differs in more than it may: command, settings, contents on either side, version at any time", async () => {
    expect(await reason("one", { name: "cubes" })).toMatch(
      /nothing can be taken over\. What differs:\n {2}it is of `covenant squares`, and this is `covenant cubes`\nThe two may differ in count, nested\.rate alone\./,
    );
    const other = { seed: 2, count: 6, nested: { rate: 0.1, other: 2 } };
    const said = await reason("one", { config: other });
    expect(said).toContain("  seed: 1 there, 2 now\n  nested.other: 1 there, 2 now\n");
    expect(said).not.toMatch(/count:|rate:/);
    for (const contents of [{ model: "bb" }, {}, { model: "aa", file: "cc" }])
      expect(await reason("one", { contents })).toMatch(/ {2}(model|file): another content\n/);
    const events = join(at("one"), "events.jsonl");
    const text = await readFile(events, "utf8");
    await writeFile(events, `${text.replace(/"covenant":"[^"]*"/, '"covenant":"0.0.1"')}${text}`);
    expect(await reason("one")).toMatch(/ {2}Covenant 0\.0\.1 worked on it, and this is \d/);
  });

  it("is refused before the folder of the new one is begun", async () => {
    const log = createLog();
    await reasonOf(openRun(optionsFor(at("new"), log, { reuse: from("missing") })));
    expect(await readdir(root)).toEqual(["one"]);
    expect(log.events).toEqual([]);
  });
});
