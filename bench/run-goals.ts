// Whether finished runs of the default settings meet the goals of the report: one line for each that a run misses, with
// what came out and what was wanted. Status 1 where one is missed or not measured, or a run is judged by none.
// npm run bench:goals -- [FOLDER ...] (default: runs/default)

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listGoals } from "../src/report/index.ts";
import { readRun } from "../src/runs/index.ts";
import { readWords } from "./words.ts";

const { positionals } = readWords(import.meta.url, { allowPositionals: true, options: {} });
const usual = join(dirname(fileURLToPath(import.meta.url)), "../runs/default");

for (const folder of positionals.length === 0 ? [usual] : positionals) {
  const reading = await readRun(folder);
  const goals = listGoals(await reading.metrics());
  const missed = goals.filter(({ met }) => !met);
  for (const { name, got, wanted } of missed)
    process.stdout.write(`Missed: ${name}: ${got}, wanted: ${wanted}.\n`);
  process.stdout.write(`${folder}: ${goals.length - missed.length} of ${goals.length} goals met.\n`);
  if (goals.length === 0 || missed.length > 0) process.exitCode = 1;
}
