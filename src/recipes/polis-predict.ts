// `covenant polis predict`: a model plays voters of a Polis conversation, fitted to a part of their votes, and is asked about
// others that it was not told. What it says is held against what they voted, beside the baselines on the same votes.

import { join, resolve } from "node:path";
import { CovenantError, counted } from "../core/index.ts";
import { priceOfModel } from "../models/index.ts";
import type { ForecastRecord, MissingReason } from "../records/index.ts";
import {
  describeMessages,
  majorityPredictor,
  neighbourPredictor,
  shownOf,
  voteMessages,
  voterByPersona,
  voterByVotes,
} from "../simulation/index.ts";
import { speedOfPart } from "./costs/model-time.ts";
import { requireKnownWords } from "./inputs/fluency.ts";
import { checkFolder, checkRequest, openStages } from "./inputs/open-stages.ts";
import { planCalls, planChoices, planOf, planWriting, promptTokens, tokensOf } from "./plans/plan.ts";
import { lettersBy } from "./plans/plan-letters.ts";
import type { PlannedStep, Recipe, RecipeContext } from "./recipe.ts";
import { callFlags, loadFlag, modelFlag, runFlags } from "./settings/flags.ts";
import { conversationFlags, heldOutFlags } from "./settings/polis-settings.ts";
import { type PredictConfig, predictSchema } from "./settings/predict-settings.ts";
import { predictStages, predictVotes } from "./stages/predict-run.ts";
import { loadPrediction, type Prediction } from "./stages/prediction.ts";
import { describeSpent, spentInRun } from "./summaries/data-summary.ts";
import { type ForecastFigures, forecastFigures, type ToldVote } from "./summaries/forecast-figures.ts";
import { describeFigures, describeUntold } from "./summaries/forecast-view.ts";

const order = ["agree", "disagree", "pass"] as const;

const instead = (setting: string): string =>
  `Voters are played and described by models that follow instructions, or in the brief wording (--wording brief) by an embedded model made with polls, in words of the sandbox: name another ${setting}.`;

/** What a voter's model would be asked in: the words around what people write, and the first question itself. */
const requireKnownVoters = (
  { config, setup }: Prediction,
  { languages }: Awaited<ReturnType<typeof checkRequest>>["inputs"],
): void => {
  const { model, topic, wording, fit, persona } = config;
  const { voter, asked } = setup.sample[0]!;
  const player = { role: "voter", model, language: languages["model"] };
  const told = voterByVotes(topic, shownOf(voter), wording);
  const frame = voteMessages(voterByVotes("", [], wording), "", order, wording);
  const first = voteMessages(told, asked[0]!.statement.text, order, wording);
  requireKnownWords({ ...player, messages: frame, frame: true }, instead("--model"));
  requireKnownWords({ ...player, messages: first }, instead("--model"));
  if (fit === "votes") return;
  const describer = languages[setup.personaModel === model ? "model" : "persona"];
  requireKnownWords(
    {
      ...{ role: "persona", model: setup.personaModel, language: describer, frame: true },
      messages: describeMessages("", [], persona.words, wording),
    },
    instead("persona.model"),
  );
};

/** Everything that can be wrong with the input, found before anything is begun. */
const prepare = async (config: PredictConfig, context: RecipeContext) => {
  const setup = await loadPrediction(config);
  const prediction: Prediction = { config, setup };
  const { personaModel } = setup;
  const describes = config.fit === "persona" && personaModel !== config.model;
  const checked = await checkRequest(
    "polis predict",
    predictStages({ config }),
    config,
    {
      models: {
        model: [config.model, "asked"],
        ...(describes ? { persona: [personaModel, "asked"] as const } : {}),
      },
      files: { comments: config.comments, votes: config.votes },
    },
    context,
  );
  requireKnownVoters(prediction, checked.inputs);
  return { prediction, checked };
};

