// The command line, in this process (covenant) or as one of its own (start), and what it works on in these tests: a
// model made by `covenant pretrain` in two seconds (it writes nonsense, but it is a whole model folder) and a run of a
// few prompts and steps.

import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { readEnvironment, runCommandLine } from "../../src/cli/index.ts";
import { systemClock } from "../../src/core/index.ts";
import { recipes } from "../../src/recipes/index.ts";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const main = join(root, "src/cli/main.ts");

/** As bin/covenant.mjs sets it: commands that only look at their input start in half the time. */
const compileCache = join(root, "node_modules/.cache/node");

export type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** A command that runs. ended: when it has, rejected when it could not be started or had to be ended for its time. */
export type Started = { readonly child: ChildProcess; readonly ended: Promise<Ended> };

const running = new Set<ChildProcess>();
const endAll = (): void => {
  for (const child of running) child.kill("SIGKILL");
};
process.once("exit", endAll);

/** What no command of these tests needs, on a busy machine either. */
const longestMilliseconds = 150_000;

/** Starts `covenant ...` in a folder, on one thread: two files are tested side by side. onError: called with every piece of stderr. env: in place of this process's. */
export const start = (
  words: readonly string[],
  folder: string,
  onError?: (text: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Started => {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { NODE_COMPILE_CACHE: compileCache, COVENANT_THREADS: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // a group of its own, as in a terminal: so that Ctrl-C can be sent to all of it
    detached: true,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => {
    stdout += String(part);
  });
  child.stderr.on("data", (part: Buffer) => {
    stderr += String(part);
    onError?.(String(part));
  });
  running.add(child);
  const ended = new Promise<Ended>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`covenant ${words.join(" ")} did not end and was killed:\n${stdout}\n${stderr}`));
    }, longestMilliseconds);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(late);
      running.delete(child);
      resolve({ status, stdout, stderr });
    });
  });
  return { child, ended };
};

/**
 * Runs `covenant ...` in a folder to its end, in this process: src/cli/main.ts without signals and streams, and without
 * loading everything anew. One at a time: the folder is the process's.
 */
export const covenant = async (
  words: readonly string[],
  folder: string,
  variables: NodeJS.ProcessEnv = process.env,
): Promise<Ended> => {
  let stdout = "";
  let stderr = "";
  const terminal = {
    out: (text: string) => {
      stdout += text;
    },
    err: (text: string) => {
      stderr += text;
    },
    isLive: false,
    columns: () => 80,
  };
  const before = process.cwd();
  process.chdir(folder);
  try {
    const environment = await readEnvironment(folder, variables, terminal.err);
    const { signal } = new AbortController();
    const status = await runCommandLine({
      words,
      recipes,
      terminal,
      environment,
      clock: systemClock,
      signal,
    });
    return { status, stdout, stderr };
  } finally {
    process.chdir(before);
  }
};

/** Throws with what the command said when it did not end as wanted. */
export const expectStatus = (ended: Ended, wanted: number): Ended => {
  if (ended.status === wanted) return ended;
  throw new Error(`ended with ${ended.status} instead of ${wanted}:\n${ended.stdout}\n${ended.stderr}`);
};

/** A folder for one test file. remove: call it at the end; it ends what a failed test left running, too. */
export const makeFolder = (name: string): { readonly folder: string; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), `covenant-${name}-`));
  const remove = (): void => {
    endAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  return { folder, remove };
};

/** Settings of `covenant pretrain` for a model of seconds. */
export const smallModel: readonly string[] = [
  ...["vocabulary=1200", "hiddenSize=32", "intermediateSize=48", "layers=1", "heads=2", "keyValueHeads=1"],
  ...["vocabularyDocuments=1000", "steps=60", "rows=4", "targets=256", "warmupSteps=5", "learningRate=0.01"],
].flatMap((setting) => ["--set", setting]);

// by Muon in so few steps it writes what never ends, and many commands want whole replies
const byAdamW = ["--set", "optimiser=adamw"];

/** Makes the model folder <folder>/model, and the run <folder>/pretrained that it comes from. */
const pretrain = async (folder: string): Promise<void> => {
  expectStatus(
    await covenant(
      ["pretrain", "--out", "pretrained", "--model", "model", ...smallModel, ...byAdamW],
      folder,
    ),
    0,
  );
};

