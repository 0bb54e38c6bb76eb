// What alarms read of default trainings by reward: PPO and GRPO from covenant-tiny and from both SL-CAI models of a default
// run, seed 0, with each arm's reward model (covenant-tiny with the ethical one). Written to test/golden/default-policies.json
// with the settings they had, by which its test tells that defaults have changed since. Stopped, the same command continues.
// npm run bench:policies -- [--run a finished default run, one is made where none is named] [--out runs/policies]

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { canonicalJson, UserError } from "../src/core/index.ts";
import { recipes } from "../src/recipes/index.ts";
import { stepRecordSchema } from "../src/records/index.ts";
import { readRecords, readRun } from "../src/runs/index.ts";
import { readWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = readWords(import.meta.url, {
  options: { run: { type: "string" }, out: { type: "string", default: join(root, "runs/policies") } },
});
const out = resolve(values.out);
const { schema } = await recipes.find(({ command }) => command.join(" ") === "run")!.load();
const defaults = schema.parse({ seed: 0 });

type Method = "ppo" | "grpo";

/** What alarms read, by the names that steps have it under. */
const signals: Readonly<Record<Method, readonly string[]>> = {
  ppo: [
    ...["objective/scores", "objective/kl", "val/length", "val/num_eos_tokens", "val/opening_share"],
    "policy/entropy_avg",
  ],
  grpo: [
    ...["reward", "kl", "completions/mean_length", "completions/clipped_ratio", "completions/opening_share"],
    ...["entropy", "reward_std"],
  ],
};

const covenant = (...words: string[]): void => {
  const { status } = spawnSync(process.execPath, [join(root, "src/cli/main.ts"), ...words], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
};

/** The folder of a default run: the one that is named, or one that is made. */
const defaultRun = async (): Promise<string> => {
  const folder = resolve(values.run ?? join(out, "run"));
  if (values.run === undefined) covenant("run", "--seed", "0", "--out", folder, "--quiet");
  const { manifest, config } = await readRun(folder);
  const given = Object.entries(config as Readonly<Record<string, unknown>>);
  const own = defaults as Readonly<Record<string, unknown>>;
  const isDefault = given.every(([key, value]) => canonicalJson(value) === canonicalJson(own[key]));
  if (manifest?.name === "run" && isDefault) return folder;
  throw new UserError("no-default-run", `--run: ${folder} is no finished default run with the seed 0.`, {
    folder,
  });
};

const run = await defaultRun();
const starts = [
  { start: "covenant-tiny", arm: "ethical", model: "embedded:covenant-tiny" },
  { start: "SL-CAI", arm: "ethical", model: join(run, "ethical/sl/model") },
  { start: "inverted SL-CAI", arm: "inverted", model: join(run, "inverted/sl/model") },
];

const folderOf = (method: Method, start: string): string =>
  join(out, `${method}-${start.replaceAll(" ", "-")}`);

/** The stage of a training; that of PPO from an SL-CAI model is a part of the default run. */
const stageOf = (method: Method, { start, arm, model }: (typeof starts)[number]): string => {
  if (method === "ppo" && start !== "covenant-tiny") return join(run, arm, "rl");
  const reward = join(run, arm, "reward/model");
  const folder = folderOf(method, start);
  covenant("train", method, "--model", model, "--reward", reward, "--out", folder, "--quiet");
  return join(folder, "rl");
};

const settings: Partial<Record<Method, unknown>> = {};
const lines: string[] = [];
for (const method of ["ppo", "grpo"] as const) {
  for (const from of starts) {
    const steps = await readRecords(join(stageOf(method, from), "steps.jsonl"), stepRecordSchema);
    const metrics = Object.fromEntries(
      signals[method].map((name) => [name, steps.map((step) => Number(step.metrics[name]!.toPrecision(4)))]),
    );
    lines.push(JSON.stringify({ method, start: from.start, metrics }));
  }
  const config = parse(readFileSync(join(folderOf(method, "covenant-tiny"), "config.yaml"), "utf8"));
  settings[method] = (config as Record<Method, unknown>)[method];
}
const file = join(root, "test/golden/default-policies.json");
const head = JSON.stringify({ made: "bench/default-policies.ts", settings }).slice(0, -1);
writeFileSync(file, `${head},\n"runs": [\n${lines.join(",\n")}\n]}\n`);
process.stdout.write(`${file}: ${lines.length} trainings\n`);
