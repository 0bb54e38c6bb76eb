// The whole story in order, `covenant run`: prompts → answers → for each arm (the constitution and its inversion, under
// the same seeds): critique and revision → SL-CAI → labels → reward model → DPO-CAI and RL-CAI → evaluation of all
// models on held-out prompts → figures and report.

import { join } from "node:path";
import { invert, loadConstitution, saveConstitution } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import { runDifferences } from "../evaluation/index.ts";
import { mixSftRows, preferenceRows, sftRowsFromReplies, sftRowsFromRevisions } from "../feedback/index.ts";
import {
  type ArmMetrics,
  type Constitution,
  type GoodhartRecord,
  goodhartRecordSchema,
  type MetricsDocument,
  type PromptRecord,
  type ReplyRecord,
  rewardPairRecordSchema,
} from "../records/index.ts";
import { writeReport } from "../report/index.ts";
import { readRecords } from "../runs/index.ts";
import { openStages } from "./open-stages.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { type RunConfig, runSchema } from "./run-config.ts";
import { describeRun, planRun } from "./run-summary.ts";
import { type ArmName, constitutionUnder } from "./stages/arms.ts";
import { answerStage, labelStage, type Pipeline, promptStage, reviseStage } from "./stages/data.ts";
import { type EvaluatedModel, evaluationStage, requireMeasurable } from "./stages/evaluation.ts";
import { goodhartMeasure } from "./stages/goodhart.ts";
import { type ArmRecords, armMetrics } from "./stages/measures.ts";
import { trainableFolder } from "./stages/models.ts";
import { ppoStage } from "./stages/ppo.ts";
import { dpoStage, rewardStage } from "./stages/preferences.ts";
import { sftStage } from "./stages/sft.ts";

const armStages = (arm: string): string[] =>
  ["revise", "sl", "label", "reward", "dpo", "rl"].map((stage) => `${arm}/${stage}`);

/** Stage names of a run, in order. */
export const stagesOf = (config: RunConfig): string[] => [
  "prompts",
  "answer",
  ...config.arms.flatMap(armStages),
  "evaluate",
];

type Shared = {
  readonly config: RunConfig;
  readonly train: readonly PromptRecord[];
  readonly test: readonly PromptRecord[];
  readonly answers: readonly ReplyRecord[];
};

/** Replies that each point of the Goodhart curve is made of. */
const goodhartPrompts = 64;

const isHarmful = ({ kind }: PromptRecord): boolean => kind === "harmful";

/** One arm from its constitution to its three models; gives what the figures are made of. */
const runArm = async (
  pipeline: Pipeline,
  shared: Shared,
  arm: ArmName,
  constitution: Constitution,
): Promise<ArmRecords> => {
  const { run } = pipeline;
  const { config, train, answers } = shared;
  const { sampling } = config;
  const stage = (name: string): string => `${arm}/${name}`;
  await saveConstitution(join(run.folder, arm, "constitution.yaml"), constitution);
  const rows = { runSeed: run.seed };
  const revisions = await reviseStage(pipeline, {
    name: stage("revise"),
    after: ["answer"],
    model: config.model,
    constitution,
    prompts: train.filter(isHarmful),
    answers,
    ...config.revise,
    sampling,
    seedStage: "revise",
  });
  const revised = sftRowsFromRevisions(revisions, {
    ...rows,
    stage: stage("sl"),
    which: config.sft.revisions,
  });
  const helpful = sftRowsFromReplies(train, answers, { ...rows, stage: stage("sl") });
  const sl = await sftStage(pipeline, {
    name: stage("sl"),
    after: [stage("revise")],
    model: config.model,
    rows: mixSftRows(revised.rows, helpful.rows, { ...rows, stage: stage("sl") }),
    settings: config.sft,
  });
  const labels = await labelStage(pipeline, {
    name: stage("label"),
    after: [stage("sl")],
    policy: sl,
    judge: config.judge ?? config.model,
    constitution,
    prompts: train,
    sampling: { ...sampling, ...config.label },
    seedStage: "label",
  });
  const preferences = preferenceRows(labels, { ...rows, stage: stage("label") }).rows;
  const trained = { after: [stage("sl"), stage("label")], model: sl, rows: preferences };
  const rewardModel = await rewardStage(pipeline, {
    ...trained,
    name: stage("reward"),
    settings: config.reward,
  });
  await dpoStage(pipeline, { ...trained, name: stage("dpo"), settings: config.dpo });
  await ppoStage(pipeline, {
    name: stage("rl"),
    after: [stage("sl"), stage("reward")],
    model: sl,
    rewardModel,
    prompts: train,
    maxTokens: sampling.maxTokens,
    settings: config.ppo,
    measure: goodhartMeasure({
      name: stage("rl"),
      prompts: shared.test.filter(isHarmful).slice(0, goodhartPrompts),
      maxTokens: sampling.maxTokens,
      temperature: sampling.temperature,
      every: config.ppo.measureEvery,
      steps: config.ppo.steps,
    }),
  });
  const goodhart: GoodhartRecord[] =
    config.ppo.measureEvery === 0
      ? []
      : await readRecords(join(run.folder, arm, "rl", "goodhart.jsonl"), goodhartRecordSchema);
  const heldOut = await readRecords(
    join(run.folder, arm, "reward", "held-out.jsonl"),
    rewardPairRecordSchema,
  );
  return { constitution, revisions, labels, heldOut, goodhart };
};

