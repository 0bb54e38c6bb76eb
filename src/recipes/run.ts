// The whole story in order, `covenant run`: prompts → answers → for each arm (the constitution and its inversion, under
// the same seeds): critique and revision → SL-CAI → labels → reward model → DPO-CAI and RL-CAI → evaluation of all
// models on held-out prompts → figures and report.

import { join } from "node:path";
import { constitutionFor, loadConstitution, saveConstitution } from "../constitution/index.ts";
import { collect, sequenceOf, UserError } from "../core/index.ts";
import { runDifferences } from "../evaluation/index.ts";
import {
  mixSftRows,
  preferenceRows,
  type RequestedProtocol,
  sftRowsFromReplies,
  sftRowsFromRevisions,
} from "../feedback/index.ts";
import {
  type ArmMetrics,
  type Constitution,
  type GoodhartRecord,
  goodhartRecordSchema,
  type MetricsDocument,
  type PromptRecord,
  type ReplyRecord,
  type RevisionExample,
  rewardPairRecordSchema,
  trainedModels,
} from "../records/index.ts";
import { writeReport } from "../report/index.ts";
import { readRecords } from "../runs/index.ts";
import type { ModelConfig } from "../transformer/index.ts";
import {
  constitutionFlag,
  formatFlag,
  judgeFlag,
  loadFlag,
  modelFlag,
  promptsFlag,
  runFlags,
} from "./flags.ts";
import { fewShotFile, readProtocol } from "./judge-protocol.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { type RunConfig, runSchema } from "./run-config.ts";
import { planRun } from "./run-plan.ts";
import { describeRun } from "./run-summary.ts";
import { requireSameAdapters } from "./stages/adapter-start.ts";
import { alarmsInRun, describeAlarms } from "./stages/alarm-watch.ts";
import { type ArmName, constitutionUnder } from "./stages/arms.ts";
import { answerStage, labelStage, type Pipeline, reviseStage } from "./stages/data.ts";
import { type EvaluatedModel, evaluationStage, requireMeasurable } from "./stages/evaluation.ts";
import { goodhartMeasure } from "./stages/goodhart.ts";
import { sumLeftOut } from "./stages/left-out.ts";
import { type ArmRecords, armMetrics } from "./stages/measures.ts";
import { ppoStage } from "./stages/ppo.ts";
import { dpoStage, rewardStage } from "./stages/preferences.ts";
import { openPrompts, promptStage } from "./stages/prompts.ts";
import { fewShotsFile, loadExamples, requireLearnable, revisedBy } from "./stages/revising.ts";
import { sftStage } from "./stages/sft.ts";
import { requireConsistent, trainedFolder } from "./stages/training-parts.ts";

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
  /** Worked examples of revision from a file, where one is named. */
  readonly examples: readonly RevisionExample[] | undefined;
};

/** Replies that each point of the Goodhart curve is made of. */
const goodhartPrompts = 64;

const isHarmful = ({ kind }: PromptRecord): boolean => kind === "harmful";

/** An arm at work: where it writes, under which constitution. */
type Arm = {
  readonly pipeline: Pipeline;
  readonly shared: Shared;
  readonly constitution: Constitution;
  readonly requested: RequestedProtocol;
  /** The full name of one of its stages. */
  stage(name: string): string;
};

/** Critique and revision, then SL-CAI; resolves to the chains and the model. */
const learnSupervised = async ({ pipeline, shared, constitution, stage }: Arm) => {
  const { config, train, answers, examples } = shared;
  const options = { runSeed: pipeline.run.seed, stage: stage("sl") };
  const revised = await reviseStage(pipeline, {
    name: stage("revise"),
    after: ["answer"],
    model: config.model,
    constitution: revisedBy(constitution, config.revise, config.seed),
    prompts: sequenceOf(train),
    answers: sequenceOf(answers),
    isRevised: isHarmful,
    ...config.revise,
    examples,
    sampling: config.sampling,
    seedStage: "revise",
  });
  const revisions = await collect(revised);
  const learned = sftRowsFromRevisions(revisions, { ...options, which: config.sft.revisions });
  const helpful = sftRowsFromReplies(train, answers, options);
  const model = await sftStage(pipeline, {
    name: stage("sl"),
    after: [stage("revise")],
    model: config.model,
    rows: mixSftRows(learned.rows, helpful.rows, options),
    leftOut: sumLeftOut(learned.leftOut, helpful.leftOut),
    settings: config.sft,
  });
  return { revisions, model };
};

