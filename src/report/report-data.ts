// What a report is made of, and how it is read from a run folder. Files that are not there leave their part empty, so
// an unfinished run can be reported too; files that are there but broken are an error with file, line and field.

import { basename, join } from "node:path";
import type { z } from "zod";
import { checkValue, covenantVersion, parseYaml, readText } from "../core/index.ts";
import {
  type ArmId,
  type BestStepRecord,
  bestStepRecordSchema,
  type Constitution,
  constitutionSchema,
  type Estimate,
  evaluatedRecordSchema,
  type GoodhartRecord,
  goodhartRecordSchema,
  isJudged,
  type LabelRecord,
  labelRecordSchema,
  type MetricsDocument,
  type PromptRecord,
  promptRecordSchema,
  type ReplyRecord,
  type RevisionRecord,
  type RunEvent,
  replyRecordSchema,
  revisionRecordSchema,
  type StageManifest,
  type StageName,
  type StepRecord,
  stepRecordSchema,
  type VerdictRecord,
  writtenArm,
} from "../records/index.ts";
import { configName, type RunReading, readRun, secondsOfAttempts } from "../runs/index.ts";
import { wilson } from "./figures.ts";
import { type RunScope, scopeOf } from "./scope.ts";

/** Optimiser steps of the four trainings of an arm; empty where a training has not begun. */
export type TrainingSteps = {
  readonly sl: readonly StepRecord[];
  readonly reward: readonly StepRecord[];
  readonly dpo: readonly StepRecord[];
  readonly rl: readonly StepRecord[];
};

/** Of the trainings that kept the weights of their best step, which step that was. */
export type KeptSteps = Readonly<Partial<Record<keyof TrainingSteps, BestStepRecord>>>;

/** name: what the arm is called; folder: its folder in the run, its name in the records. */
export type ArmData = {
  readonly name: ArmId;
  readonly folder: ArmId;
  readonly constitution: Constitution | null;
  readonly revisions: readonly RevisionRecord[];
  readonly labels: readonly LabelRecord[];
  readonly steps: TrainingSteps;
  readonly kept: KeptSteps;
  /** Measurements of the policy during reinforcement learning. */
  readonly measurements: readonly GoodhartRecord[];
  /** The share of labels flipped by the order, of those with a true preference; null where nobody could tell which. */
  readonly decidableFlips: Estimate | null;
};

/** The truth of a pair under a constitution: which reply is better, 0 or 1, or null for a tie. */
export type PairTruth = (constitution: Constitution) => (label: LabelRecord) => 0 | 1 | null;

/** A warning of the run, once for each stage that gave it. */
type Warning = { readonly stage?: StageName | undefined; readonly code: string; readonly text: string };

/**
 * A run as the report sees it. startedAt: milliseconds since the epoch; seconds: from start to end, over all attempts;
 * config: config.yaml as it stands there.
 */
export type ReportData = {
  readonly seed: number;
  readonly model: string | null;
  readonly scope: RunScope;
  readonly startedAt: number | null;
  readonly seconds: number;
  readonly version: string;
  readonly config: string;
  readonly arms: readonly ArmData[];
  /** The name of the arm under the constitution as it is written. */
  readonly written: string;
  readonly prompts: readonly PromptRecord[];
  readonly answers: readonly ReplyRecord[];
  readonly verdicts: readonly VerdictRecord[];
  /** Of training prompts that every model answered in the end; no figure is made of them. */
  readonly followed: readonly VerdictRecord[];
  readonly metrics: MetricsDocument | null;
  readonly stages: readonly StageManifest[];
  readonly warnings: readonly Warning[];
};

/** The written one first, inverted second, others by name: the order in which arms are shown everywhere. */
export const orderArms = (names: readonly string[]): ArmId[] => {
  const rank = (name: string): number => (name === writtenArm ? 0 : name === "inverted" ? 1 : 2);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
};

const stagesOfAnArm = ["constitution.yaml", "revise/revisions.jsonl", "sl/steps.jsonl", "label/labels.jsonl"];

const armNames = (run: RunReading, metrics: MetricsDocument | null): ArmId[] => {
  const planned = run.events.flatMap((event) => (event.type === "run-start" ? event.stages : []));
  const candidates = [
    ...Object.keys(metrics?.arms ?? {}),
    ...planned.flatMap((stage) => (stage.includes("/") ? [stage.split("/")[0] as string] : [])),
    ...run.stages.flatMap(({ stage }) => (stage.includes("/") ? [stage.split("/")[0] as string] : [])),
    writtenArm,
    "inverted",
  ];
  return orderArms(candidates).filter(
    (name) => name in (metrics?.arms ?? {}) || stagesOfAnArm.some((path) => run.has(`${name}/${path}`)),
  );
};

