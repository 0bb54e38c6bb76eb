// Kills a command over many prompts against an endpoint with signal 9 at seeded random moments, and starts it again each
// time: in the end its content has the hash of the unbroken run, no request was answered twice but those that were in
// flight (and, of a judge, the one with which each start finds out how it is asked), and the first new request comes soon
// after the start. Exits 1 where one of these does not hold. A moment is a number of requests, so that all kills are of one
// run, whatever else the machine does.
// npm run bench:endpoint-kills -- [--command label] [--kills 20] [--items 500] [--random 1] [--latency 20] [--at-once 8]

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createRandom } from "../src/core/index.ts";
import { readRun } from "../src/runs/index.ts";
import { startServer } from "./answering-server.ts";
import { readWholeNumber, readWords } from "./words.ts";

const { values } = readWords(import.meta.url, {
  options: {
    command: { type: "string", default: "revise --rounds 2" },
    kills: { type: "string", default: "20" },
    items: { type: "string", default: "500" },
    random: { type: "string", default: "1" },
    latency: { type: "string", default: "20" },
    "at-once": { type: "string", default: "8" },
  },
});
const command = values.command.split(" ").filter((word) => word !== "");
const kills = readWholeNumber("--kills", values.kills, 1);
const items = readWholeNumber("--items", values.items, 1);
const latency = readWholeNumber("--latency", values.latency, 0);
const atOnce = readWholeNumber("--at-once", values["at-once"], 1);
const random = createRandom(readWholeNumber("--random", values.random, 0));
const longestSeconds = 2;

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = mkdtempSync(join(tmpdir(), "covenant-endpoint-kills-"));
let child: ChildProcess | undefined;
process.once("exit", () => {
  child?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const prompts = join(folder, "prompts.jsonl");
const rows = Array.from({ length: items }, (_, at) =>
  JSON.stringify({
    prompt: `How do I open door ${at}?`,
    ...{ kind: at % 3 === 0 ? "harmless" : "harmful", area: "privacy" },
  }),
);
writeFileSync(prompts, `${rows.join("\n")}\n`);

const askedFile = join(folder, "asked.txt");
const { name: model, stop } = await startServer(latency, askedFile);

/** When the server was asked what, in order. */
const readAsked = (): { readonly time: number; readonly key: string }[] =>
  (existsSync(askedFile) ? readFileSync(askedFile, "utf8") : "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ time: Number(line.split(" ")[0]), key: line.split(" ")[1]! }));

type Ended = { readonly status: number | null };

const start = (out: string): { readonly process: ChildProcess; readonly ended: Promise<Ended> } => {
  const words = [...command, "--model", model, "--prompts", prompts, "--out", out, "--quiet"];
  const main = join(root, "src/cli/main.ts");
  const started = spawn(process.execPath, [main, ...words, "--concurrency", String(atOnce)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/node") },
  });
  child = started;
  const ended = new Promise<Ended>((resolve, reject) => {
    started.on("error", reject);
    started.on("exit", (status) => resolve({ status }));
  });
  return { process: started, ended };
};

const contentOf = async (out: string): Promise<string> =>
  (await readRun(out)).manifest?.contentHash ?? "no manifest";

/** Waits until there are so many requests. Resolves to the time of the last of them, or null when the command has ended. */
const requestAt = async (count: number, ended: Promise<Ended>): Promise<number | null> => {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const asked = readAsked();
    if (asked.length >= count) return asked[count - 1]!.time;
    await wait(10);
  }
  return null;
};

const [whole, killed] = [join(folder, "whole"), join(folder, "killed")];
const begun = Date.now();
if ((await start(whole).ended).status !== 0) process.exit(1);
const milliseconds = Date.now() - begun;
const wanted = await contentOf(whole);
const calls = readAsked().length;
say(
  `${command.join(" ")}, without interruption: ${wanted}, ${calls} calls in ${(milliseconds / 1000).toFixed(1)} s`,
);

/** When the run in a folder was opened last: the command itself has begun then. */
const openedAt = async (out: string): Promise<number> =>
  (await readRun(out)).events.findLast(({ type }) => type === "run-start")?.time ?? Number.NaN;

const starts: number[] = [];
const resumes: number[] = [];
/** The last requests are left, since a command that is killed too late has ended. */
const moments = Array.from({ length: kills }, () => Math.floor(random.next() * 0.95 * calls));
for (const [done, moment] of moments.sort((one, other) => one - other).entries()) {
  const at = Date.now();
  const run = start(killed);
  const asked = await requestAt(readAsked().length + 1, run.ended);
  if (asked === null || (await requestAt(calls + moment, run.ended)) === null) {
    say(`It ended after ${done} kills. Ask for more items, or fewer kills.`);
    process.exit(1);
  }
  run.process.kill("SIGKILL");
  await run.ended;
  starts.push((asked - at) / 1000);
  resumes.push((asked - (await openedAt(killed))) / 1000);
  say(
    `Kill ${done + 1}: first request after ${starts.at(-1)!.toFixed(2)} s, ${readAsked().length - calls} calls`,
  );
}
if ((await start(killed).ended).status !== 0) process.exit(1);
stop();

const got = await contentOf(killed);
const asked = readAsked()
  .slice(calls)
  .map(({ key }) => key);
const twice = asked.length - new Set(asked).size;
const longest = Math.max(...starts);
/** In flight at a kill, and one more that finds out how a judge is asked. */
const mostTwice = kills * (atOnce + 1);
const describe = (seconds: readonly number[]): string => {
  const sorted = [...seconds].sort((one, other) => one - other);
  return `median ${sorted[Math.floor(sorted.length / 2)]!.toFixed(2)} s, longest ${sorted.at(-1)!.toFixed(2)} s`;
};
say(`With ${kills} kills: ${got}, ${asked.length} calls`);
say(
  `Asked twice: ${twice} (at most ${atOnce} in flight at a kill, and of a judge one a start: ${mostTwice} in all)`,
);
say(`First request after a start: ${describe(starts)} (wanted: ${longestSeconds} s)`);
say(`First request after the run folder was opened: ${describe(resumes)}`);
if (got !== wanted || twice > mostTwice || longest > longestSeconds) {
  say("That is not as it should be.");
  process.exitCode = 1;
}
