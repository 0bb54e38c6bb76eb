// `covenant revise`: answers of a model to prompts, n rounds of critique and revision under a constitution, and the
// rows that `covenant train sft` learns from.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution, saveConstitution } from "../constitution/index.ts";
import { collect, counted, inStep, type Sequence, takeFirst, UserError } from "../core/index.ts";
import { sftRowsFromReplies, sftRowsFromRevisions } from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import {
  type PromptRecord,
  type ReplyRecord,
  type RevisionRecord,
  type SftRow,
  sftRowSchema,
} from "../records/index.ts";
import { planOne, reviseOne, revisionTold } from "./bodies/revise-one.ts";
import { foreignNotices, foreignPromptNotices } from "./inputs/foreign-principles.ts";
import { checkFolder, checkInputs, openStages, promptFile } from "./inputs/open-stages.ts";
import { countFitting } from "./plans/overlong-prompts.ts";
import { planOf, planReplies, planRevisions } from "./plans/plan.ts";
import { lettersBy } from "./plans/plan-letters.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { constitutionUnder, keptConstitution } from "./settings/arms.ts";
import { dataFlags, loadFlag, modelFlag, runFlags } from "./settings/flags.ts";
import { datasetFolder } from "./settings/folders.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
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
} from "./settings/settings.ts";
import { isOf } from "./stages/asking.ts";
import { answerStage, type Pipeline, reviseStage } from "./stages/data.ts";
import { type LeftOutCounts, sumLeftOut } from "./stages/left-out.ts";
import { openOneSide, sideStage } from "./stages/prompts.ts";
import {
  fewShotsFile,
  loadExamples,
  requireLearnable,
  revisedBy,
  revisionExtras,
} from "./stages/revising.ts";
import { mixedRows, rowsStage } from "./stages/rows.ts";
import { addReply, countSteps, noReplies, sumOver } from "./stages/tallies.ts";
import { describeFinishes, describeSpent, describeUnrevised, spentInRun } from "./summaries/data-summary.ts";
import { countFailing } from "./summaries/recheck-summary.ts";
import {
  describeCritiques,
  describeRows,
  type KeptKind,
  keptRows,
  requireRows,
} from "./summaries/revision-summary.ts";

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
  format: formatSetting,
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

/** Opens the prompts. Throws UserError where there are none of these. */
const open = async (config: ReviseConfig, context: RecipeContext) => {
  let [all, revised] = [0, 0];
  const prompts = await openOneSide(config, "train", context, (prompt) => {
    all++;
    if (isRevised(config)(prompt)) revised++;
  });
  if (revised === 0) {
    const leftOut = prompts.notices.filter(({ code }) => code === "prompts-left-out");
    throw new UserError(
      "prompts-not-revised",
      `None of ${counted(all, "prompt")} is to be revised: all are marked harmless or lookalike. ${leftOut.map(({ text }) => `${text} `).join("")}Give harmful ones too, or --set helpful=revise.`,
    );
  }
  return prompts;
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: ReviseConfig, context: RecipeContext) => {
  const document = constitutionUnder(await loadConstitution(config.constitution), config.inverted);
  const constitution = revisedBy(document, config.revise, config.seed);
  const examples = await loadExamples(config.revise);
  requireLearnable(config.sft.revisions, config.revise);
  const prompts = await open(config, context);
  const inputs = await checkInputs(
    {
      models: {
        model: [config.model, "asked"],
        ...(config.critic === undefined ? {} : { critic: [config.critic, "asked"] as const }),
      },
      files: { ...promptFile(prompts), ...fewShotsFile(config.revise) },
      constitution,
      calls: config,
      load: config.load,
    },
    context,
  );
  const { critic = config.model } = config;
  const language = inputs.languages[config.critic === undefined ? "model" : "critic"];
  const notices = [...prompts.notices, ...foreignNotices(document, critic, language)];
  return {
    constitution,
    examples,
    prompts: { ...prompts, notices },
    inputs,
    request: { name: "revise", config, stages, inputs },
  };
};

/** What a run has come to: its prompts, what was answered, and the chains of those that were revised. */
type Made = {
  readonly prompts: Sequence<PromptRecord>;
  readonly answers: Sequence<ReplyRecord>;
  readonly revisions: Sequence<RevisionRecord>;
};

/** Rows of the revisions, then of the answers that were kept as they are. onLeftOut: told of what gave none. */
async function* rowsOf(
  config: ReviseConfig,
  { prompts, answers, revisions }: Made,
  onPart: (part: "revised" | KeptKind, rows: number, leftOut: LeftOutCounts) => void = () => {},
): AsyncGenerator<SftRow> {
  const options = { runSeed: config.seed, stage: "rows" };
  for await (const revision of revisions) {
    const { rows, leftOut } = sftRowsFromRevisions([revision], { ...options, which: config.sft.revisions });
    onPart("revised", rows.length, leftOut);
    yield* rows;
  }
  for await (const [prompt, own] of inStep(prompts, answers, isOf)) {
    if (isRevised(config)(prompt)) continue;
    const { rows, leftOut } = sftRowsFromReplies([prompt], own, options);
    onPart(prompt.kind === "lookalike" ? "lookalike" : "harmless", rows.length, leftOut);
    yield* rows;
  }
}

