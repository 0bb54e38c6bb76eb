// `covenant simulate contract`: people that never lived talk with assistants, rate and comment on what they write, and a
// model makes a constitution of it, run by run. What comes out is an ordinary constitution whose principles point to what was said.

import { join } from "node:path";
import { formatConstitution } from "../constitution/index.ts";
import { CovenantError, counted } from "../core/index.ts";
import type { LearnedRecord } from "../records/index.ts";
import { contractPage, learnedBesideRandom } from "../report/index.ts";
import { speedOfPart } from "./costs/model-time.ts";
import { requireFluent } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages } from "./inputs/open-stages.ts";
import { planContract, planSatisfaction } from "./plans/contract-plan.ts";
import { planOf, planWriting } from "./plans/plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
  type ContractConfig,
  contractFiles,
  contractSchema,
  isMeasured,
  loadContract,
} from "./settings/contract-settings.ts";
import { callFlags, loadFlag, modelFlag, runFlags } from "./settings/flags.ts";
import { benefitOf, measuredTasks } from "./stages/contract-benefit.ts";
import {
  type ContractPlay,
  type ContractState,
  contractRun,
  type DoneRun,
  runName,
  skippedRun,
} from "./stages/contract-run.ts";
import { chartStage, chartsOf, pageName } from "./stages/experiment-charts.ts";
import { type Satisfaction, satisfactionName } from "./stages/satisfaction.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { countCitations, noStatements } from "./stages/statements.ts";
import { readContractPage } from "./summaries/contract-page-data.ts";
import {
  countRuns,
  describeContract,
  type RunRatings,
  unreadPeople,
  writeTables,
} from "./summaries/contract-summary.ts";
import { adviceOnMetrics, describeUnasked } from "./summaries/contract-unasked.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { nextAfterSimulation } from "./summaries/next-command.ts";
import { benefitFigures } from "./summaries/satisfaction-figures.ts";
import { describeSatisfaction } from "./summaries/satisfaction-words.ts";

const runNames = ({ runs }: ContractConfig): string[] =>
  Array.from({ length: runs }, (_, at) => runName(at + 1));

const stageNames = ({ config, setup }: ContractPlay): string[] => [
  ...runNames(config),
  ...(isMeasured(config, setup) ? [satisfactionName] : []),
  "tables",
  chartStage,
];

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: ContractConfig, context: RecipeContext) => {
  const setup = await loadContract(config);
  const play = { config, setup };
  const { assistant, user, meta } = setup.models;
  const checked = await checkRequest(
    "simulate contract",
    stageNames(play),
    config,
    {
      models: {
        assistant: [assistant, "asked"],
        ...(user === assistant ? {} : { user: [user, "asked"] as const }),
        ...(meta === assistant ? {} : { meta: [meta, "asked"] as const }),
      },
      files: contractFiles(config),
      ...(setup.first.constitution === null ? {} : { constitution: setup.first.constitution }),
    },
    context,
  );
  requireFluent(play, checked.inputs);
  return { play, tasks: measuredTasks(play), checked };
};

/** All runs, one after the other; those after one that converged are not played. */
const playAll = async (pipeline: Pipeline, play: ContractPlay): Promise<DoneRun[]> => {
  const done: DoneRun[] = [];
  let state: ContractState = {
    contract: play.setup.first,
    ids: [],
    given: [],
    older: [],
    earlier: new Map(),
  };
  for (let run = 1; run <= play.config.runs; run++) {
    const last = done.at(-1);
    if (last?.converged === true) {
      await skippedRun(pipeline, run, last.run);
      continue;
    }
    const now = await contractRun(pipeline, play, state, run);
    state = now.state;
    done.push(now);
  }
  return done;
};

/** The last documents that there are, by part. */
const lastDocuments = (runs: readonly DoneRun[]): readonly LearnedRecord[] =>
  runs.findLast(({ documents }) => documents.length > 0)?.documents ?? [];

/** Where to look at what was said: a file of the first run. */
const lookAt = ({ out, runs }: ContractConfig, file: string): string =>
  `Look at ${join(out, runName(1), file)}${runs === 1 ? "" : " and those of later runs"}`;

