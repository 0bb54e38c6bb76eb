// `covenant evaluate tournament`: models answer the same prompts, whatever these are, and a judge compares the answers two
// by two under a constitution, in both orders: ratings, win rates, and how far the judge can be trusted. Nothing here
// needs the sandbox's oracle, and nothing asks it.

import { join } from "node:path";
import { z } from "zod";
import { loadConstitution, saveConstitution } from "../constitution/index.ts";
import { CovenantError, inStep, mapped, type Sequence, sequence } from "../core/index.ts";
import { type Battle, outcomeOfLabel, tournament } from "../evaluation/index.ts";
import { hasOrderOf, type ReplyPair } from "../feedback/index.ts";
import { priceOfModel } from "../models/index.ts";
import type { LabelRecord, PromptKind, PromptRecord, ReplyRecord } from "../records/index.ts";
import type { StageContext } from "../runs/index.ts";
import { foreignNotices, foreignPromptNotices } from "./inputs/foreign-principles.ts";
import { checkFolder, checkRequest, openStages, promptFile } from "./inputs/open-stages.ts";
import { countPrompts, planComparisons, planOf, planReplies } from "./plans/plan.ts";
import { judgePlan, lettersBy } from "./plans/plan-letters.ts";
import type { Recipe, RecipeContext } from "./recipe.ts";
import { constitutionUnder, keptConstitution } from "./settings/arms.ts";
import { dataFlags, judgeFlag, loadFlag, runFlags } from "./settings/flags.ts";
import { fewShotFile, readProtocol } from "./settings/judge-protocol.ts";
import { judgeProtocolSettings } from "./settings/judge-protocol-settings.ts";
import { formatSetting } from "./settings/prompt-settings.ts";
import {
  askedLoadSetting,
  callSettings,
  constitutionSetting,
  modelName,
  modelNames,
  outSetting,
  promptCounts,
  promptKindSetting,
  promptsSetting,
  samplingSettings,
  seedSetting,
} from "./settings/settings.ts";
import { isOf } from "./stages/asking.ts";
import { answerStage } from "./stages/data.ts";
import { judgedStage, tryJudge } from "./stages/judging.ts";
import { openOneSide, sideStage } from "./stages/prompts.ts";
import type { Pipeline } from "./stages/stage-model.ts";
import { addCounts, addReply, countLabels, noReplies, type ReplyTally } from "./stages/tallies.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { countLabelSummary, describeCard } from "./summaries/label-summary.ts";
import { describeTournament } from "./summaries/tournament-summary.ts";

const { hard: _, ...protocolSettings } = judgeProtocolSettings;

const twoModels = "two models or more are needed, with commas between (--models ./base,./tuned)";

const tournamentSchema = z.strictObject({
  out: outSetting("runs/tournament"),
  seed: seedSetting,
  models: modelNames(twoModels)
    .min(2, twoModels)
    .describe("models that answer, two or more; the first is the anchor of the ratings"),
  judge: modelName.optional().describe("model that judges; default: the first of the models"),
  against: z
    .enum(["all", "first"])
    .default("all")
    .describe("who meets whom: every two models, or each the first alone"),
  constitution: constitutionSetting,
  inverted: z.boolean().default(false).describe("use the constitution's inversion"),
  prompts: promptsSetting,
  kind: promptKindSetting,
  format: formatSetting,
  limit: z.number().int().positive().optional().describe("at most so many prompts"),
  counts: promptCounts(40, 20, 20),
  sampling: samplingSettings,
  label: z.strictObject(protocolSettings).prefault({}),
  load: askedLoadSetting,
  ...callSettings,
});
type TournamentConfig = z.output<typeof tournamentSchema>;

const battlesName = "battles";
const answersOf = (at: number): string => `answers-${at + 1}`;