/** Labels of pairs of the SL-CAI model's replies, by the judge; and the replies. */
const labelPairs = async ({ pipeline, shared, constitution, requested, stage }: Arm, policy: string) => {
  const { config, train } = shared;
  const labelled = await labelStage(pipeline, {
    name: stage("label"),
    after: [stage("sl")],
    policy,
    judge: config.judge ?? config.model,
    constitution: constitutionFor(constitution, "judge"),
    prompts: sequenceOf(train),
    sampling: { ...config.sampling, temperature: config.label.temperature },
    samples: config.label.samples,
    requested,
    seedStage: "label",
  });
  return { labels: await collect(labelled.labels), samples: await collect(labelled.samples) };
};

/** Reward model, DPO-CAI and RL-CAI, all from the SL-CAI model. */
const learnFromLabels = async (
  arm: Arm,
  model: string,
  { labels, samples }: Awaited<ReturnType<typeof labelPairs>>,
): Promise<void> => {
  const { pipeline, shared, stage } = arm;
  const { config, train, test } = shared;
  const learning = (name: string) => {
    const { hard } = config.label;
    const learned = preferenceRows(labels, { runSeed: pipeline.run.seed, stage: name, samples, hard });
    return { name, after: [stage("sl"), stage("label")], model, ...learned };
  };
  const reward = { ...learning(stage("reward")), settings: config.reward };
  const rewardModel = await rewardStage(pipeline, reward);
  await dpoStage(pipeline, { ...learning(stage("dpo")), settings: config.dpo });
  const { maxTokens, temperature } = config.sampling;
  await ppoStage(pipeline, {
    name: stage("rl"),
    after: [stage("sl"), stage("reward")],
    model,
    rewardModel,
    prompts: train,
    maxTokens,
    settings: config.ppo,
    measure: goodhartMeasure({
      name: stage("rl"),
      prompts: test.filter(isHarmful).slice(0, goodhartPrompts),
      maxTokens,
      temperature,
      every: config.ppo.measureEvery,
      steps: config.ppo.steps,
    }),
  });
};

/** One arm from its constitution to its three models; gives what the figures are made of. */
const runArm = async (
  pipeline: Pipeline,
  shared: Shared,
  name: ArmName,
  constitution: Constitution,
): Promise<ArmRecords> => {
  const requested = await readProtocol(shared.config.label, constitution);
  const arm: Arm = { pipeline, shared, constitution, requested, stage: (stage) => `${name}/${stage}` };
  const folder = join(pipeline.run.folder, name);
  await saveConstitution(join(folder, "constitution.yaml"), constitution);
  const { revisions, model } = await learnSupervised(arm);
  const labelled = await labelPairs(arm, model);
  await learnFromLabels(arm, model, labelled);
  const goodhart: GoodhartRecord[] =
    shared.config.ppo.measureEvery === 0
      ? []
      : await readRecords(join(folder, "rl", "goodhart.jsonl"), goodhartRecordSchema);
  const heldOut = await readRecords(join(folder, "reward", "held-out.jsonl"), rewardPairRecordSchema);
  return { constitution, revisions, labels: labelled.labels, heldOut, goodhart };
};

/** A run's models, with the folders that their trainings write: an adapter's, where its base is held in fewer bits. */
export const evaluatedModels = (folder: string, config: RunConfig): EvaluatedModel[] => {
  const written = {
    sl: trainedFolder(config.sft),
    dpo: trainedFolder(config.dpo),
    rl: trainedFolder(config.ppo),
  };
  return [
    { arm: "base", model: "base", name: config.model },
    ...config.arms.flatMap((arm) =>
      trainedModels.map((model) => ({ arm, model, name: join(folder, arm, model, written[model]) })),
    ),
  ];
};

/** The run's prompts. Throws UserError when they cannot feed the whole pipeline, or cannot be measured. */
const gatherAll = async ({ prompts: source, counts, format, seed }: RunConfig, context: RecipeContext) => {
  const given = { source, ...counts, ...(format === undefined ? {} : { format }) };
  const gathered = await openPrompts(given, { seed, context });
  const prompts = await collect(gathered.prompts);
  const train = prompts.filter(({ split }) => split === "train");
  const test = prompts.filter(({ split }) => split === "test");
  requireMeasurable(prompts);
  if (!train.some(isHarmful) || test.length === 0) {
    throw new UserError(
      "prompts-incomplete",
      `The run has ${train.filter(isHarmful).length} harmful training prompts and ${test.length} test prompts; it needs at least one of each. Raise counts.train.harmful and counts.test, or mark rows of the file with "kind": "harmful".`,
    );
  }
  return { gathered, train, test };
};