/** Reads all of it once: how replies and steps ended, what is learned, and the first chains to show. */
const summarise = async (config: ReviseConfig, made: Made) => {
  const { prompts, answers, revisions } = made;
  const [answered, toRevise] = [noReplies(), noReplies()];
  for await (const [prompt, own] of inStep(prompts, answers, isOf))
    for (const answer of own) {
      addReply(answered, answer);
      if (isRevised(config)(prompt)) addReply(toRevise, answer);
    }
  const failing = countFailing();
  const steps = await sumOver(revisions, countSteps([]), (revision) => {
    failing.add(revision);
    return countSteps(revision.steps);
  });
  const counts = { revised: 0, harmless: 0, lookalike: 0 };
  let leftOut: LeftOutCounts = {};
  const rows = rowsOf(config, made, (part, made, left) => {
    counts[part] += made;
    leftOut = sumLeftOut(leftOut, left);
  });
  for await (const _ of rows) {
    // Only what it counts is wanted.
  }
  const first = await collect(takeFirst(revisions, 3));
  const { revised, ...kept } = counts;
  return { answered, toRevise, failing, steps, revised, kept, leftOut, first };
};

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** One chain as a person reads it. */
const showChain = ({ messages, answer, steps }: RevisionRecord): string[] => [
  "",
  `Prompt:    ${messages.at(-1)?.content ?? ""}`,
  `Answer:    ${answer}`,
  ...steps.flatMap((step, at) => [
    `Round ${step.round} (${step.principle})`,
    ...(step.critique === "" ? [] : [`  Critique: ${step.critique}`]),
    `  Revision: ${revisionTold(steps[at - 1]?.revision ?? answer, step)}`,
  ]),
];

/** All stages of the command. */
const make = async (pipeline: Pipeline, config: ReviseConfig, prepared: Prepared) => {
  const { constitution, examples } = prepared;
  const prompts = await sideStage(pipeline, prepared.prompts);
  const { model, sampling } = config;
  const asked = { prompts, sampling };
  const answers = await answerStage(pipeline, { ...asked, model, name: "answer", after: ["prompts"] });
  const revisions = await reviseStage(pipeline, {
    ...asked,
    name: "revise",
    model: config.critic ?? model,
    after: ["answer"],
    constitution,
    answers,
    isRevised: isRevised(config),
    ...config.revise,
    examples,
  });
  const made = { prompts, answers, revisions };
  const summary = await summarise(config, made);
  const rowsFile = await rowsStage(pipeline, {
    after: ["answer", "revise"],
    inputs: { revisions: config.sft.revisions, helpful: config.helpful },
    file: "sft.jsonl",
    schema: sftRowSchema,
    rows: (stage) => mixedRows(stage, rowsOf(config, made), { runSeed: config.seed, stage: "rows" }),
    count: summary.revised + keptRows(summary.kept),
    leftOut: summary.leftOut,
    what: "text",
  });
  return { prompts: prompts.count, chains: revisions.count, summary, rowsFile };
};

const execute = async (config: ReviseConfig, context: RecipeContext) => {
  const prepared = await prepare(config, context);
  await using pipeline = await openStages(prepared.request, context);
  const { prompts, chains, summary, rowsFile } = await make(pipeline, config, prepared);
  await saveConstitution(join(pipeline.run.folder, keptConstitution), prepared.constitution);
  await pipeline.run.finish();
  const { maxTokens } = config.sampling;
  const closing = { out: config.out, model: config.model, maxTokens };
  const { folder } = pipeline.run;
  const { answered, steps, revised, kept } = summary;
  const spent = await spentInRun(folder, stages);
  const document = {
    folder,
    revisions: join(folder, "revise", "revisions.jsonl"),
    rows: rowsFile,
    prompts,
    chains,
    trainingRows: revised + keptRows(kept),
    keptAnswers: keptRows(kept),
    leftOut: summary.leftOut,
    finishes: { answers: answered.finishes, revisions: steps },
    spent,
  };
  requireRows(closing, summary, document);
  const chainLines = summary.first.flatMap(showChain);
  return {
    quoted: chainLines.length,
    lines: [
      ...chainLines,
      "",
      describeFinishes(answered.finishes, maxTokens, "answer"),
      describeFinishes(steps, maxTokens, "revision"),
      ...describeCritiques(steps),
      ...describeUnrevised(summary.toRevise, chains),
      ...summary.failing.describe(),
      ...describeSpent(spent),
      `${counted(chains, "chain")}, each an answer with its revisions: ${join(config.out, "revise", "revisions.jsonl")}`,
      ...describeRows(closing, revised, kept),
    ],
    document,
  };
};

/** What of the settings is a run's alone. */
const besideOnePrompt = {
  settings: ["out", "prompts", "kind", "format", "limit", "counts", "helpful", "sft"],
  beside: "prompt",
  does: "shows how one prompt is answered and revised, and writes nothing",
  otherwise: "for a run over many prompts that writes its rows",
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
  idle: ({ prompt }) => (prompt === undefined ? undefined : besideOnePrompt),
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
    const fitting = await countFitting(prompts.used, inputs, "model", isRevised(config));
    const steps = [
      planReplies("answer", fitting.all, { maxTokens, speed: inputs.speeds["model"]!, price }),
      planRevisions("revise", fitting.wanted, constitution, {
        ...config.revise,
        ...revisionExtras({ examples }),
        maxTokens,
        speed: critic,
        ...lettersBy(config.critic ?? config.model),
        price: criticPrice,
      }),
    ];
    return planOf(steps, [
      ...prompts.notices,
      ...fitting.notices,
      ...(await foreignPromptNotices(prompts.prompts, config.model, inputs.languages["model"])),
    ]);
  },
  run: (config, context) =>
    config.prompt === undefined ? execute(config, context) : reviseOne(config, config.prompt, context),
};
