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
import { dataFlags, modelFlag, runFlags } from "./flags.ts";
import { datasetFolder } from "./folders.ts";
import { nextCommands } from "./next-command.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./open-stages.ts";
import { planOf, planReplies, planRevisions } from "./plan.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import {
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
import { rowsStage } from "./stages/rows.ts";
import { counted } from "./wording.ts";

export const reviseSchema = z.strictObject({
  out: outSetting("runs/revise"),
  seed: seedSetting,
  model: modelSetting,
  critic: modelName.optional().describe("model that criticises and revises; default: the model itself"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
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
  ...sftMixSettings,
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
  const constitution = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
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
      files: promptFile(config.prompts),
      constitution,
      calls: config,
    },
    context,
  );
  return { constitution, prompts, inputs, request: { name: "revise", config, stages, inputs } };
};

/** Rows of the revisions, and of the answers that were kept as they are. */
const rowsOf = (
  config: ReviseConfig,
  prompts: readonly PromptRecord[],
  answers: readonly ReplyRecord[],
  revisions: readonly RevisionRecord[],
): { rows: SftRow[]; leftOut: LeftOutCounts } => {
  const options = { runSeed: config.seed, stage: "rows" };
  const kept = prompts.filter((prompt) => !isRevised(config)(prompt));
  const revised = sftRowsFromRevisions(revisions, { ...options, which: config.revisions });
  const helpful = sftRowsFromReplies(kept, answers, options);
  return {
    rows: mixSftRows(revised.rows, helpful.rows, options),
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
  return nextCommands(["train", "sft", ...model, ...data]);
};

const execute = async (config: ReviseConfig, context: RecipeContext) => {
  const { constitution, prompts: gathered, request } = await prepare(config, context);
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
  });
  const { rows, leftOut } = rowsOf(config, prompts, answers, revisions);
  const rowsFile = await rowsStage(pipeline, {
    after: ["answer", "revise"],
    inputs: { revisions: config.revisions, helpful: config.helpful },
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
      ...describeSpent(spent),
      `${counted(revisions.length, "chain")}: ${join(config.out, "revise", "revisions.jsonl")}`,
      `${counted(rows.length, "training row")}: ${join(config.out, "rows", "sft.jsonl")}`,
      ...describeNext(config, rows),
    ],
    document: {
      folder,
      revisions: join(folder, "revise", "revisions.jsonl"),
      rows: rowsFile,
      prompts: prompts.length,
      chains: revisions.length,
      trainingRows: rows.length,
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
    critic: {
      path: "critic",
      description: "model that criticises and revises; default: the model itself",
      placeholder: "name",
    },
    ...dataFlags,
    rounds: { path: "revise.rounds", description: "rounds of critique and revision", placeholder: "number" },
  },
  async plan(config, context) {
    const { constitution, prompts, inputs, request } = await prepare(config, context);
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
        maxTokens,
        speed: critic,
        price: criticPrice,
      }),
    ]);
  },
  run: execute,
};
