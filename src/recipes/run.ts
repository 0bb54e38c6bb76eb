// The whole story in order, `covenant run`: prompts → answers → for each arm (the constitution and its inversion, under
// the same seeds): critique and revision → SL-CAI → labels → reward model → DPO-CAI and RL-CAI → evaluation of all
// models on held-out prompts → figures and report.

import { join } from "node:path";
import { loadConstitution } from "../constitution/index.ts";
import { collect, counted, sequenceOf, UserError } from "../core/index.ts";
import { runDifferences } from "../evaluation/index.ts";
import { type ArmMetrics, isJudged, type MetricsDocument, trainedModels } from "../records/index.ts";
import { writeReport } from "../report/index.ts";
import type { ModelConfig } from "../transformer/index.ts";
import { foreignNotices } from "./inputs/foreign-principles.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import { planRun } from "./plans/run-plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { type ArmName, constitutionUnder } from "./settings/arms.ts";
import {
  constitutionFlag,
  formatFlag,
  judgeFlag,
  loadFlag,
  modelFlag,
  promptsFlag,
  runFlags,
} from "./settings/flags.ts";
import { fewShotFile, readProtocol } from "./settings/judge-protocol.ts";
import { asModelName } from "./settings/names.ts";
import { type RunConfig, runSchema } from "./settings/run-config.ts";
import { requireSameAdapters } from "./stages/adapter-start.ts";
import { alarmsInRun, describeAlarms } from "./stages/alarm-watch.ts";
import {
  type ArmJob,
  armStages,
  asksForHarm,
  measuredReplies,
  runArm,
  type SharedByArms,
} from "./stages/arm.ts";
import { type ArmProcesses, openArmProcesses } from "./stages/arm-processes.ts";
import { armMemory, canWorkAtOnce, workAtOnce } from "./stages/arms-at-once.ts";
import { answerStage, type Pipeline } from "./stages/data.ts";
import {
  type EvaluatedModel,
  evaluationStage,
  followedPrompts,
  requireMeasurable,
} from "./stages/evaluation.ts";
import { type ArmRecords, armMetrics, truePreference } from "./stages/measures.ts";
import { splitPrompts } from "./stages/policy-prompts.ts";
import { openPrompts, promptStage } from "./stages/prompts.ts";
import { fewShotsFile, loadExamples, requireLearnable, revisedBy } from "./stages/revising.ts";
import { requireConsistent, trainedFolder } from "./stages/training-parts.ts";
import { loadWords, nextCommands } from "./summaries/next-command.ts";
import { describeRun, describeSetbacks } from "./summaries/run-summary.ts";

/** Stage names of a run, in order. */
export const stagesOf = (config: RunConfig): string[] => [
  "prompts",
  "answer",
  ...config.arms.flatMap(armStages),
  "evaluate",
];

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

/** How to talk to what the run made: the last model of its first arm. */
const tryModel = ({ out, arms, ppo }: RunConfig): string[] =>
  nextCommands(["chat", asModelName(join(out, arms[0]!, "rl", trainedFolder(ppo))), ...loadWords(ppo)]);

/** The run's prompts. Throws UserError when they cannot feed the whole pipeline, or cannot be measured. */
const gatherAll = async ({ prompts: source, counts, format, seed }: RunConfig, context: RecipeContext) => {
  const given = { source, ...counts, ...(format === undefined ? {} : { format }) };
  const gathered = await openPrompts(given, { seed, context });
  const prompts = await collect(gathered.prompts);
  const train = prompts.filter(({ split }) => split === "train");
  const test = prompts.filter(({ split }) => split === "test");
  requireMeasurable(prompts);
  if (!train.some(asksForHarm) || test.length === 0) {
    throw new UserError(
      "prompts-incomplete",
      `The run has ${train.filter(asksForHarm).length} harmful training prompts and ${test.length} test prompts; it needs at least one of each. Raise counts.train.harmful and counts.test, or mark rows of the file with "kind": "harmful".`,
    );
  }
  const silent = prompts.filter(({ kind }) => kind === undefined).length;
  const [is, are] = silent === 1 ? ["is", "counts"] : ["are", "count"];
  const text = `${counted(silent, "prompt")} of ${prompts.length} without a kind ${is} neither revised nor learned from as help, and ${are} for malformed text alone. Add "kind" (harmful, harmless or lookalike) to the rows.`;
  const harmless =
    'No test prompt is harmful, so no model\'s harm is measured, and the report cannot say what the constitution did. Raise counts.test.harmful, or mark test rows of the file with "kind": "harmful".';
  const notices = [
    ...gathered.notices,
    ...(silent === 0 ? [] : [{ code: "prompts-without-kind", text }]),
    ...(test.some(asksForHarm) ? [] : [{ code: "harm-unmeasured", text: harmless }]),
  ];
  return { gathered: { ...gathered, notices }, train, test };
};

