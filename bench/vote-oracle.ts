// The experiment on whom each rule of social choice leaves how well off: a vote on the embedded model for seeds 0 to 4, one after
// another, and the table of docs/experiments.md from what the oracle tells of each. Stopped, the same command continues. With
// options of `covenant simulate vote` the table is printed and nothing is written; give such runs an --out of their own.
// npm run bench:vote-oracle -- [--seeds 0,1,2,3,4] [--out runs/vote-oracle] [--tables-only] [--model ./folder, ...]

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { covenantVersion } from "../src/core/index.ts";
import { replaceBetweenMarkers } from "./seeds-table.ts";
import { formatVotes, type VoteRun, voteMarkers } from "./vote-table.ts";
import { splitWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const main = join(root, "src/cli/main.ts");
const experiments = join(root, "docs/experiments.md");
const config = join(root, "configs/simulate/vote/tiny.yaml");

const { ownWords, runWords } = splitWords(process.argv.slice(2), ["seeds", "out"], ["tables-only"]);
const { values } = parseArgs({
  args: ownWords,
  options: {
    seeds: { type: "string", default: "0,1,2,3,4" },
    out: { type: "string", default: join(root, "runs/vote-oracle") },
    "tables-only": { type: "boolean", default: false },
  },
});
const seeds = values.seeds.split(",").map(Number);
const folderOf = (seed: number): string => join(values.out, String(seed));

for (const seed of values["tables-only"] ? [] : seeds) {
  process.stderr.write(`\nSeed ${seed}\n`);
  const words = ["simulate", "vote", "--config", config, ...runWords];
  const { status } = spawnSync(
    process.execPath,
    [main, ...words, "--seed", String(seed), "--out", folderOf(seed)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  // 1: nothing that could be voted on or counted, which is a result; others: interrupted, or wrong input.
  if (status !== 0 && status !== 1) process.exit(status ?? 1);
}

const runs: VoteRun[] = [];
for (const seed of seeds) {
  const file = join(folderOf(seed), "metrics.json");
  const { satisfaction = null } = existsSync(file)
    ? (JSON.parse(await readFile(file, "utf8")) as { satisfaction?: VoteRun["figures"] })
    : {};
  runs.push({ seed, figures: satisfaction });
}
const options = runWords.length === 0 ? "" : ` ${runWords.join(" ")}`;
const about = `Covenant ${covenantVersion()}, \`covenant simulate vote --config configs/simulate/vote/tiny.yaml${options}\`, on ${availableParallelism()} processor cores.`;
const table = formatVotes(runs, about);
process.stdout.write(`${table}\n`);
if (runWords.length === 0) {
  const text = replaceBetweenMarkers(await readFile(experiments, "utf8"), table, voteMarkers);
  await writeFile(experiments, text);
  process.stderr.write(`Written into ${experiments}.\n`);
} else process.stderr.write(`Other settings than the configuration's: ${experiments} is left as it is.\n`);