/** The constitution that was learned. Throws CovenantError where there is none. counts: of all runs. */
const requireLearned = (
  runs: readonly DoneRun[],
  counts: readonly RunRatings[],
  play: ContractPlay,
): LearnedRecord => {
  const { config, setup } = play;
  const [first] = lastDocuments(runs);
  if (first !== undefined) return first;
  if (!runs.some(({ wasAsked }) => wasAsked))
    throw new CovenantError(
      "contract-unasked",
      describeUnasked(play, counts, lookAt(config, "ratings.jsonl")),
    );
  const { meta } = setup.models;
  const sorts = setup.metaPrompt.sorts === true;
  const look = lookAt(config, sorts ? "stances.jsonl" : "meta.jsonl");
  const wasRead = runs.some((run) => run.wasRead);
  const where = config.runs === 1 ? "" : " in any run";
  const unrated = adviceOnMetrics(counts, play);
  const nothing =
    sorts && wasRead
      ? `By what ${meta} said of the comments${where}, nobody wants anything that could stand in a constitution. ${look}; choose another roles.meta.model.`
      : sorts
        ? `Not one answer of ${meta} about the comments could be read${where}. ${look}; raise roles.meta.maxTokens where they were cut, or choose another roles.meta.model.`
        : `${meta} wrote nothing${where} that could be read as a constitution. ${look}; raise roles.meta.maxTokens where replies were cut, or choose another roles.meta.model.`;
  const advice = unrated === null ? "" : ` No rating came, either: ${unrated}`;
  throw new CovenantError("contract-none", `${nothing}${advice}`, { model: meta });
};

const figuresOf = (
  { config, setup: { speaking } }: ContractPlay,
  runs: readonly DoneRun[],
  counts: readonly RunRatings[],
  benefit: Readonly<Record<string, Satisfaction>> | null,
) => ({
  seed: config.seed,
  converged: runs.at(-1)!.converged ? runs.at(-1)!.run : null,
  ...(benefit === null ? {} : { satisfaction: benefit }),
  runs: runs.map(({ run, tasks, documents, dropped }, at) => ({
    run,
    tasks,
    comments: counts[at]!.comments,
    users: counts[at]!.users,
    all: counts[at]!.all,
    documents: [
      ...documents.map((one) => ({ ...one, principles: one.document.principles })),
      ...dropped.map((one) => ({ ...one, principles: [] })),
    ].map(({ part, state, similarity, changes, principles, count }) => ({
      ...{ part, state, similarity, principles: principles.length },
      ...(count === undefined ? {} : { count }),
      citations: countCitations(principles, speaking),
      noStatement: noStatements(
        principles.map(({ title }) => title),
        speaking,
      ),
      ...Object.fromEntries(
        ["added", "changed", "removed"].map((one) => [
          one,
          changes.filter(({ state }) => state === one).length,
        ]),
      ),
    })),
  })),
});

