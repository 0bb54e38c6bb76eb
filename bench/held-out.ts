// What the feedback of finished runs is worth on requests that neither pretraining nor the run has seen: the test prompts
// of each run are revised, compared and scored as its training prompts were, by the same models under the same settings, and
// the figures stand beside the run's own. Where a run names a model by a relative path, call this where the run was called.
// Stopped, the same command continues. Status 1 where a goal is missed.
// npm run bench:held-out -- [FOLDER ...] [--out runs/held-out] (default: runs/default)

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { loadConstitution } from "../src/constitution/index.ts";
import { formatJsonLines, formatYaml, parseYaml, readText, UserError } from "../src/core/index.ts";
import { preferenceRows } from "../src/feedback/index.ts";
import { isEndpoint } from "../src/models/index.ts";
import { measureFeedback } from "../src/recipes/index.ts";
import {
  type ArmMetrics,
  labelRecordSchema,
  type PreferenceRow,
  type PromptRecord,
  promptRecordSchema,
  revisionRecordSchema,
} from "../src/records/index.ts";
import { listGoals } from "../src/report/index.ts";
import { readRecords, readRun } from "../src/runs/index.ts";
import { formatHeldOutTable, type HeldOutRun } from "./seeds-table.ts";
import { readWords } from "./words.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values, positionals } = readWords(import.meta.url, {
  allowPositionals: true,
  options: { out: { type: "string", default: join(root, "runs/held-out") } },
});
const folders = (positionals.length === 0 ? [join(root, "runs/default")] : positionals).map((one) =>
  resolve(one),
);

/** What of a run's settings says how its feedback was made. */
const settingsSchema = z.looseObject({
  seed: z.number(),
  model: z.string(),
  judge: z.string().optional(),
  load: z.string().optional(),
  sampling: z.looseObject({}),
  revise: z.looseObject({}),
  label: z.looseObject({ hard: z.boolean() }),
  reward: z.looseObject({ load: z.string().optional() }),
});
type Settings = z.output<typeof settingsSchema>;

const covenant = (...words: string[]): void => {
  const run = [join(root, "src/cli/main.ts"), ...words];
  const { status } = spawnSync(process.execPath, run, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) process.exit(status ?? 1);
};

/** A file of prompts as rows that say nothing of what they are for. */
const writePrompts = async (file: string, prompts: readonly PromptRecord[]): Promise<string> => {
  await writeFile(
    file,
    formatJsonLines(prompts.map(({ id, messages, kind, area }) => ({ id, messages, kind, area }))),
  );
  return file;
};

/** `--load 4bit`, where a model is held so. */
const loadWords = (load: string | undefined): string[] => (load === undefined ? [] : ["--load", load]);

/** The reward model's scores, from 0 to 1, of both replies of each row. */
const scoreRows = async (
  folder: string,
  [model, load]: readonly [string, string | undefined],
  rows: readonly PreferenceRow[],
) => {
  const data = join(folder, "replies.jsonl");
  const replies = rows.flatMap(({ prompt, chosen, rejected }) =>
    [chosen, rejected].map((content) => ({ messages: [...prompt, { role: "assistant", content }] })),
  );
  await writeFile(data, formatJsonLines(replies));
  const out = join(folder, "scores.jsonl");
  covenant("score", "--model", model, ...loadWords(load), "--data", data, "--out", out);
  const scores = await readRecords(out, z.object({ score: z.number() }));
  return rows.map(({ id, seed, stage, probability }, at) => ({
    ...{ id: `${id}/scored`, parents: [id], seed, stage, probability },
    chosen: scores[2 * at]!.score,
    rejected: scores[2 * at + 1]!.score,
  }));
};

/** Where a training of an arm saved its whole model. Throws UserError where it saved an adapter alone. */
const modelIn = (arm: string, stage: string): string => {
  const folder = join(arm, stage, "model");
  if (existsSync(folder)) return folder;
  throw new UserError(
    "run-without-model",
    `${folder} is not there: the training kept an adapter alone. Expected a run that saves whole models; measure the parts with \`covenant revise\`, \`label\` and \`score\`.`,
  );
};

