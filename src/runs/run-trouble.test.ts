// What must not go wrong quietly: another run's folder, a second process, a full disk, Ctrl-C, a failing stage.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { covenantVersion, type DiskWriter, InterruptedError, systemDisk } from "../core/index.ts";
import { checkRunFolder, openRun, type RunOptions, readRun } from "./index.ts";
import {
  createLog,
  optionsFor,
  reasonOf,
  row,
  rowSchema,
  runSquares,
  typesOf,
  writeRows,
} from "./squares.fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "covenant-runs-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("another folder", () => {
  it("that holds another run is refused with the keys that differ, and left as it was", async () => {
    const folder = join(root, "a run");
    const log = createLog();
    await runSquares(optionsFor(folder, log), log);
    const before = readFileSync(join(folder, "events.jsonl"), "utf8");
    const config = { seed: 1, count: 6, nested: { rate: 0.25 }, extra: true };
    const error = await reasonOf(openRun(optionsFor(folder, log, { config })));
    expect(error.message).toContain("count: 5 there, 6 now");
    expect(error.message).toContain("nested.rate: 0.5 there, 0.25 now");
    expect(error.message).toContain("extra: nothing there, true now");
    expect(error.message).toContain(`Choose another --out, such as '${folder}-2', or give --fresh`);
    const other = await reasonOf(openRun(optionsFor(folder, log, { name: "cubes", config: { rate: 1 } })));
    expect(other.message).toContain("holds a run of `covenant squares`; expected one of `covenant cubes`");
    expect(other.message).toContain(`Choose another --out, such as '${folder}-2'; or give --fresh`);
    expect(other.message).toContain(`continues with \`covenant squares --resume '${folder}'\``);
    expect(other.message).not.toContain("there,");
    expect((await reasonOf(openRun(optionsFor(folder, log, { seed: 2 })))).message).toContain(
      "seed: 1 there, 2 now",
    );
    expect(readFileSync(join(folder, "events.jsonl"), "utf8")).toBe(before);
    expect(existsSync(join(folder, ".lock"))).toBe(false);
  });

  it("of the same configuration is another run when what that names has changed its content", async () => {
    const folder = join(root, "run");
    const log = createLog();
    await runSquares(optionsFor(folder, log, { contents: { model: "one" } }), log);
    const error = await reasonOf(openRun(optionsFor(folder, log, { contents: { model: "other" } })));
    expect(error.message).toContain("model: its content has changed");
    await (await openRun(optionsFor(folder, log, { contents: { model: "one" } }))).close();
  });

  it("of a run that stopped before it wrote anything is taken for another run", async () => {
    const folder = join(root, "run");
    const log = createLog();
    const stages = ["squares"];
    const mistaken = await openRun({ ...optionsFor(folder, log), stages });
    const failing = mistaken.stage({ name: "squares", inputs: {} }, async (stage) => {
      await stage.records("squares.jsonl", rowSchema);
      throw new Error("a mistake in the input");
    });
    await expect(failing).rejects.toThrow("mistake");
    await mistaken.close();
    const mended = await openRun(optionsFor(folder, log, { config: { count: 7 } }));
    await mended.close();
    const { config, events } = await readRun(folder);
    expect(config).toEqual({ count: 7 });
    const told = events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
    expect(told).toEqual(["run-replaced"]);
  });

  describe("of a run that stopped when it had only written down what it was given", () => {
    const folder = (): string => join(root, "run");
    const mended = { config: { count: 7 }, given: ["first"] };
    /** A run that failed at its second stage; finished: its first stage is done. */
    const begin = async (changes: Partial<RunOptions> = {}): Promise<void> => {
      await using run = await openRun(optionsFor(folder(), createLog(), changes));
      await writeRows(run, "first", 3, createLog());
      await mkdir(join(folder(), "calls"), { recursive: true });
      writeFileSync(join(folder(), "calls/ledger.jsonl"), "{}\n");
      const failing = run.stage({ name: "second", inputs: {} }, async (stage) => {
        await stage.records("left.jsonl", rowSchema);
        throw new Error("no such model");
      });
      await expect(failing).rejects.toThrow("no such model");
    };

    it("is taken for another run of the command: nothing is left of it but the account", async () => {
      await begin();
      await checkRunFolder({ ...optionsFor(folder(), createLog()), ...mended });
      expect(existsSync(join(folder(), "second/left.jsonl"))).toBe(true);
      const log = createLog();
      const contentHash = await runSquares(optionsFor(folder(), log, mended), log);
      expect(readFileSync(join(folder(), "calls/ledger.jsonl"), "utf8")).toBe("{}\n");
      expect(existsSync(join(folder(), "second/left.jsonl"))).toBe(false);
      expect(log.worked).toEqual(["first", "second"]);
      expect(await runSquares(optionsFor(join(root, "clean"), log, mended), log)).toBe(contentHash);
    });

    it("is another run still where that is not said, for another command, and when it has ended", async () => {
      await begin();
      const refused = async (changes: Partial<RunOptions>): Promise<void> => {
        const { code } = await reasonOf(openRun(optionsFor(folder(), createLog(), changes)));
        expect(code).toBe("run-differs");
        expect(existsSync(join(folder(), "first/rows.jsonl"))).toBe(true);
      };
      await refused({ config: { count: 7 } });
      await refused({ ...mended, name: "cubes" });
      await refused({ ...mended, given: ["second"] });
      const log = createLog();
      await runSquares(optionsFor(folder(), log), log);
      await refused(mended);
      await refused({ ...mended, given: ["first", "second"] });
    });
  });

  it("with half-written files and folders of a killed process is swept and continued", async () => {
    const folder = join(root, "run");
    const log = createLog();
    const killed = await openRun(optionsFor(folder, log));
    const failing = killed.stage({ name: "first", inputs: { count: 5 } }, async () => {
      throw new Error("killed");
    });
    await expect(failing).rejects.toThrow("killed");
    await killed.close();
    await mkdir(join(folder, "first", ".covenant-model-0123.tmp"));
    writeFileSync(join(folder, "first", ".covenant-model-0123.tmp", "config.json"), "{");
    writeFileSync(join(folder, ".covenant-metrics.json-0123.tmp"), "{");
    await runSquares(optionsFor(folder, log), log);
    expect((await readRun(folder)).manifest?.artefacts.some(({ path }) => path.includes(".tmp"))).toBe(false);
    expect(existsSync(join(folder, "first", ".covenant-model-0123.tmp"))).toBe(false);
  });

  it("is swept where an arm's stages lie, too", async () => {
    const options = optionsFor(join(root, "run"), createLog(), { stages: ["prompts", "ethical/sl"] });
    await (await openRun(options)).close();
    await mkdir(join(options.folder, "ethical"));
    const left = join(options.folder, "ethical", ".covenant-constitution.yaml-0123.tmp");
    writeFileSync(left, "name:");
    writeFileSync(join(options.folder, "ethical", "constitution.yaml"), "name: mine");
    await (await openRun(options)).close();
    expect(existsSync(left)).toBe(false);
    expect(existsSync(join(options.folder, "ethical", "constitution.yaml"))).toBe(true);
  });

  it("is moved aside, not deleted, with fresh", async () => {
    const folder = join(root, "run");
    const log = createLog();
    await runSquares(optionsFor(folder, log), log);
    const fresh = optionsFor(folder, log, { config: { count: 6 }, fresh: true });
    await runSquares(fresh, log, [6, 3]);
    expect((await readRun(folder)).config).toEqual({ count: 6 });
    expect((await readRun(`${folder}.1`)).manifest).not.toBeNull();
  });

  it("that holds something else is refused; an empty one is taken", async () => {
    const folder = join(root, "photos");
    await mkdir(folder);
    const log = createLog();
    await (await openRun(optionsFor(folder, log))).close();
    await rm(folder, { recursive: true });
    await mkdir(folder);
    writeFileSync(join(folder, "holiday.jpg"), "");
    expect((await reasonOf(openRun(optionsFor(folder, log)))).message).toContain("holiday.jpg");
    const file = join(folder, "holiday.jpg");
    expect((await reasonOf(openRun(optionsFor(file, log)))).message).toContain("it is a file");
    expect((await reasonOf(readRun(folder))).message).toContain(
      `${folder} is no run folder: it has no config.yaml`,
    );
    expect((await reasonOf(readRun(join(root, "nowhere")))).message).toContain(
      "there is nothing of that name",
    );
  });

  it("is named where a file or a stage of it is given in its place, and no other", async () => {
    const folder = join(root, "meant");
    const log = createLog();
    await (await openRun(optionsFor(folder, log))).close();
    await mkdir(join(folder, "arm/rows"), { recursive: true });
    const row = join(folder, "arm/rows/sft.jsonl");
    writeFileSync(row, "{}\n");
    const told = async (path: string): Promise<string> => (await reasonOf(readRun(path))).message;
    expect(await told(row)).toBe(
      `${row} is no run folder: it is a file. It lies in the run folder ${folder}: give that one.`,
    );
    expect(await told(join(folder, "arm"))).toContain(`It lies in the run folder ${folder}: give that one.`);
    const here = relative(".", folder);
    expect(await told(join(here, "arm", "."))).toContain(`It lies in the run folder ${here}: give that one.`);
    // a config.yaml alone makes no run folder
    await mkdir(join(root, "settings"));
    writeFileSync(join(root, "settings/config.yaml"), "seed: 1\n");
    writeFileSync(join(root, "settings/rows.jsonl"), "{}\n");
    expect(await told(join(root, "settings/rows.jsonl"))).toMatch(
      /it is a file\. Give the folder that a command/,
    );
  });
});

