// Experiments over seeds whose figures the sandbox's oracle tells: a command of Covenant for every seed, one after another, and
// a table of docs/experiments.md from what they left. Stopped, the same command continues. With another configuration,
// other seeds or options for the command the table is printed and nothing is written; give such runs an --out of their own.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { covenantVersion } from "../src/core/index.ts";
import { replaceBetweenMarkers } from "./seeds-table.ts";
import { readWholeNumbers, readWords, splitWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const main = join(root, "src/cli/main.ts");
const experiments = join(root, "docs/experiments.md");

/** metrics: null where the command found nothing to measure. */
type Found<Metrics> = { readonly seed: number; readonly folder: string; readonly metrics: Metrics | null };

/**
 * bench: the import.meta.url of the experiment. command: words of the command; config: from the checkout's folder. out:
 * where runs go by default. nothing: codes of errors that are results, since they say that a seed came to nothing. read:
 * what the table needs of a seed.
 */
type Experiment<Metrics, Run> = {
  readonly bench: string;
  readonly command: readonly string[];
  readonly config: string;
  readonly out: string;
  readonly nothing: readonly string[];
  readonly markers: { readonly begin: string; readonly end: string };
  readonly read: (found: Found<Metrics>) => Run | Promise<Run>;
  readonly format: (runs: readonly Run[], about: string) => string;
  /** Holds what the documented experiment measured against its goals. */
  readonly hold: (runs: readonly Run[]) => void;
};

const codeOf = (output: string): string | null => {
  try {
    return (JSON.parse(output) as { error?: { code?: string } }).error?.code ?? null;
  } catch {
    return null;
  }
};

const runSeed = (words: readonly string[], nothing: readonly string[]): void => {
  const { status, stdout } = spawnSync(process.execPath, [main, ...words, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status === 0) return;
  const code = codeOf(stdout);
  if (code !== null && nothing.includes(code)) return;
  process.exit(status ?? 1);
};

/** The commit that the experiment runs on, and the day; nothing of them where this is no checkout. */
const checkout = (): string => {
  const { status, stdout } = spawnSync("git", ["describe", "--always", "--dirty"], {
    cwd: root,
    encoding: "utf8",
  });
  return status === 0 ? ` at ${stdout.trim()} (${new Date().toISOString().slice(0, 10)})` : "";
};

const documentedSeeds = "0,1,2,3,4";

/** Whether these words ask for the very experiment of the documented table. */
export const isDocumented = (
  asked: { readonly config: string; readonly seeds: readonly number[]; readonly runWords: readonly string[] },
  config: string,
): boolean =>
  asked.config === config && asked.seeds.join(",") === documentedSeeds && asked.runWords.length === 0;

/** Runs the experiment by the words of this process's command line. */
export const runOracleExperiment = async <Metrics, Run>(
  experiment: Experiment<Metrics, Run>,
): Promise<void> => {
  const { command, markers } = experiment;
  const { ownWords, runWords } = splitWords(
    process.argv.slice(2),
    ["seeds", "out", "config"],
    ["tables-only"],
  );
  const { values } = readWords(experiment.bench, {
    args: ownWords,
    options: {
      seeds: { type: "string", default: documentedSeeds },
      out: { type: "string", default: join(root, experiment.out) },
      config: { type: "string", default: experiment.config },
      "tables-only": { type: "boolean", default: false },
    },
  });
  const { config } = values;
  const seeds = readWholeNumbers("--seeds", values.seeds, 0);
  const isOwn = isDocumented({ config, seeds, runWords }, experiment.config);
  const runs: Run[] = [];
  for (const seed of seeds) {
    const folder = join(values.out, String(seed));
    if (!values["tables-only"]) {
      process.stderr.write(`\nSeed ${seed}\n`);
      const own = ["--config", resolve(root, config), ...runWords, "--seed", String(seed), "--out", folder];
      runSeed([...command, ...own], experiment.nothing);
    }
    const file = join(folder, "metrics.json");
    const metrics = existsSync(file) ? (JSON.parse(await readFile(file, "utf8")) as Metrics) : null;
    runs.push(await experiment.read({ seed, folder, metrics }));
  }
  const options = runWords.length === 0 ? "" : ` ${runWords.join(" ")}`;
  const about = `Covenant ${covenantVersion()}${checkout()}, \`covenant ${command.join(" ")} --config ${config}${options}\`, on ${availableParallelism()} processor cores.`;
  const table = experiment.format(runs, about);
  process.stdout.write(`${table}\n`);
  if (!isOwn) {
    process.stderr.write(`Other settings or seeds than the experiment's: ${experiments} is left as it is.\n`);
    return;
  }
  experiment.hold(runs);
  const text = replaceBetweenMarkers(await readFile(experiments, "utf8"), table, markers);
  await writeFile(experiments, text);
  process.stderr.write(`Written into ${experiments}.\n`);
};
