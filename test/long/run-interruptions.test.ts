// `covenant run` that is killed, stopped, out of disk, or loses an arm's process: the same command again ends in the same
// bytes; with another seed it ends in others.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../src/core/index.ts";
import { contentHashOf, contentOf, type Ended, expectStatus, root, start } from "../e2e/command.fixture.ts";
import { makeRunFolder, runInto, withThreads } from "../e2e/whole-run.fixture.ts";

const { folder, remove, inFolder, prepare, armsAtOnce, eventsOf } = makeRunFolder();

beforeAll(async () => {
  await prepare();
  expectStatus(await armsAtOnce(runInto("first")), 0);
});
afterAll(remove);

/** A test of several runs; a single one is ended by the fixture long before. */
const severalRuns = 300_000;

/** A line that the command says; and one by which it begins or continues the work of a stage. */
const anyLine = /\n/g;
const stageLine = /: (started|continued)\b.*\n/g;

/** Runs until the command has said so many lines of a kind and a random moment more, then ends it with a signal. */
const stopAfter = async (
  [lines, kind]: readonly [count: number, kind: RegExp],
  wait: number,
  signal: NodeJS.Signals,
  out: string,
): Promise<Ended> => {
  let said = "";
  let kill: NodeJS.Timeout | undefined;
  const count = (text: string): void => {
    said += text;
    if (kill !== undefined || (said.match(kind) ?? []).length < lines) return;
    // a terminal sends Ctrl-C to every process of the command
    const target = signal === "SIGINT" ? -child.pid! : child.pid!;
    kill = setTimeout(() => process.kill(target, signal), wait);
  };
  const { child, ended } = start(runInto(out), folder, count, withThreads(2));
  return ended.finally(() => clearTimeout(kill));
};

describe("a run that is interrupted", () => {
  it(
    "by kill -9 at random moments ends in the same bytes",
    async () => {
      const random = createRandom(20_261_120);
      let kills = 0;
      for (let attempt = 0; attempt < 5; attempt++) {
        // few of the 15 stages at first, so that the next attempts find a run at work
        const begun = [1 + attempt + random.integer(2), stageLine] as const;
        const ended = await stopAfter(begun, random.integer(300), "SIGKILL", "killed");
        if (ended.status !== null) expectStatus(ended, 0);
        else if (!existsSync(inFolder("killed/manifest.json"))) kills++;
      }
      expect(kills).toBeGreaterThanOrEqual(3);
      expectStatus(await armsAtOnce(runInto("killed")), 0);
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
      const ended = expectStatus(await stopAfter([lines, anyLine], wait, "SIGINT", "stopped"), 130);
      expect(ended.stderr).toContain(
        "Interrupted. What was finished is kept: the same command again continues.",
      );
      expect(existsSync(inFolder("stopped/manifest.json"))).toBe(false);
      expect(eventsOf("stopped").at(-1)).toMatchObject({ type: "run-stop" });
      // one of them is enough to see that it continues
      if (lines < 6) return rmSync(inFolder("stopped"), { recursive: true });
      expectStatus(await armsAtOnce(runInto("stopped")), 0);
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
      const ended = expectStatus(await start(runInto("orphaned"), folder, killArm, withThreads(2)).ended, 1);
      expect(ended.stderr).toContain('The process of the arm "ethical" ended (SIGKILL)');
      expect(existsSync(inFolder("orphaned/inverted/.lock"))).toBe(false);
      expectStatus(await armsAtOnce(runInto("orphaned")), 0);
      expect(contentHashOf(inFolder("orphaned"))).toBe(contentHashOf(inFolder("first")));
    },
    severalRuns,
  );

  it("because an arm failed says what failed as it would alone", async () => {
    const failing = ["--set", "reward.atChance=fail"];
    const ended = expectStatus(await armsAtOnce(runInto("failed", ...failing)), 1);
    expect(ended.stderr).toMatch(/reward model .*held-out pairs/);
    expect(ended.stderr).not.toContain("The process of the arm");
    expect(eventsOf("failed").at(-1)).toMatchObject({
      type: "run-stop",
      reason: expect.stringContaining("reward model"),
    });
  });
});

/** How a small file system can be had here: as root, or in a namespace of one's own. */
const wayToMount = (): "root" | "namespace" | "none" => {
  if (process.platform !== "linux") return "none";
  const probe = "d=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs $d && umount $d";
  if (spawnSync("sh", ["-c", probe]).status === 0) return "root";
  return spawnSync("unshare", ["-rm", "sh", "-c", probe]).status === 0 ? "namespace" : "none";
};
const way = wayToMount();

describe(`a full disk${way === "none" ? " (skipped: no small file system can be mounted here)" : ""}`, () => {
  it.skipIf(way === "none")("is told as such; with space again the same command continues", () => {
    const main = join(root, "src/cli/main.ts");
    const covenantOn = `"${process.execPath}" "${main}" run --config tiny.yaml --arms ethical --out disk/run`;
    // 1.2 MB hold the run's beginning; a file fills what the later, larger file system must have.
    const script = `
      mkdir -p disk && mount -t tmpfs -o size=1200k tmpfs disk || exit 99
      ${covenantOn} 2> full.log; echo "first $?"
      mount -o remount,size=64m disk
      ${covenantOn} 2> free.log > free.out; echo "second $?"
      cp disk/run/manifest.json full-manifest.json; cp disk/run/events.jsonl full-events.jsonl; umount disk`;
    const [program, words] = way === "root" ? ["sh", ["-c"]] : ["unshare", ["-rm", "sh", "-c"]];
    const said = execFileSync(program as string, [...(words as string[]), script], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(said).toContain("first 2");
    expect(readFileSync(inFolder("full.log"), "utf8")).toContain(
      "no space is left on the disk. Free some space",
    );
    expect(said).toContain("second 0");
    expect(readFileSync(inFolder("full-manifest.json"), "utf8")).toContain('"contentHash"');
    // what was finished before the disk was full is not done again
    const events = readFileSync(inFolder("full-events.jsonl"), "utf8").trim().split("\n");
    const ofStages = (type: string): unknown[] =>
      events
        .map((line) => JSON.parse(line) as { readonly type: string; readonly stage?: string })
        .filter((event) => event.type === type)
        .map(({ stage }) => stage);
    expect(ofStages("stage-skip")).toContain("prompts");
    expect(ofStages("stage-start").filter((stage) => stage === "prompts")).toHaveLength(1);
  });
});

it("a whole run with another seed gives other bytes", async () => {
  const words = ["run", "--config", "tiny.yaml", "--seed", "2", "--out", "other", "--arms", "ethical"];
  expectStatus(await armsAtOnce(words), 0);
  const repliesOf = (out: string) => readFileSync(inFolder(`${out}/ethical/label/samples.jsonl`), "utf8");
  expect(repliesOf("other")).not.toBe(repliesOf("first"));
});