const execute = async (config: ContractConfig, context: RecipeContext) => {
  const { play, checked } = await prepare(config, context);
  await using pipeline = await openStages(checked.request, context);
  const { run } = pipeline;
  const runs = await playAll(pipeline, play);
  const documents = lastDocuments(runs);
  const counts = await countRuns(run.folder, play, runs);
  const learned = requireLearned(runs, counts, play);
  const benefit = await benefitOf(pipeline, play, documents, runNames(config));
  await run.stage({ name: "tables", inputs: {}, after: runNames(config) }, async (stage) => {
    await writeTables(run.folder, stage.folder, runs);
  });
  for (const { part, document } of documents) await run.write(`${part}.yaml`, formatConstitution(document));
  const figures = figuresOf(play, runs, counts, benefit);
  await run.write("metrics.json", figures);
  const page = contractPage(await readContractPage(run.folder, play, runs.at(-1)!, benefit));
  await chartsOf(run, page, [...runNames(config), "tables"]);
  await run.finish();
  const spent = await spentInRun(run.folder, [...runNames(config), satisfactionName]);
  const file = join(config.out, `${learned.part}.yaml`);
  const told = [
    ...describeContract(play, counts, runs),
    ...(benefit === null ? unreadPeople(play) : ["", ...describeBenefit(play, benefit)]),
  ];
  return {
    quoted: told.length,
    lines: [
      ...told,
      "",
      ...describeSpent(spent),
      ...documents.map(
        ({ part, document }) =>
          `${part === "constitution" ? "Constitution" : "Contract"} with ${counted(document.principles.length, part === "constitution" ? "principle" : "clause")}: ${join(config.out, `${part}.yaml`)}`,
      ),
      `Page: ${join(config.out, pageName)}; its charts: ${join(config.out, chartStage)}`,
      `Messages and ratings: ${join(config.out, "tables", "messages.csv")}, ${join(config.out, "tables", "ratings.csv")}`,
      ...nextAfterSimulation(config, file, learned.document.principles),
    ],
    document: {
      folder: run.folder,
      ...figures,
      files: Object.fromEntries(documents.map(({ part }) => [part, join(run.folder, `${part}.yaml`)])),
      documents: Object.fromEntries(documents.map(({ part, document }) => [part, document])),
      page: join(run.folder, pageName),
      tables: ["messages", "ratings"].map((name) => join(run.folder, "tables", `${name}.csv`)),
      spent,
    },
  };
};

const describeBenefit = (
  { config, setup }: ContractPlay,
  benefit: Readonly<Record<string, Satisfaction>>,
): string[] => {
  const nameOf = (user: string): string => {
    const { label, persona } = setup.cast.users.find(({ id }) => id === user)!;
    return `${label}, ${persona.name}`;
  };
  const figures = benefitFigures(benefit, config.sandbox.requests);
  const besideRandom = learnedBesideRandom(figures?.rows ?? []);
  return [
    ...describeSatisfaction(benefit, config.sandbox.requests, nameOf),
    ...(besideRandom === null ? [] : [besideRandom.text]),
  ];
};

/** `covenant simulate contract`. */
export const recipe: Recipe<typeof contractSchema> = {
  command: ["simulate", "contract"],
  summary: "simulated people talk with assistants, rate what they write, and argue a constitution into being",
  schema: contractSchema,
  flags: {
    ...runFlags,
    model: modelFlag("model of the assistants, and of users and meta-prompt where they name none"),
    load: loadFlag("load"),
    users: {
      path: "users",
      description: "how many personas take part, their ids, or all",
      placeholder: "users",
    },
    wording: {
      path: "wording",
      description: "full, or brief for the embedded model",
      placeholder: "wording",
    },
    personas: {
      path: "personas",
      description: 'file of personas, "library" or "sandbox"',
      placeholder: "file",
    },
    tasks: { path: "tasks", description: 'file of tasks, "library" or "sandbox"', placeholder: "file" },
    task: {
      path: "task",
      description: "ids of tasks with commas between, how many, or all",
      placeholder: "tasks",
    },
    runs: { path: "runs", description: "runs; each ends with a constitution", placeholder: "number" },
    turns: { path: "turns", description: "drafts in every talk of a run", placeholder: "number" },
    raters: { path: "raters", description: "how many others rate each draft, or all", placeholder: "number" },
    "meta-prompt": {
      path: "metaPrompt",
      description: "how a constitution is asked for",
      placeholder: "name",
    },
    converge: {
      path: "converge",
      description: "stop when the constitution stays the same",
      placeholder: "how",
    },
    ...callFlags,
  },
  async plan(config, context) {
    const { play, tasks, checked } = await prepare(config, context);
    await checkFolder(checked.request, context);
    const { speeds } = checked.inputs;
    const roles = {
      assistant: speedOfPart(speeds, "assistant"),
      user: speedOfPart(speeds, "user", "assistant"),
      meta: speedOfPart(speeds, "meta", "assistant"),
    };
    return planOf([
      ...planContract(play, roles),
      ...(tasks.length === 0 ? [] : [planSatisfaction(play, tasks, roles.assistant)]),
      planWriting("tables", "messages and ratings as CSV"),
    ]);
  },
  run: execute,
};
