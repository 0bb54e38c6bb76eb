// `covenant revise`: answers of a model to prompts, n rounds of critique and revision under a constitution, and the
// rows that `covenant train sft` learns from.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution } from "../constitution/index.ts";
import { UserError } from "../core/index.ts";
import { mixSftRows, sftRowsFromReplies, sftRowsFromRevisions } from "../feedback/index.ts";
import { isEndpoint, priceOfModel } from "../models/index.ts";
import {
  type PromptRecord,
  type ReplyRecord,
  type RevisionRecord,
  type SftRow,
  sftRowSchema,
} from "../records/index.ts";
import {
  countFinishes,
  describeFinishes,
  describeSpent,
  describeUnrevised,
  spentInRun,
} from "./data-summary.ts";
import { dataFlags, loadFlag, modelFlag, runFlags } from "./flags.ts";
import { datasetFolder } from "./folders.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planOf, planReplies, planRevisions } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { describeFailing, planOne, reviseOne } from "./revise-one.ts";
import {
  askedLoadSetting,
  callSettings,
  constitutionSetting,
  modelName,
  modelSetting,
  outSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  reviseSettings,
  samplingSettings,
  seedSetting,
  sftMixSettings,
} from "./settings.ts";
import { constitutionUnder } from "./stages/arms.ts";
import { answerStage, reviseStage } from "./stages/data.ts";
import { type LeftOutCounts, sumLeftOut } from "./stages/left-out.ts";
import { gatherOneSide, oneSidedStage } from "./stages/prompts.ts";
import {
  fewShotsFile,
  loadExamples,
  requireLearnable,
  revisedBy,
  revisionExtras,
} from "./stages/revising.ts";
import { rowsStage } from "./stages/rows.ts";
import { counted } from "./wording.ts";

