// `covenant run` from end to end: the same seed gives the same bytes, whatever interrupts it.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/core/index.ts";
import { metricsDocumentSchema, recordSchema } from "../../src/records/index.ts";
import {
  contentHashOf,
  contentOf,
  covenant,
  type Ended,
  expectStatus,
  makeFolder,
  makeModel,
  start,
  writeTinyConfig,
} from "./command.fixture.ts";

const { folder, remove } = makeFolder("run");
const inFolder = (path: string): string => join(folder, path);
const run = (out: string, ...more: string[]): string[] => [
  ...["run", "--config", "tiny.yaml", "--seed", "1", "--out", out],
  ...more,
];

/** With two threads both arms work at once, each in a process of its own; in this process, one after the other. */
const withThreads = (count: number): NodeJS.ProcessEnv => ({
  ...process.env,
  COVENANT_THREADS: String(count),
});
const armsAtOnce = (words: readonly string[]): Promise<Ended> =>
  start(words, folder, undefined, withThreads(2)).ended;

let first: Ended;
beforeAll(async () => {
  await makeModel(folder);
  writeTinyConfig(folder);
  first = await armsAtOnce(run("first", "--json"));
});
afterAll(remove);

const events = (out: string): string[] =>
  readFileSync(inFolder(`${out}/events.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { type: string }).type);

const stagesStarted = (out: string): string[] =>
  readFileSync(inFolder(`${out}/events.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; stage: string })
    .flatMap(({ type, stage }) => (type === "stage-start" ? [stage] : []));

/** A test of several runs; a single one is ended by the fixture long before. */
const severalRuns = 300_000;

/** Runs until the command has said so many lines and a random moment more, then ends it with a signal. */
const stopAfter = async (
  lines: number,
  wait: number,
  signal: NodeJS.Signals,
  out: string,
): Promise<Ended> => {
  let said = 0;
  let kill: NodeJS.Timeout | undefined;
  const count = (text: string): void => {
    const before = said;
    said += text.split("\n").length - 1;
    if (before >= lines || said < lines) return;
    // a terminal sends Ctrl-C to every process of the command
    const target = signal === "SIGINT" ? -child.pid! : child.pid!;
    kill = setTimeout(() => process.kill(target, signal), wait);
  };
  const { child, ended } = start(run(out), folder, count, withThreads(2));
  return ended.finally(() => clearTimeout(kill));
};

describe("a whole run", () => {
  it("ends with report, manifest and figures of both arms and every model", () => {
    expectStatus(first, 0);
    for (const file of ["report.html", "manifest.json", "config.yaml", "ethical/constitution.yaml"])
      expect(existsSync(inFolder(`first/${file}`)), file).toBe(true);
    const metrics = metricsDocumentSchema.parse(
      JSON.parse(readFileSync(inFolder("first/metrics.json"), "utf8")),
    );
    expect(Object.keys(metrics.arms)).toEqual(["ethical", "inverted"]);
    expect(metrics.arms["ethical"]!.models.rl.harmRate.n).toBe(4);
    expect(metrics.arms["inverted"]!.revisions.map(({ round }) => round)).toEqual([0, 1, 2]);
  });

  it("names every record once, in its own stage, and records it was made from that are there", () => {
    const paths = readdirSync(inFolder("first"), { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".jsonl") && path !== "events.jsonl",
    );
    const records = paths.flatMap((path) =>
      readFileSync(inFolder(`first/${path}`), "utf8")
        .trim()
        .split("\n")
        .map((line) => ({ path, ...recordSchema.parse(JSON.parse(line)) })),
    );
    const ids = new Set(records.map(({ id }) => id));
    expect(paths.length).toBeGreaterThan(20);
    expect(ids.size).toBe(records.length);
    for (const { id, path, stage, parents } of records) {
      expect(stage, path).toBe(dirname(path).replaceAll("\\", "/"));
      expect(id.split(stage).length, `${id} says its stage once`).toBeLessThanOrEqual(2);
      expect(
        parents.filter((parent) => !ids.has(parent)),
        id,
      ).toEqual([]);
    }
  });

  it("prints one JSON document on stdout with --json, and its progress on stderr", () => {
    const document = JSON.parse(first.stdout) as { folder: string; report: string };
    expect(document.report).toBe(join(document.folder, "report.html"));
    expect(first.stderr).toContain("ethical/revise: done");
  });

  it("again in another folder gives the same bytes, one arm after the other", async () => {
    expectStatus(await covenant(run("second"), folder), 0);
    const inTurn = (out: string) => stagesStarted(out).findIndex((stage) => stage.startsWith("inverted/"));
    expect([inTurn("first") < 8, inTurn("second")]).toEqual([true, 8]);
    expect(contentOf(inFolder("second"))).toEqual(contentOf(inFolder("first")));
    expect(contentHashOf(inFolder("second"))).toBe(contentHashOf(inFolder("first")));
  });

  it("with another seed gives other bytes", async () => {
    const words = ["run", "--config", "tiny.yaml", "--seed", "2", "--out", "other", "--arms", "ethical"];
    expectStatus(await armsAtOnce(words), 0);
    const repliesOf = (out: string) => readFileSync(inFolder(`${out}/ethical/label/samples.jsonl`), "utf8");
    expect(repliesOf("other")).not.toBe(repliesOf("first"));
  });

  it("again in its own folder repeats nothing, also by --resume", async () => {
    const before = contentHashOf(inFolder("first"));
    const byResume = () => covenant(["run", "--resume", "first"], folder);
    for (const again of [() => armsAtOnce(run("first")), byResume]) {
      expect(expectStatus(await again(), 0).stderr).not.toContain(": started");
      expect(contentHashOf(inFolder("first"))).toBe(before);
    }
    expect(events("first").filter((type) => type === "stage-skip")).toHaveLength(30);
  });
});