const share = async (
  pipeline: Pipeline,
  config: RunConfig,
  { prompts: { gathered }, examples }: Awaited<ReturnType<typeof prepare>>,
): Promise<Shared> => {
  const prompts = await collect(await promptStage(pipeline, gathered));
  const train = prompts.filter(({ split }) => split === "train");
  const test = prompts.filter(({ split }) => split === "test");
  const answers = await answerStage(pipeline, {
    name: "answer",
    after: ["prompts"],
    model: config.model,
    prompts: sequenceOf(train),
    sampling: config.sampling,
  });
  return { config, train, test, answers: await collect(answers), examples };
};

/** Throws UserError where a training could not go on with the adapter that fine-tuning leaves. */
const requireChain = ({ sft, reward, dpo, ppo }: RunConfig, shape: ModelConfig | null | undefined): void => {
  if (shape == null || trainedFolder(sft) !== "adapter" || sft.lora === undefined) return;
  for (const [block, { lora }] of Object.entries({ reward, dpo, ppo }))
    if (lora !== undefined) requireSameAdapters(shape, ["sft", sft.lora], [block, lora]);
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: RunConfig, context: RecipeContext) => {
  for (const block of ["sft", "reward", "dpo", "ppo"] as const) requireConsistent(config[block], block);
  const document = await loadConstitution(config.constitution);
  for (const arm of config.arms) {
    const constitution = constitutionUnder(document, arm === "inverted", "judge");
    revisedBy(constitution, config.revise, config.seed);
  }
  requireLearnable(config.sft.revisions, config.revise);
  const examples = await loadExamples(config.revise);
  const prompts = await gatherAll(config, context);
  const requested = await readProtocol(config.label, document);
  const { model, judge } = config;
  const inputs = await checkInputs(
    {
      models: { model: [model, "trained"], ...(judge === undefined ? {} : { judge: [judge, "asked"] }) },
      files: {
        ...promptFile(prompts.gathered),
        ...fewShotFile(config.label),
        ...fewShotsFile(config.revise),
      },
      calls: config,
      constitution: document,
      load: config.load,
      training: config.sft,
    },
    context,
  );
  requireChain(config, inputs.configs["model"]);
  const request = { name: "run", config, stages: stagesOf(config), inputs };
  return { document, prompts, examples, requested, inputs, request };
};

const execute = async (config: RunConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { document } = prepared;
  await using pipeline = await openStages(prepared.request, context);
  const { run } = pipeline;
  const shared = await share(pipeline, config, prepared);
  const records = new Map<ArmName, ArmRecords>();
  for (const arm of config.arms)
    records.set(arm, await runArm(pipeline, shared, arm, constitutionUnder(document, arm === "inverted")));
  const verdicts = await evaluationStage(pipeline, {
    after: config.arms.flatMap((arm) => trainedModels.map((model) => `${arm}/${model}`)),
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
  const alarms = await alarmsInRun(run.folder);
  return {
    lines: [
      ...describeRun(metrics, document.name, join(config.out, "report.html")),
      ...describeAlarms(alarms),
    ],
    document: { report: path, folder: run.folder, metrics, alarms },
  };
};

/** `covenant run`. */
export const recipe: Recipe<typeof runSchema> = {
  command: ["run"],
  summary: "the whole of Constitutional AI, under a constitution and under its inversion, with a report",
  schema: runSchema,
  flags: {
    ...runFlags,
    model: modelFlag("model to start from"),
    judge: judgeFlag,
    load: loadFlag("load"),
    constitution: constitutionFlag,
    prompts: promptsFlag,
    format: formatFlag,
    arms: {
      path: "arms",
      description: "ethical (the constitution as it is written), inverted, or both with a comma between",
      placeholder: "list",
    },
  },
  async plan(config, context) {
    const { document, prompts, examples, requested, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { speeds } = inputs;
    return planRun(config, { ...prompts, constitution: document, examples, requested, speeds });
  },
  run: execute,
};