describe("another version of Covenant", () => {
  /** A finished run whose log says that this version was at work. */
  const finishedBy = async (version: string | undefined): Promise<string> => {
    const folder = join(root, "run");
    const log = createLog();
    await runSquares(optionsFor(folder, log), log);
    const path = join(folder, "events.jsonl");
    const said = `"covenant":"${covenantVersion()}",`;
    const text = readFileSync(path, "utf8");
    expect(text.split(said)).toHaveLength(2);
    writeFileSync(path, text.replace(said, version === undefined ? "" : `"covenant":"${version}",`));
    return folder;
  };

  const continued = async (folder: string, changes: Partial<RunOptions> = {}) => {
    const log = createLog();
    await runSquares(optionsFor(folder, log, changes), log);
    return log.events.filter((event) => event.type === "warning");
  };

  it("continues a run with a warning that names both, once", async () => {
    const folder = await finishedBy("0.0.9");
    const [warning, ...more] = await continued(folder);
    expect(warning).toMatchObject({ code: "version-changed" });
    expect(warning?.text).toContain("Covenant 0.0.9");
    expect(warning?.text).toContain(`goes on with ${covenantVersion()}`);
    expect(warning?.text).toContain("Equal bytes are promised only for one version");
    expect(more).toEqual([]);
    expect(await continued(folder)).toEqual([]);
  });

  it("is not warned of where a run begins anew, or its log does not say its version", async () => {
    expect(await continued(await finishedBy(undefined))).toEqual([]);
    await rm(join(root, "run"), { recursive: true });
    const warnings = await continued(await finishedBy("0.0.9"), { fresh: true });
    expect(warnings.map(({ code }) => code)).toEqual(["run-moved"]);
  });
});