/** The places of the models that meet. */
const meetings = ({ models, against }: TournamentConfig): (readonly [number, number])[] =>
  models.flatMap((_, first) =>
    against === "first" && first > 0
      ? []
      : models.slice(first + 1).map((_, after) => [first, first + 1 + after] as const),
  );

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: TournamentConfig, context: RecipeContext) => {
  const document = await loadConstitution(config.constitution);
  const constitution = constitutionUnder(document, config.inverted, "judge");
  const { totals, add } = countPrompts();
  const prompts = await openOneSide(config, "test", context, add);
  const requested = await readProtocol(config.label, constitution);
  const judge = config.judge ?? config.models[0]!;
  const players = config.models.map((name, at) => [`models.${at}`, [name, "asked"] as const] as const);
  const stages = ["prompts", ...config.models.map((_, at) => answersOf(at)), battlesName];
  const { inputs, request } = await checkRequest(
    "evaluate tournament",
    stages,
    config,
    {
      models: { ...Object.fromEntries(players), judge: [judge, "asked"] },
      files: { ...promptFile(prompts), ...fewShotFile(config.label) },
      constitution,
    },
    context,
  );
  const foreign = foreignNotices(constitution, judge, inputs.languages["judge"]);
  const first = {
    code: "limit-of-sandbox",
    text: `--limit ${config.limit} takes the first prompts of the sandbox, and harmful ones come first. For some of each kind leave it out, and say how many: --set counts.harmful=10 --set counts.harmless=5 --set counts.lookalike=5.`,
  };
  const limited = config.prompts === "sandbox" && config.limit !== undefined ? [first] : [];
  return {
    constitution,
    prompts: { ...prompts, notices: [...prompts.notices, ...limited, ...foreign] },
    totals,
    requested,
    judge,
    inputs,
    request,
  };
};

/** Two replies to compare, with whose they are. */
type Meeting = ReplyPair & {
  readonly models: readonly [string, string];
  readonly kind: PromptKind | undefined;
};

/** Each prompt with every model's reply to it. Throws CovenantError where the answers of a model are others. */
async function* withReplies(
  prompts: AsyncIterable<PromptRecord>,
  answers: readonly AsyncIterable<ReplyRecord>[],
): AsyncGenerator<readonly [PromptRecord, readonly ReplyRecord[]]> {
  const sources = answers.map((replies) => replies[Symbol.asyncIterator]());
  try {
    for await (const prompt of prompts) {
      const replies: ReplyRecord[] = [];
      for (const [at, source] of sources.entries()) {
        const next = await source.next();
        if (next.done === true || !isOf(next.value, prompt))
          throw new CovenantError(
            "out-of-step",
            `${answersOf(at)}/answers.jsonl has no answer to ${prompt.id} in its place. Begin anew with --fresh.`,
          );
        replies.push(next.value);
      }
      yield [prompt, replies];
    }
  } finally {
    for (const source of sources) await source.return?.();
  }
}

async function* meetingsOf(
  config: TournamentConfig,
  prompts: AsyncIterable<PromptRecord>,
  answers: readonly AsyncIterable<ReplyRecord>[],
): AsyncGenerator<Meeting> {
  for await (const [{ id, kind, messages }, replies] of withReplies(prompts, answers))
    for (const [first, second] of meetings(config))
      yield {
        id: `${id}/${first + 1}-${second + 1}`,
        prompt: id,
        messages,
        replies: [replies[first]!, replies[second]!],
        models: [config.models[first]!, config.models[second]!],
        kind,
      };
}

/** What was judged before anybody has answered. */
const noLabels = { rows: async function* (): AsyncGenerator<LabelRecord> {} };

const play = async (
  pipeline: Pipeline,
  config: TournamentConfig,
  { prompts: opened, judge, constitution, requested }: Awaited<ReturnType<typeof prepare>>,
) => {
  const prompts = await sideStage(pipeline, opened);
  const answers: Sequence<ReplyRecord>[] = [];
  for (const [at, model] of config.models.entries()) {
    const asked = { name: answersOf(at), after: ["prompts"], model, prompts, sampling: config.sampling };
    // a judge that cannot be asked is to be found before anything else is paid for
    const before = async (stage: StageContext): Promise<void> => {
      await tryJudge(pipeline, stage, { judge, constitution, requested }, noLabels);
    };
    answers.push(
      await answerStage(pipeline, { ...asked, seedStage: "answers", ...(at === 0 && { before }) }),
    );
  }
  const pairs = sequence(prompts.count * meetings(config).length, () => meetingsOf(config, prompts, answers));
  const after = config.models.map((_, at) => answersOf(at));
  const labels = await judgedStage(pipeline, {
    name: battlesName,
    after,
    judge,
    constitution,
    requested,
    rates: true,
    pairs,
  });
  return { answers, pairs, labels };
};

const isOfMeeting = ({ id }: LabelRecord, meeting: Meeting): boolean => id === `${battlesName}/${meeting.id}`;