/** <folder>/model and <folder>/pretrained, made once for all files that are tested together: it is the same bytes again. */
export const makeModel = async (folder: string): Promise<void> => {
  const made = join(inject("sharedFolder"), "small-model");
  if (!existsSync(made)) {
    const own = mkdtempSync(`${made}-`);
    await pretrain(own);
    try {
      renameSync(own, made);
    } catch (thrown) {
      // another file was as early
      if (!existsSync(made)) throw thrown;
    }
  }
  cpSync(made, folder, { recursive: true });
};

/**
 * Writes <folder>/tiny.yaml, the settings of a run that takes seconds. Warmer answers and a faster SL than by default: colder
 * ones hardly ever end, and SL would learn from so few that its model stays nearer to the base than a reward model does.
 */
export const writeTinyConfig = (folder: string, more = ""): void => {
  writeFileSync(
    join(folder, "tiny.yaml"),
    `model: ./model
counts: {train: {harmful: 8, harmless: 4, lookalike: 4}, test: {harmful: 4, harmless: 3, lookalike: 3}}
sampling: {maxTokens: 16, temperature: 0.45}
revise: {rounds: 2}
sft: {epochs: 1, batch: 8, learningRate: 0.0005}
reward: {epochs: 1, batch: 8, atChance: warn}
dpo: {epochs: 1, batch: 8}
ppo: {steps: 2, batch: 8, measureEvery: 1}
${more}`,
  );
};

/** What equal runs have in common: the bytes of all records, the figures without times, and the trained weights. */
export const contentOf = (runFolder: string): Record<string, string> => {
  const paths = readdirSync(runFolder, { recursive: true, encoding: "utf8" }).sort();
  const content: Record<string, string> = {};
  for (const path of paths) {
    const isRecords = path.endsWith(".jsonl") && path !== "events.jsonl";
    if (isRecords || path.endsWith(".safetensors"))
      content[path] = readFileSync(join(runFolder, path)).toString("base64");
  }
  const figures = join(runFolder, "metrics.json");
  // a training by itself has none
  if (!existsSync(figures)) return content;
  const { seconds: _, ...kept } = JSON.parse(readFileSync(figures, "utf8")) as { seconds: unknown };
  return { ...content, "metrics.json": JSON.stringify(kept) };
};

/** In every run folder what is about the run and not what it made, with times. */
const aboutRuns = new Set(["events.jsonl", "manifest.json", "stage.json"]);

/**
 * The bytes of all that a run made, by path, and no file that should have gone when it ended: records, documents, tables,
 * charts, pages, figures. Only for runs whose figures hold no times. Without its calls, whose order chance decides.
 */
export const filesOf = (runFolder: string): Record<string, string> => {
  const files = readdirSync(runFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !aboutRuns.has(entry.name))
    .map((entry) => relative(runFolder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !/(^|\/)calls\//.test(path))
    .sort();
  if (!files.some((path) => path.endsWith(".jsonl"))) throw new Error(`${runFolder} holds no records`);
  return Object.fromEntries(files.map((path) => [path, readFileSync(join(runFolder, path), "utf8")]));
};

/** Its records and rows alone, with what each took. */
export const recordsOf = (runFolder: string): Record<string, string> =>
  Object.fromEntries(Object.entries(filesOf(runFolder)).filter(([path]) => path.endsWith(".jsonl")));

export const contentHashOf = (runFolder: string): string =>
  (JSON.parse(readFileSync(join(runFolder, "manifest.json"), "utf8")) as { contentHash: string }).contentHash;

/** Resolves when it is so, at the next turn of the event loop at which it is. */
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

/** Whole lines of a file; none where there is no file yet. */
const linesOf = (path: string): number =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;

/** Resolves when a run has kept so many answers of its endpoints. */
export const answersKept = (run: string, count: number): Promise<void> => {
  const calls = join(run, "calls");
  const kept = (): number =>
    (existsSync(calls) ? readdirSync(calls) : [])
      .filter((name) => name.startsWith("answers-"))
      .reduce((sum, name) => sum + linesOf(join(calls, name)), 0);
  return until(() => kept() >= count);
};