describe("the lock", () => {
  it("keeps a second opening out, by name of process and folder", async () => {
    const folder = join(root, "run");
    await using _held = await openRun(optionsFor(folder, createLog()));
    const { message } = await reasonOf(openRun(optionsFor(folder, createLog())));
    expect(message).toContain(`process ${process.pid}`);
    expect(message).toContain(folder);
  });

  it("of a dead process is taken over, a living one's is not", async () => {
    const folder = join(root, "run");
    await (await openRun(optionsFor(folder, createLog()))).close();
    const leave = (holder: object): void =>
      writeFileSync(join(folder, ".lock"), `${JSON.stringify(holder)}\n`);
    leave({ pid: 2 ** 22 + 1, host: hostname(), started: "" });
    await (await openRun(optionsFor(folder, createLog()))).close();
    if (process.platform === "linux") {
      // The number lives, but it is another process than the one that took the lock.
      leave({ pid: process.ppid, host: hostname(), started: "another boot/1" });
      await (await openRun(optionsFor(folder, createLog()))).close();
    }
    leave({ pid: process.ppid, host: hostname(), started: "" });
    expect((await reasonOf(openRun(optionsFor(folder, createLog())))).message).toContain(
      String(process.ppid),
    );
    leave({ pid: 1, host: "elsewhere", started: "" });
    expect((await reasonOf(openRun(optionsFor(folder, createLog())))).message).toContain("on elsewhere");
  });
});

