// Kills a run with signal 9 at seeded random moments and starts it again each time; in the end its content must have
// the hash of a run that was never interrupted. Exits 1 when it has not, or when a run goes on far longer than the
// first one took.
// npm run bench:kills -- [--kills 10] [--random 1] [--out runs/kills] [any option of `covenant run`]

import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "../src/core/index.ts";
import { readRun } from "../src/runs/index.ts";
import { readWholeNumber, readWords, splitWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

const { ownWords, runWords } = splitWords(process.argv.slice(2), ["kills", "random", "out"], []);
const { values } = readWords(import.meta.url, {
  args: ownWords,
  options: {
    kills: { type: "string", default: "10" },
    random: { type: "string", default: "1" },
    out: { type: "string", default: join(root, "runs/kills") },
  },
});
const { out } = values;
const kills = readWholeNumber("--kills", values.kills, 1);
const random = createRandom(readWholeNumber("--random", values.random, 0));

/** The run that goes on now; it does not outlive this process. */
let child: ChildProcess | undefined;
const endChild = (): void => {
  child?.kill("SIGKILL");
};
process.once("exit", endChild);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

/** What no first run takes; later ones may take five times as long as it did. */
let longest = 3_600_000;

/** Runs to the end, or to the kill after so many milliseconds. Resolves to the exit status, null when it was killed. */
const run = (folder: string, killAfter?: number): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const words = [join(root, "src/cli/main.ts"), "run", ...runWords, "--out", folder, "--quiet"];
    child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
    const timer = setTimeout(() => {
      endChild();
      if (killAfter === undefined) reject(new Error(`A run did not end within ${longest / 1000} s.`));
    }, killAfter ?? longest);
    child.on("error", reject);
    child.on("exit", (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });

const finish = async (folder: string): Promise<string> => {
  const status = await run(folder);
  if (status !== 0) process.exit(status ?? 1);
  const { manifest } = await readRun(folder);
  return manifest?.contentHash ?? "no manifest";
};

const [whole, killed] = [join(out, "whole"), join(out, "killed")];
for (const folder of [whole, killed]) rmSync(folder, { recursive: true, force: true });

const start = performance.now();
const wanted = await finish(whole);
const milliseconds = performance.now() - start;
longest = Math.max(60_000, 5 * milliseconds);
say(`Without interruption: ${wanted} after ${(milliseconds / 1000).toFixed(1)} s`);

// A resumed run begins where the last one was: slices that together, on average, are as long as the whole run.
let done = 0;
for (let started = 0; done < kills; started++) {
  if (started === 5 * kills + 5) throw new Error(`Only ${done} of ${started} runs were there to be killed.`);
  const after = 500 + random.next() * ((2 * milliseconds) / (kills + 1));
  const status = await run(killed, after);
  if (status !== null) {
    if (status !== 0) process.exit(status);
    say(`It ended before kill ${done + 1}; it begins anew.`);
    rmSync(killed, { recursive: true, force: true });
    continue;
  }
  done++;
  const { stages } = await readRun(killed).catch(() => ({ stages: [] }));
  say(`Kill ${done} after ${(after / 1000).toFixed(1)} s, ${stages.length} stages finished`);
}
const got = await finish(killed);
say(`With ${kills} kills: ${got}`);
if (got !== wanted) {
  say("The content differs.");
  process.exitCode = 1;
}