/** The figures of one arm's feedback on a run's test prompts. */
const measureArm = async (
  arm: string,
  { seed, model, judge = model, load, sampling, revise, label, reward }: Settings,
  prompts: readonly PromptRecord[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Pick<ArmMetrics, "labels" | "rewardModel" | "revisions">> => {
  await mkdir(to, { recursive: true });
  const constitution = join(from, "constitution.yaml");
  const call = async (command: string, settings: Readonly<Record<string, unknown>>): Promise<string> => {
    const config = join(to, `${command}.yaml`);
    const out = join(to, command);
    const loaded = load === undefined ? {} : { load };
    await writeFile(config, formatYaml({ ...settings, ...loaded, seed, constitution, out }));
    covenant(command, "--config", config);
    return out;
  };
  const [policy, scorer] = [modelIn(from, "sl"), modelIn(from, "reward")];
  const harmful = prompts.filter(({ kind }) => kind === "harmful");
  const revised = await call("revise", {
    ...{ model, sampling, revise },
    prompts: await writePrompts(join(to, "harmful.jsonl"), harmful),
  });
  const { topP, maxTokens } = sampling;
  const labelled = await call("label", {
    ...{ model: policy, judge, sampling: { topP, maxTokens }, label },
    prompts: await writePrompts(join(to, "prompts.jsonl"), prompts),
  });
  const revisions = await readRecords(join(revised, "revise", "revisions.jsonl"), revisionRecordSchema);
  const labels = await readRecords(join(labelled, "label", "labels.jsonl"), labelRecordSchema);
  const { rows } = preferenceRows(labels, { runSeed: seed, stage: "held-out", hard: label.hard });
  const heldOut = await scoreRows(to, [scorer, reward.load], rows);
  const asked = await readRecords(join(revised, "prompts", "prompts.jsonl"), promptRecordSchema);
  const records = { constitution: await loadConstitution(constitution), revisions, labels, heldOut };
  return measureFeedback(arm, records, asked, seed);
};

const measureRun = async (folder: string): Promise<HeldOutRun> => {
  const metrics = await (await readRun(folder)).metrics();
  if (metrics === null)
    throw new UserError(
      "run-incomplete",
      `${folder} holds no finished run. Expected the folder of a \`covenant run\` that is done.`,
    );
  const file = join(folder, "config.yaml");
  const settings = settingsSchema.parse(parseYaml(await readText(file), { file }));
  const all = await readRecords(join(folder, "prompts", "prompts.jsonl"), promptRecordSchema);
  const prompts = all.filter(({ split }) => split === "test");
  const elsewhere = [settings.model, settings.judge ?? settings.model].filter(isEndpoint);
  if (elsewhere.length > 0 || !prompts.some(({ kind }) => kind === "harmful"))
    throw new UserError(
      "run-not-measurable",
      elsewhere.length > 0
        ? `${folder}: ${elsewhere[0]} answers behind an endpoint. Expected a run of models on this machine.`
        : `${folder} has no harmful test prompts, so there is nothing to revise.`,
    );
  const arms: Record<string, ArmMetrics> = {};
  for (const [arm, own] of Object.entries(metrics.arms)) {
    const place = { from: join(folder, arm), to: join(values.out, basename(folder), arm) };
    arms[arm] = { ...own, ...(await measureArm(arm, settings, prompts, place)) };
  }
  return { own: metrics, heldOut: { ...metrics, arms } };
};

if (new Set(folders.map((one) => basename(one))).size < folders.length)
  throw new UserError(
    "folders-alike",
    "Two of the folders have the same name: measure them in two calls, each with its own --out.",
  );

const runs: HeldOutRun[] = [];
for (const folder of folders) {
  process.stderr.write(`\n${folder}\n`);
  runs.push(await measureRun(folder));
}
process.stdout.write(`${formatHeldOutTable(runs)}\n`);
if (runs.some(({ heldOut }) => listGoals(heldOut).some(({ met }) => !met))) process.exitCode = 1;