const planPersonas = (
  { config, setup }: Prediction,
  speeds: Awaited<ReturnType<typeof prepare>>["checked"]["inputs"]["speeds"],
): PlannedStep[] => {
  if (config.fit === "votes") return [];
  const { maxTokens, words } = config.persona;
  const asked = setup.sample.map(({ voter }) => ({
    messages: describeMessages(config.topic, shownOf(voter), words, config.wording),
  }));
  const speed = speedOfPart(speeds, "persona", "model");
  const price = priceOfModel(config.prices, setup.personaModel);
  return [
    planCalls("personas", counted(asked.length, "description"), { speed, maxTokens, price }, (reply) => ({
      ...{ calls: asked.length, read: promptTokens(asked), written: asked.length * reply },
    })),
  ];
};

const planForecasts = (
  { config, setup }: Prediction,
  speeds: Awaited<ReturnType<typeof prepare>>["checked"]["inputs"]["speeds"],
): PlannedStep => {
  const { topic, fit, method, answers, answerTokens, model, prices, wording } = config;
  const orders = ordersOf(config);
  let [count, tokens] = [0, 0];
  for (const { voter, asked } of setup.sample) {
    const told =
      fit === "votes" ? voterByVotes(topic, shownOf(voter), wording) : voterByPersona(topic, "", wording);
    const base = tokensOf(told) + (fit === "votes" ? 0 : config.persona.maxTokens);
    for (const { statement } of asked)
      tokens += base + promptTokens([{ messages: voteMessages("", statement.text, order, wording) }]);
    count += asked.length;
  }
  return planChoices(
    "forecasts",
    `${describeSample(setup)}, ${orders === 1 ? "each in one order" : "in three orders"} of the options`,
    { count, tokens },
    {
      ...{ speed: speeds["model"]!, maxTokens: 0, price: priceOfModel(prices, model), orders },
      ...{ options: order.length, ...lettersBy(model), votes: answers },
      ...{ method: method === "answer" ? "votes" : method, voteTokens: answerTokens },
    },
  );
};

/** In brief the options stand in one order alone. */
const ordersOf = ({ wording, orders }: PredictConfig): 1 | 3 => (wording === "brief" ? 1 : orders);

const describeSample = ({ sample }: Prediction["setup"]): string => {
  const count = sample.reduce((sum, { asked }) => sum + asked.length, 0);
  return `${counted(count, "held-out vote")} of ${counted(sample.length, "voter")}`;
};

/** Votes that the model told, with what the baselines say of the same. */
const toldVotes = async (
  { config, setup }: Prediction,
  records: readonly ForecastRecord[],
): Promise<ToldVote[]> => {
  const heldOut = setup.sample.flatMap(({ asked }) => asked.map((one) => one.heldOut));
  const told = records.flatMap(({ forecast }, at) =>
    forecast === null ? [] : [{ forecast, vote: heldOut[at]! }],
  );
  const questions = told.map(({ vote: { voter, statement } }) => ({ voter, statement }));
  const majority = await majorityPredictor(setup.split.known, questions);
  const neighbours = await neighbourPredictor(config.neighbours)(setup.split.known, questions);
  return told.map(({ forecast, vote }, at) => ({
    ...vote,
    group: setup.groupOf(vote.voter),
    said: { model: forecast, majority: majority[at]!, neighbours: neighbours[at]! },
  }));
};

const countMissing = (records: readonly ForecastRecord[]): Partial<Record<MissingReason, number>> => {
  const counts: Partial<Record<MissingReason, number>> = {};
  for (const { reason } of records) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
};