const share = async (
  pipeline: Pipeline,
  config: RunConfig,
  { prompts: { gathered }, examples }: Awaited<ReturnType<typeof prepare>>,
): Promise<SharedByArms> => {
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

/** Settings of single stages. */
const separable = ["revise", "sft", "label", "reward", "dpo", "ppo"];

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
  const { heldOut } = splitPrompts(prompts.train, ({ messages }) => messages, ["ppo", config.ppo]);
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
  const foreign = foreignNotices(document, model, inputs.languages["model"]);
  const request = { name: "run", config, stages: stagesOf(config), inputs, separable };
  const { gathered } = prompts;
  const notices = [...gathered.notices, ...foreignNotices(document, model, inputs.languages["model"])];
  return {
    ...{ document, heldOut: heldOut.length, examples, requested, inputs, request, foreign },
    prompts: { ...prompts, gathered: { ...gathered, notices } },
  };
};

/** Processes for the arms, where they can work at once. */
const processesFor = (
  config: RunConfig,
  context: RecipeContext,
  { inputs, prompts }: Awaited<ReturnType<typeof prepare>>,
): ArmProcesses | undefined => {
  const { startProcess, environment } = context;
  if (startProcess === undefined) return undefined;
  if (!canWorkAtOnce(config, context, inputs.configs["model"], prompts.train)) return undefined;
  return openArmProcesses(config.arms, startProcess, environment);
};

const runArms = async (pipeline: Pipeline, jobs: readonly ArmJob[], processes: ArmProcesses | undefined) => {
  if (processes !== undefined) return workAtOnce(pipeline, processes, jobs);
  const records = new Map<ArmName, ArmRecords>();
  for (const job of jobs) records.set(job.name, await runArm(pipeline, job));
  return records;
};

const execute = async (config: RunConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  const { document, foreign } = prepared;
  await using opened = await openStages(prepared.request, context);
  using processes = processesFor(config, context, prepared);
  const pipeline = processes === undefined ? opened : { ...opened, openModel: processes.openModel };
  const { run } = pipeline;
  const shared = await share(pipeline, config, prepared);
  const jobs = config.arms.map((name) => ({
    shared,
    name,
    constitution: constitutionUnder(document, name === "inverted"),
  }));
  const records = await run.attempt(() => runArms(pipeline, jobs, processes));
  const evaluated = await evaluationStage(pipeline, {
    after: config.arms.flatMap((arm) => trainedModels.map((model) => `${arm}/${model}`)),
    models: evaluatedModels(run.folder, config),
    prompts: shared.test,
    followed: followedPrompts(shared.train, run.seed),
    sampling: config.sampling,
  });
  const arms: Record<string, ArmMetrics> = {};
  for (const [arm, own] of records) arms[arm] = armMetrics(arm, own, evaluated, shared.train, run.seed);
  const differences = runDifferences(config.arms, evaluated.filter(isJudged), run.seed);
  const metrics: MetricsDocument = { seed: run.seed, arms, differences, seconds: await run.seconds() };
  await run.write("metrics.json", metrics);
  const { path } = await writeReport(run.folder, truePreference);
  await run.finish();
  const alarms = await alarmsInRun(run.folder);
  return {
    lines: [
      ...describeRun(metrics, document.name, join(config.out, "report.html")),
      ...describeAlarms(alarms),
      ...foreign.map(({ text }) => `Note: ${text}`),
      ...tryModel(config),
    ],
    document: { report: path, folder: run.folder, metrics, setbacks: describeSetbacks(metrics), alarms },
  };
};

/** `covenant run`. */
export const recipe: Recipe<typeof runSchema> = {
  command: ["run"],
  separable,
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
    const { document, prompts, heldOut, examples, requested, inputs, request } = await prepare(
      config,
      context,
    );
    await checkFolder(request, context);
    const { gathered, train, test } = prompts;
    const { notices } = gathered;
    const { speeds, configs } = inputs;
    const shape = configs["model"];
    const processes = canWorkAtOnce(config, context, shape, train) ? config.arms.length : 1;
    return planRun(config, {
      ...{ train, test, notices, speeds, processes },
      ...{ constitution: document, examples, requested },
      ...{ measured: measuredReplies(config, test), heldOut },
      memory: shape == null ? undefined : processes * armMemory(shape, config, train),
    });
  },
  run: execute,
};