export const reviseSchema = z.strictObject({
  out: outSetting("runs/revise"),
  seed: seedSetting,
  model: modelSetting,
  critic: modelName.optional().describe("model that criticises and revises; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompt: z
    .string()
    .regex(/\S/, "expected a text that is not blank")
    .optional()
    .describe("one prompt, shown step by step in place of a run; nothing is written"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(20, 0, 0),
  sampling: samplingSettings,
  revise: reviseSettings,
  helpful: z
    .enum(["keep", "revise"])
    .default("keep")
    .describe(
      "answers to prompts marked harmless or lookalike: kept and learned as they are, or revised too",
    ),
  sft: z.strictObject(sftMixSettings).prefault({}),
  load: askedLoadSetting,
  ...callSettings,
});
type ReviseConfig = z.output<typeof reviseSchema>;

const stages = ["prompts", "answer", "revise", "rows"];

const isRevised =
  ({ helpful }: ReviseConfig) =>
  ({ kind }: PromptRecord): boolean =>
    helpful === "revise" || kind === undefined || kind === "harmful";

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: ReviseConfig, context: RecipeContext) => {
  const document = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
  const constitution = revisedBy(document, config.revise, config.seed);
  const examples = await loadExamples(config.revise);
  requireLearnable(config.sft.revisions, config.revise);
  const prompts = await gatherOneSide(config, "train");
  if (!prompts.used.some(isRevised(config))) {
    throw new UserError(
      "prompts-not-revised",
      `None of ${counted(prompts.used.length, "prompt")} is to be revised: all are marked harmless or lookalike. Give harmful ones too, or --set helpful=revise.`,
    );
  }
  const inputs = await checkInputs(
    {
      models: {
        model: [config.model, "asked"],
        ...(config.critic === undefined ? {} : { critic: [config.critic, "asked"] as const }),
      },
      files: { ...promptFile(config.prompts), ...fewShotsFile(config.revise) },
      constitution,
      calls: config,
      load: config.load,
    },
    context,
  );
  return { constitution, examples, prompts, inputs, request: { name: "revise", config, stages, inputs } };
};

/** Rows of the revisions, and of the answers that were kept as they are. */
const rowsOf = (
  config: ReviseConfig,
  prompts: readonly PromptRecord[],
  answers: readonly ReplyRecord[],
  revisions: readonly RevisionRecord[],
): { rows: SftRow[]; kept: number; leftOut: LeftOutCounts } => {
  const options = { runSeed: config.seed, stage: "rows" };
  const unrevised = prompts.filter((prompt) => !isRevised(config)(prompt));
  const revised = sftRowsFromRevisions(revisions, { ...options, which: config.sft.revisions });
  const helpful = sftRowsFromReplies(unrevised, answers, options);
  return {
    rows: mixSftRows(revised.rows, helpful.rows, options),
    kept: helpful.rows.length,
    leftOut: sumLeftOut(revised.leftOut, helpful.leftOut),
  };
};

/** One chain as a person reads it. */
const showChain = ({ messages, answer, steps }: RevisionRecord): string[] => [
  "",
  `Prompt:    ${messages.at(-1)?.content ?? ""}`,
  `Answer:    ${answer}`,
  ...steps.flatMap(({ round, principle, critique, revision }) => [
    `Round ${round} (${principle})`,
    ...(critique === "" ? [] : [`  Critique: ${critique}`]),
    `  Revision: ${revision}`,
  ]),
];

const describeNext = (config: ReviseConfig, rows: readonly SftRow[]): string[] => {
  if (rows.length === 0) return ["No revision ended as a whole reply, so there are no rows to learn from."];
  const data = ["--data", join(config.out, "rows", "sft.jsonl")];
  const model = isEndpoint(config.model) ? ["--model", "./a-model-folder"] : ["--model", config.model];
  return nextCommands(["train", "sft", ...model, ...data], ["export", "dataset", config.out]);
};

/** The rows, the share of kept answers among them where there are both, and what comes next. */
const describeRows = (config: ReviseConfig, rows: readonly SftRow[], kept: number): string[] => [
  `${counted(rows.length, "training row")}: ${join(config.out, "rows", "sft.jsonl")}`,
  ...(kept === 0 || kept === rows.length
    ? []
    : [`Of the rows ${Math.round((100 * kept) / rows.length)} % are kept answers to harmless prompts.`]),
  ...describeNext(config, rows),
];

const execute = async (config: ReviseConfig, context: RecipeContext) => {
  const { constitution, examples, prompts: gathered, request } = await prepare(config, context);
  await using pipeline = await openStages(request, context);
  const prompts = await oneSidedStage(pipeline, gathered);
  const { model, sampling } = config;
  const asked = { model, prompts, sampling };
  const answers = await answerStage(pipeline, { ...asked, name: "answer", after: ["prompts"] });
  const revised = prompts.filter(isRevised(config));
  const revisions = await reviseStage(pipeline, {
    ...asked,
    name: "revise",
    model: config.critic ?? model,
    after: ["answer"],
    constitution,
    prompts: revised,
    answers,
    ...config.revise,
    examples,
  });
  const { rows, kept, leftOut } = rowsOf(config, prompts, answers, revisions);
  const rowsFile = await rowsStage(pipeline, {
    after: ["answer", "revise"],
    inputs: { revisions: config.sft.revisions, helpful: config.helpful },
    file: "sft.jsonl",
    schema: sftRowSchema,
    rows,
    leftOut,
    what: "text",
  });
  await pipeline.run.finish();
  const { folder } = pipeline.run;
  const answered = countFinishes(answers);
  const steps = countFinishes(revisions.flatMap((chain) => chain.steps));
  const wanted = new Set(revised.map(({ id }) => id));
  const toRevise = answers.filter(({ prompt }) => wanted.has(prompt));
  const spent = await spentInRun(folder, stages);
  return {
    lines: [
      ...revisions.slice(0, 3).flatMap(showChain),
      "",
      describeFinishes(answered, sampling.maxTokens, "answer"),
      describeFinishes(steps, sampling.maxTokens, "revision"),
      ...describeUnrevised(toRevise, revisions.length),
      ...describeFailing(revisions),
      ...describeSpent(spent),
      `${counted(revisions.length, "chain")}: ${join(config.out, "revise", "revisions.jsonl")}`,
      ...describeRows(config, rows, kept),
    ],
    document: {
      folder,
      revisions: join(folder, "revise", "revisions.jsonl"),
      rows: rowsFile,
      prompts: prompts.length,
      chains: revisions.length,
      trainingRows: rows.length,
      keptAnswers: kept,
      finishes: { answers: answered, revisions: steps },
      spent,
    },
  };
};

/** `covenant revise`. */
export const recipe: Recipe<typeof reviseSchema> = {
  command: ["revise"],
  summary: "answer prompts, then criticise and revise the answers by a constitution",
  schema: reviseSchema,
  fromEnvironment: datasetFolder("revise"),
  flags: {
    ...runFlags,
    model: modelFlag("model that answers and revises"),
    load: loadFlag("load"),
    critic: {
      path: "critic",
      description: "model that criticises and revises; default: the model itself",
      placeholder: "name",
    },
    ...dataFlags,
    prompt: {
      path: "prompt",
      description: "one prompt, shown step by step; nothing is written",
      placeholder: "text",
    },
    rounds: { path: "revise.rounds", description: "rounds of critique and revision", placeholder: "number" },
    "few-shots": {
      path: "revise.fewShots",
      description: "worked examples, shown before every request",
      placeholder: "file",
    },
    recheck: {
      path: "revise.recheck",
      description: "test the last reply against every principle; further rounds at most",
      placeholder: "number",
    },
  },
  continuation: ({ prompt }) =>
    prompt === undefined ? undefined : { continues: false, text: "The same command begins anew." },
  async plan(config, context) {
    if (config.prompt !== undefined) return planOne(config, config.prompt, context);
    const { constitution, examples, prompts, inputs, request } = await prepare(config, context);
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const [price, criticPrice] = [config.model, config.critic ?? config.model].map((name) =>
      priceOfModel(config.prices, name),
    );
    const critic = inputs.speeds[config.critic === undefined ? "model" : "critic"]!;
    const revised = prompts.used.filter(isRevised(config));
    return planOf([
      planReplies("answer", prompts.used, { maxTokens, speed: inputs.speeds["model"]!, price }),
      planRevisions("revise", revised, constitution, {
        ...config.revise,
        ...revisionExtras({ examples }),
        maxTokens,
        speed: critic,
        price: criticPrice,
      }),
    ]);
  },
  run: (config, context) =>
    config.prompt === undefined ? execute(config, context) : reviseOne(config, config.prompt, context),
};
