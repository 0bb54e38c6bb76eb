// The experiment over seeds: `covenant run` for seeds 0 to 4, one after another, and the tables of docs/experiments.md
// from their figures. Stopped, the same command continues: finished runs are skipped. With options of `covenant run` the
// tables are printed and nothing is written; give such runs an --out of their own. Status 1 where a goal is missed.
// npm run bench:seeds -- [--seeds 0,1,2,3,4] [--out runs/seeds] [--tables-only] [any option of `covenant run`]

import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { covenantVersion } from "../src/core/index.ts";
import { listGoals } from "../src/report/index.ts";
import { readRun, secondsOfAttempts } from "../src/runs/index.ts";
import { formatSeedTables, replaceBetweenMarkers, type SeedRun } from "./seeds-table.ts";
import { readWholeNumbers, readWords, splitWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const main = join(root, "src/cli/main.ts");
const experiments = join(root, "docs/experiments.md");

const { ownWords, runWords } = splitWords(process.argv.slice(2), ["seeds", "out"], ["tables-only"]);
const { values } = readWords(import.meta.url, {
  args: ownWords,
  options: {
    seeds: { type: "string", default: "0,1,2,3,4" },
    out: { type: "string", default: join(root, "runs/seeds") },
    "tables-only": { type: "boolean", default: false },
  },
});
const seeds = readWholeNumbers("--seeds", values.seeds, 0);

for (const seed of values["tables-only"] ? [] : seeds) {
  process.stderr.write(`\nSeed ${seed}\n`);
  const run = [main, "run", ...runWords, "--seed", String(seed), "--out", join(values.out, String(seed))];
  const { status } = spawnSync(process.execPath, run, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
}

const runs: SeedRun[] = [];
for (const seed of seeds) {
  const reading = await readRun(join(values.out, String(seed)));
  const metrics = await reading.metrics();
  if (reading.manifest === null || metrics === null) {
    process.stderr.write(`The run of seed ${seed} is not complete; run it first.\n`);
    process.exit(1);
  }
  const { contentHash } = reading.manifest;
  runs.push({ seed, metrics, contentHash, seconds: secondsOfAttempts(reading.events) });
}
const options = runWords.length === 0 ? "the default settings" : `\`covenant run ${runWords.join(" ")}\``;
const about = `Covenant ${covenantVersion()}, ${options}, on ${availableParallelism()} processor cores.`;
const tables = formatSeedTables(runs, about);
process.stdout.write(`${tables}\n`);
if (runs.some(({ metrics }) => listGoals(metrics).some(({ met }) => !met))) process.exitCode = 1;
if (runWords.length === 0) {
  await writeFile(experiments, replaceBetweenMarkers(await readFile(experiments, "utf8"), tables));
  process.stderr.write(`Written into ${experiments}.\n`);
} else process.stderr.write(`Other settings than the defaults: ${experiments} is left as it is.\n`);