describe("a run that is interrupted", () => {
  it(
    "by kill -9 at random moments ends in the same bytes",
    async () => {
      const random = createRandom(20_261_120);
      let kills = 0;
      for (let attempt = 0; attempt < 5; attempt++) {
        const ended = await stopAfter(1 + random.integer(12), random.integer(400), "SIGKILL", "killed");
        if (ended.status === null) kills++;
        else expectStatus(ended, 0);
      }
      expect(kills).toBeGreaterThan(0);
      expectStatus(await armsAtOnce(run("killed")), 0);
      expect(contentOf(inFolder("killed"))).toEqual(contentOf(inFolder("first")));
      expect(contentHashOf(inFolder("killed"))).toBe(contentHashOf(inFolder("first")));
    },
    severalRuns,
  );

  it.each([
    ["where the arms' processes are being started", 3, 100],
    ["where they have answered together", 4, 100],
    ["where both arms are at work", 6, 0],
  ])(
    "by Ctrl-C %s says so, ends with 130, and can go on",
    async (_where, lines, wait) => {
      const ended = expectStatus(await stopAfter(lines, wait, "SIGINT", "stopped"), 130);
      expect(ended.stderr).toContain(
        "Interrupted. What was finished is kept: the same command again continues.",
      );
      expect(existsSync(inFolder("stopped/manifest.json"))).toBe(false);
      expect(events("stopped").at(-1)).toBe("run-stop");
      // one of them is enough to see that it continues
      if (lines < 6) return rmSync(inFolder("stopped"), { recursive: true });
      expectStatus(await armsAtOnce(run("stopped")), 0);
      expect(contentHashOf(inFolder("stopped"))).toBe(contentHashOf(inFolder("first")));
    },
    severalRuns,
  );

  it(
    "because an arm's process was killed says which, stops the other, and continues",
    async () => {
      const killArm = (text: string): void => {
        if (!text.includes("ethical/sl: started")) return;
        const { pid } = JSON.parse(readFileSync(inFolder("orphaned/ethical/.lock"), "utf8")) as {
          pid: number;
        };
        process.kill(pid, "SIGKILL");
      };
      const ended = expectStatus(await start(run("orphaned"), folder, killArm, withThreads(2)).ended, 1);
      expect(ended.stderr).toContain('The process of the arm "ethical" ended (SIGKILL)');
      expect(existsSync(inFolder("orphaned/inverted/.lock"))).toBe(false);
      expectStatus(await armsAtOnce(run("orphaned")), 0);
      expect(contentHashOf(inFolder("orphaned"))).toBe(contentHashOf(inFolder("first")));
    },
    severalRuns,
  );

  it("because an arm failed says what failed as it would alone", async () => {
    writeTinyConfig(folder);
    const failing = ["--set", "reward.atChance=fail"];
    const ended = expectStatus(await armsAtOnce(run("failed", ...failing)), 1);
    expect(ended.stderr).toMatch(/reward model .*held-out pairs/);
    expect(ended.stderr).not.toContain("The process of the arm");
    const last = readFileSync(inFolder("failed/events.jsonl"), "utf8").trim().split("\n").at(-1)!;
    expect(JSON.parse(last)).toMatchObject({
      type: "run-stop",
      reason: expect.stringContaining("reward model"),
    });
  });
});