/** What came of the battles, and what is to be said of the judge and of the replies. */
const count = async (
  { models, seed }: TournamentConfig,
  { answers, pairs, labels }: Awaited<ReturnType<typeof play>>,
) => {
  const answered: Record<string, ReplyTally> = {};
  for (const [at, name] of models.entries()) {
    const tally = noReplies();
    for await (const reply of answers[at]!) addReply(tally, reply);
    answered[name] = tally;
  }
  const card = countLabelSummary();
  const battles: Battle[] = [];
  let counts = countLabels([]);
  const met = mapped(inStep(pairs, labels, isOfMeeting), ([meeting, [label]]) => ({
    meeting,
    label: label!,
  }));
  for await (const { meeting, label } of met) {
    card.add(label, null);
    counts = addCounts(counts, countLabels([label]));
    const [one, other] = meeting.models;
    const [first, second] = hasOrderOf(label, meeting) ? [one, other] : [other, one];
    battles.push({
      first,
      second,
      prompt: meeting.prompt,
      kind: meeting.kind,
      outcome: outcomeOfLabel(label),
    });
  }
  return {
    answers: answered,
    labels: counts,
    card: card.summary(seed),
    standings: tournament(battles, models, seed),
  };
};

/** `covenant evaluate tournament`. */
export const recipe: Recipe<typeof tournamentSchema> = {
  command: ["evaluate", "tournament"],
  summary:
    "models against each other on any prompts, their replies compared by a judge: ratings and win rates",
  schema: tournamentSchema,
  flags: {
    ...runFlags,
    models: {
      path: "models",
      description: "models that answer, with commas between, e.g. ./base,./tuned; the first anchors ratings",
      placeholder: "list",
    },
    judge: { ...judgeFlag, description: "model that judges; default: the first of the models" },
    load: loadFlag("load"),
    ...dataFlags,
    against: {
      path: "against",
      description: "who meets whom: all, or each the first alone",
      placeholder: "whom",
    },
    method: {
      path: "label.method",
      description: "how verdicts are read from the judge",
      placeholder: "name",
    },
  },
  async plan(config, context) {
    const prepared = await prepare(config, context);
    const { prompts, totals, inputs, request, judge, constitution } = prepared;
    await checkFolder(request, context);
    const { maxTokens } = config.sampling;
    const price = (name: string) => priceOfModel(config.prices, name);
    const times = meetings(config).length;
    const met = { count: times * totals.count, tokens: times * totals.tokens };
    const judged = { speed: inputs.speeds["judge"]!, ...lettersBy(judge), price: price(judge), maxTokens };
    const foreign = await Promise.all(
      config.models.map((name, at) =>
        foreignPromptNotices(prompts.prompts, name, inputs.languages[`models.${at}`]),
      ),
    );
    return planOf(
      [
        ...config.models.map((name, at) =>
          planReplies(answersOf(at), totals, {
            speed: inputs.speeds[`models.${at}`]!,
            maxTokens,
            price: price(name),
          }),
        ),
        planComparisons(battlesName, met, constitution, judgePlan(config.label, prepared, judged)),
      ],
      [...prompts.notices, ...foreign.flat()],
    );
  },
  async run(config, context) {
    const prepared = await prepare(config, context);
    const { request, judge, constitution } = prepared;
    await using pipeline = await openStages(request, context);
    const { run } = pipeline;
    const played = await play(pipeline, config, prepared);
    await saveConstitution(join(run.folder, keptConstitution), constitution);
    const { answers, labels, card, standings } = await count(config, played);
    const { contents } = prepared.inputs;
    const ownJudge = config.models.some(
      (name, at) => name === judge || contents[`models.${at}`] === (contents["judge"] ?? null),
    );
    const counted = { answers, labels, card: card.card };
    const document = { seed: run.seed, judge, ...standings, ...counted, seconds: await run.seconds() };
    await run.write("ratings.json", document);
    await run.finish();
    const spent = await spentInRun(run.folder, request.stages);
    return {
      lines: [
        ...describeTournament(standings, {
          ...{ judge, constitution: config.constitution, ownJudge, answers, labels },
          maxTokens: config.sampling.maxTokens,
        }),
        "",
        ...describeCard(card),
        ...describeSpent(spent),
        `Every comparison: ${join(config.out, battlesName, "labels.jsonl")}`,
        `Figures: ${join(config.out, "ratings.json")}`,
      ],
      document: { folder: run.folder, ...document, spent },
    };
  },
};