describe("trouble", () => {
  const spaces = [0, 200, 500, 700, 900, 1100, 1400, 2000];
  it.each(spaces)(
    "a disk full after %i bytes is a clear message, and what was written stays whole",
    async (space) => {
      const folder = join(root, "run");
      const log = createLog();
      let left = space;
      const full: DiskWriter = {
        ...systemDisk,
        write(descriptor, bytes) {
          if (left === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
          const taken = Math.min(left, bytes.length);
          left -= taken;
          return systemDisk.write(descriptor, bytes.subarray(0, taken));
        },
      };
      const error = await reasonOf(runSquares(optionsFor(folder, log, { disk: full }), log));
      expect(error.code).toBe("disk-full");
      expect(error.message).toContain(folder);
      expect(error.message).toContain("Free some space and run the same command again");
      const path = join(folder, "first/rows.jsonl");
      if (existsSync(path)) expect(readFileSync(path, "utf8")).toMatch(/^$|\n$/);
      expect(existsSync(join(folder, ".lock"))).toBe(false);
      const unbroken = await runSquares(optionsFor(join(root, "other"), log), log);
      expect(await runSquares(optionsFor(folder, log), log)).toBe(unbroken);
    },
  );

  it("a disk that has no room for the manifest leaves a run that has stopped, not one that has ended", async () => {
    const folder = join(root, "run");
    const log = createLog();
    const full: DiskWriter = {
      ...systemDisk,
      write(descriptor, bytes) {
        if (Buffer.from(bytes).includes('"contentHash"'))
          throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        return systemDisk.write(descriptor, bytes);
      },
    };
    const { message } = await reasonOf(runSquares(optionsFor(folder, log, { disk: full }), log));
    expect(typesOf(log)).not.toContain("run-end");
    expect(log.events.at(-1)).toMatchObject({ type: "run-stop", reason: message });
    await runSquares(optionsFor(folder, log), log);
    expect(log.events.at(-1)).toMatchObject({ type: "run-end" });
  });

  it("an abort ends the stage with InterruptedError, says so in the log and keeps what is done", async () => {
    const folder = join(root, "run");
    const log = createLog();
    const abort = new AbortController();
    const attempt = async (): Promise<void> => {
      await using run = await openRun(optionsFor(folder, log, { signal: abort.signal }));
      await run.stage({ name: "first", inputs: { count: 5 } }, async (stage) => {
        const file = await stage.records("rows.jsonl", rowSchema);
        await file.append([row("first", stage.seed, 0)]);
        abort.abort();
        stage.signal.throwIfAborted();
      });
    };
    await expect(attempt()).rejects.toBeInstanceOf(InterruptedError);
    expect(log.events.at(-1)).toMatchObject({ type: "run-stop", reason: "interrupted" });
    expect(existsSync(join(folder, ".lock"))).toBe(false);
    await expect(attempt()).rejects.toBeInstanceOf(InterruptedError);
    const unbroken = await runSquares(optionsFor(join(root, "other"), log), log);
    expect(await runSquares(optionsFor(folder, log), log)).toBe(unbroken);
  });

  it("a failing stage leaves its reason in the log", async () => {
    const log = createLog();
    const attempt = async (): Promise<void> => {
      await using run = await openRun(optionsFor(join(root, "run"), log));
      await run.stage({ name: "first", inputs: 0 }, async () => {
        throw new Error("the model went away");
      });
    };
    await expect(attempt()).rejects.toThrow("the model went away");
    expect(log.events.at(-1)).toMatchObject({ type: "run-stop", reason: "the model went away" });
  });

  it("a record that its schema refuses never reaches the disk", async () => {
    const folder = join(root, "run");
    await using run = await openRun(optionsFor(folder, createLog()));
    const work = run.stage({ name: "first", inputs: 0 }, async (stage) => {
      const file = await stage.records("rows.jsonl", rowSchema);
      await file.append([{ ...row("first", 1, 0), value: Number.NaN }]);
    });
    await expect(work).rejects.toThrow(/value/);
    expect(readFileSync(join(folder, "first/rows.jsonl"), "utf8")).toBe("");
  });
});
