// Stages taken over from another run: only finished and intact ones, of the same inputs, command, version and contents; what comes
// of it is what would have come of working on all of them.

import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import { openPart, openReused, openRun, type RunOptions, readEvents } from "./index.ts";
import { createLog, optionsFor, reasonOf, runSquares, typesOf, writeRows } from "./squares.fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "covenant-reuse-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const at = (name: string): string => join(root, name);

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
    const { hash, log } = await square("two", { reuse: at("one") }, [5, 4]);
    expect(log.worked).toEqual(["second"]);
    expect(log.events).toContainEqual(
      expect.objectContaining({ type: "stage-skip", stage: "first", records: 5, from: at("one") }),
    );
    expect(hash).toBe((await square("three", {}, [5, 4])).hash);
    expect(await textsOf(at("one"))).toEqual(before);
  });

  it("takes over all of the same run, and leaves nothing of the moment behind", async () => {
    const { hash } = await square("one");
    const again = await square("two", { reuse: at("one") });
    expect([again.hash, again.log.worked]).toEqual([hash, []]);
    expect((await readdir(at("two"))).sort()).toEqual((await readdir(at("one"))).sort());
  });

  it("works on a stage again whose earlier one differs, though its own inputs are the same", async () => {
    await square("one");
    expect((await square("two", { reuse: at("one") }, [4, 3])).log.worked).toEqual(["first", "second"]);
    expect((await square("three", { reuse: at("one"), seed: 2 })).log.worked).toEqual(["first", "second"]);
  });

  it("takes over nothing that is damaged or was not finished", async () => {
    await square("one");
    await cp(at("one"), at("half"), { recursive: true });
    await appendFile(join(at("one"), "first/rows.jsonl"), "\n");
    expect((await square("two", { reuse: at("one") })).log.worked).toEqual(["first"]);
    await rm(join(at("half"), "second/stage.json"));
    expect((await square("three", { reuse: at("half") })).log.worked).toEqual(["second"]);
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
    expect((await square("two", { reuse: at("one") })).log.worked).toEqual([]);
  });

  it("tells again what the stage told there", async () => {
    const log = createLog();
    const warned = async (name: string, changes: Partial<RunOptions>, own = createLog()) => {
      await using run = await openRun(optionsFor(at(name), own, { stages: ["first"], ...changes }));
      await run.stage({ name: "first", inputs: 0 }, async (stage) =>
        stage.warn("few-rows", "Only two rows."),
      );
      await run.finish();
    };
    await warned("one", {});
    await warned("two", { reuse: at("one") }, log);
    expect(typesOf(log)).toEqual(["run-start", "warning", "stage-skip", "run-end"]);
    expect(log.events[1]).toMatchObject({ stage: "first", code: "few-rows", text: "Only two rows." });
    expect(await readEvents(at("two"))).toEqual(log.events);
  });

  it("hands the other run on to parts of it", async () => {
    const log = createLog();
    const stages = ["arm/first"];
    const signal = new AbortController().signal;
    const work = async (name: string, reuse?: string) => {
      await using run = await openRun(optionsFor(at(name), log, { stages, ...(reuse ? { reuse } : {}) }));
      const { folder, seed, reused } = run;
      const part = { folder, part: "arm", seed, clock: manualClock(1), signal, reused };
      using arm = await openPart({ ...part, emit: () => {} });
      await writeRows({ ...run, stage: arm.stage }, "arm/first", 3, log);
    };
    await work("one");
    await work("two", at("one"));
    expect(log.worked).toEqual(["arm/first"]);
  });
});

describe("a run that cannot be reused", () => {
  const wanted = { name: "squares", contents: { model: "aa" } };
  const reason = async (folder: string, own = wanted): Promise<string> =>
    (await reasonOf(openReused(folder, own, at("new")))).message;

  beforeEach(async () => {
    await square("one", { contents: { model: "aa" } });
  });

  it("is none, or the run itself", async () => {
    expect(await reason(at("missing"))).toMatch(
      /^--reuse .*missing.*: there is no run\. Expected the folder/,
    );
    const itself = openReused(at("one"), wanted, join(root, "x", "..", "one"));
    expect((await reasonOf(itself)).message).toMatch(
      / is the folder that this run is written to\. Give another --out;/,
    );
    expect((await openReused(at("one"), wanted, at("new"))).warnings).toEqual([]);
  });

  it("is of another command, on other contents, or of another version", async () => {
    expect(await reason(at("one"), { ...wanted, name: "cubes" })).toMatch(
      /^Nothing of the run in .*one.* can be taken over: it is of `covenant squares`, and this is `covenant cubes`\. Leave --reuse out/,
    );
    expect(await reason(at("one"), { ...wanted, contents: { model: "bb" } })).toContain(
      "taken over: model has another content there.",
    );
    const events = join(at("one"), "events.jsonl");
    const text = await readFile(events, "utf8");
    await writeFile(events, text.replace(/"covenant":"[^"]*"/, '"covenant":"0.0.1"'));
    expect(await reason(at("one"))).toMatch(/taken over: Covenant 0\.0\.1 worked on it, and this is \d/);
  });

  it("is refused before the folder of the new one is begun", async () => {
    const log = createLog();
    await reasonOf(openRun(optionsFor(at("new"), log, { reuse: at("missing") })));
    expect(await readdir(root)).toEqual(["one"]);
    expect(log.events).toEqual([]);
  });
});