const evaluatedModels = (folder: string, config: RunConfig): EvaluatedModel[] => [
  { arm: "base", model: "base", name: config.model },
  ...config.arms.flatMap((arm) =>
    ["sl", "dpo", "rl"].map((model) => ({ arm, model, name: join(folder, arm, model, "model") })),
  ),
];

const share = async (pipeline: Pipeline, config: RunConfig): Promise<Shared> => {
  const prompts = await promptStage(pipeline, {
    source: config.prompts,
    train: config.train,
    test: config.test,
  });
  const train = prompts.filter(({ split }) => split === "train");
  const test = prompts.filter(({ split }) => split === "test");
  requireMeasurable(prompts);
  if (!train.some(isHarmful) || test.length === 0) {
    throw new UserError(
      "prompts-incomplete",
      `The run has ${train.filter(isHarmful).length} harmful training prompts and ${test.length} test prompts; it needs at least one of each. Raise train.harmful and the test counts, or mark rows of the file with "kind": "harmful".`,
    );
  }
  const answers = await answerStage(pipeline, {
    name: "answer",
    after: ["prompts"],
    model: config.model,
    prompts: train,
    sampling: config.sampling,
  });
  return { config, train, test, answers };
};

const execute = async (config: RunConfig, context: RecipeContext) => {
  trainableFolder(config.model);
  const document = await loadConstitution(config.constitution);
  if (config.arms.includes("inverted")) invert(document);
  await using pipeline = await openStages("run", config, context, stagesOf(config), document);
  const { run } = pipeline;
  const shared = await share(pipeline, config);
  const records = new Map<ArmName, ArmRecords>();
  for (const arm of config.arms)
    records.set(arm, await runArm(pipeline, shared, arm, constitutionUnder(document, arm === "inverted")));
  const verdicts = await evaluationStage(pipeline, {
    after: config.arms.flatMap((arm) => ["sl", "dpo", "rl"].map((model) => `${arm}/${model}`)),
    models: evaluatedModels(run.folder, config),
    prompts: shared.test,
    sampling: config.sampling,
  });
  const arms: Record<string, ArmMetrics> = {};
  for (const [arm, own] of records) arms[arm] = armMetrics(arm, own, verdicts, shared.train, run.seed);
  const differences = runDifferences(config.arms, verdicts, run.seed);
  const metrics: MetricsDocument = { seed: run.seed, arms, differences, seconds: await run.seconds() };
  await run.write("metrics.json", metrics);
  const { path } = await writeReport(run.folder);
  await run.finish();
  return { lines: describeRun(metrics, path), document: { report: path, folder: run.folder, metrics } };
};

/** `covenant run`. */
export const recipe: Recipe<typeof runSchema> = {
  command: ["run"],
  summary: "the whole of Constitutional AI, under a constitution and under its inversion, with a report",
  schema: runSchema,
  flags: {
    out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
    seed: { path: "seed", description: "seed of the whole run", placeholder: "number" },
    model: { path: "model", description: "model to start from", placeholder: "name" },
    judge: { path: "judge", description: "model that labels", placeholder: "name" },
    constitution: { path: "constitution", description: "library name or YAML file", placeholder: "name" },
    prompts: { path: "prompts", description: 'JSONL file, or "sandbox"', placeholder: "file" },
  },
  plan: async (config) => planRun(config),
  run: execute,
};