const describe = (
  { config, setup }: Prediction,
  figures: ForecastFigures,
  records: readonly ForecastRecord[],
): string[] => {
  const { model, fit, shown, answers, wording } = config;
  const orders = ordersOf(config);
  const by =
    records[0]!.method === "choice"
      ? `log-probabilities of ${wording === "brief" ? "options" : "letters"}`
      : `${counted(answers, "written answer")} in each order`;
  const from = `${shown} of their other votes at most${fit === "persona" ? `, as ${setup.personaModel} described them` : ""}`;
  const what = `${counted(figures.votes, "held-out vote")} of ${counted(figures.voters, "voter")}, told by ${model} from ${from} (${by}, ${orders === 1 ? "one order" : "three orders"} of the options)`;
  const untold = describeUntold(countMissing(records));
  return [
    ...describeFigures(figures, what, config.neighbours),
    ...(untold === ""
      ? []
      : [
          `Left out for all three: ${counted(records.length - figures.votes, "held-out vote")} to which the model gave no answer that counts: ${untold}.`,
        ]),
  ];
};

const execute = async (config: PredictConfig, context: RecipeContext) => {
  const { prediction, checked } = await prepare(config, context);
  const { setup } = prediction;
  await using pipeline = await openStages(checked.request, context);
  const { run } = pipeline;
  for (const warning of setup.warnings)
    context.emit({ type: "warning", time: context.clock.now(), ...warning });
  const records = await predictVotes(pipeline, prediction);
  const missing = countMissing(records);
  const told = await toldVotes(prediction, records);
  if (told.length === 0)
    throw new CovenantError(
      "forecasts-none",
      `${config.model} told none of ${counted(records.length, "held-out vote")} (${describeUntold(missing)}). Look at ${join(config.out, "forecasts", "forecasts.jsonl")}, or choose another model.`,
      { model: config.model },
    );
  const figures = {
    ...{ seed: config.seed, model: config.model, fit: config.fit, method: records[0]!.method },
    ...{ heldOut: setup.all, asked: records.length, missing },
    grouping: { origin: setup.origin },
    ...forecastFigures(told, setup.groupIds, config.seed),
  };
  await run.write("metrics.json", figures);
  await run.finish();
  const spent = await spentInRun(run.folder, predictStages(prediction));
  return {
    lines: [
      ...describe(prediction, figures, records),
      "",
      ...describeSpent(spent),
      `Every vote with its chances: ${join(config.out, "forecasts", "forecasts.jsonl")}`,
    ],
    document: {
      folder: run.folder,
      files: { comments: resolve(config.comments), votes: resolve(config.votes) },
      forecasts: join(run.folder, "forecasts", "forecasts.jsonl"),
      ...figures,
      warnings: setup.warnings,
      spent,
    },
  };
};

/** `covenant polis predict`. */
export const recipe: Recipe<typeof predictSchema> = {
  command: ["polis", "predict"],
  summary: "a model plays voters of a Polis conversation: how well it tells held-out votes, beside baselines",
  schema: predictSchema,
  flags: {
    ...runFlags,
    ...conversationFlags,
    ...heldOutFlags,
    model: modelFlag("model that plays the voters"),
    load: loadFlag("load"),
    topic: { path: "topic", description: "what the conversation is about", placeholder: "text" },
    voters: { path: "voters", description: "how many voters are played, or all", placeholder: "number" },
    questions: {
      path: "questions",
      description: "held-out votes of each voter at most",
      placeholder: "number",
    },
    shown: { path: "shown", description: "votes of each voter that are told at most", placeholder: "number" },
    choose: { path: "choose", description: "which votes are told: telling or drawn", placeholder: "name" },
    wording: { path: "wording", description: "full, or brief for embedded models", placeholder: "name" },
    fit: {
      path: "fit",
      description: "play a voter by votes, or by a persona made of them",
      placeholder: "name",
    },
    method: { path: "method", description: "how votes are read from the model", placeholder: "name" },
    groups: { path: "groups", description: "where opinion groups come from", placeholder: "origin" },
    ...callFlags,
  },
  async plan(config, context) {
    const { prediction, checked } = await prepare(config, context);
    await checkFolder(checked.request, context);
    const { speeds } = checked.inputs;
    return planOf(
      [
        planWriting("voters", counted(prediction.setup.sample.length, "voter")),
        ...planPersonas(prediction, speeds),
        planForecasts(prediction, speeds),
      ],
      prediction.setup.warnings,
    );
  },
  run: execute,
};