const rowsOf = async <Row>(run: RunReading, path: string, schema: z.ZodType<Row>): Promise<Row[]> =>
  run.has(path) ? run.records(path, schema) : [];

const flipsOf = (
  labels: readonly LabelRecord[],
  constitution: Constitution | null,
  truth: PairTruth | undefined,
): Estimate | null => {
  if (constitution === null || truth === undefined) return null;
  const preferred = truth(constitution);
  const decidable = labels.filter((label) => label.flipped !== null && preferred(label) !== null);
  const flipped = decidable.filter((label) => label.flipped).length;
  return wilson(flipped / decidable.length, decidable.length);
};

const loadArm = async (run: RunReading, name: ArmId, truth: PairTruth | undefined): Promise<ArmData> => {
  const path = `${name}/constitution.yaml`;
  const file = join(run.folder, path);
  const constitution = run.has(path)
    ? checkConstitution(parseYaml(await readText(file), { file }), file)
    : null;
  const steps = (stage: string): Promise<StepRecord[]> =>
    rowsOf(run, `${name}/${stage}/steps.jsonl`, stepRecordSchema);
  const kept: Partial<Record<keyof TrainingSteps, BestStepRecord>> = {};
  for (const stage of ["sl", "reward", "dpo", "rl"] as const) {
    const [best] = await rowsOf(run, `${name}/${stage}/best.jsonl`, bestStepRecordSchema);
    if (best !== undefined) kept[stage] = best;
  }
  const labels = await rowsOf(run, `${name}/label/labels.jsonl`, labelRecordSchema);
  return {
    name,
    folder: name,
    constitution,
    revisions: await rowsOf(run, `${name}/revise/revisions.jsonl`, revisionRecordSchema),
    labels,
    decidableFlips: flipsOf(labels, constitution, truth),
    measurements: await rowsOf(run, `${name}/rl/goodhart.jsonl`, goodhartRecordSchema),
    steps: {
      sl: await steps("sl"),
      reward: await steps("reward"),
      dpo: await steps("dpo"),
      rl: await steps("rl"),
    },
    kept,
  };
};

const checkConstitution = (value: unknown, file: string): Constitution =>
  checkValue(constitutionSchema, value, { file });

const textAt = (value: unknown, keys: readonly string[]): string | null => {
  for (const key of keys) {
    if (value === null || typeof value !== "object") return null;
    const found = (value as Record<string, unknown>)[key];
    if (typeof found === "string" && found !== "") return found;
    if (found !== null && typeof found === "object") {
      const inner = textAt(found, ["id", "name", "path", "folder", "base"]);
      if (inner !== null) return inner;
    }
  }
  return null;
};

/** The model's name without the folders it lies in, so that a report tells nothing about a machine. */
const modelName = (config: unknown, answers: readonly ReplyRecord[]): string | null => {
  const name = textAt(config, ["model", "base", "policy"]) ?? answers[0]?.model ?? null;
  if (name === null || name.includes("://")) return name;
  return basename(name);
};

const warningsOf = (events: readonly RunEvent[]): Warning[] => {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    if (event.type !== "warning") return [];
    const key = `${event.stage ?? ""}\u001f${event.text}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ stage: event.stage, code: event.code, text: event.text }];
  });
};

/**
 * Reads a run folder. truth: what is true of the judge's pairs, where there is an oracle. Throws UserError when it is no
 * run folder, or when a file in it does not hold what it should.
 */
export const loadReportData = async (folder: string, truth?: PairTruth): Promise<ReportData> => {
  const run = await readRun(folder);
  const metrics = await run.metrics();
  const answers = await rowsOf(run, "answer/answers.jsonl", replyRecordSchema);
  const evaluated = await rowsOf(run, "evaluate/verdicts.jsonl", evaluatedRecordSchema);
  const verdicts = evaluated.filter(isJudged);
  const arms: ArmData[] = [];
  for (const name of armNames(run, metrics)) arms.push(await loadArm(run, name, truth));
  const start = run.events.find((event) => event.type === "run-start");
  return {
    seed: metrics?.seed ?? run.seed,
    model: modelName(run.config, answers),
    scope: scopeOf(run.config, run.stages),
    startedAt: start?.time ?? null,
    seconds: secondsOfAttempts(run.events),
    version: covenantVersion(),
    config: await readText(join(folder, configName)),
    arms,
    written: writtenArm,
    prompts: await rowsOf(run, "prompts/prompts.jsonl", promptRecordSchema),
    answers,
    verdicts: verdicts.filter(({ split }) => split === undefined),
    followed: verdicts.filter(({ split }) => split === "train"),
    metrics,
    stages: run.stages,
    warnings: warningsOf(run.events),
  };
};
