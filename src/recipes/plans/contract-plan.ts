// What `covenant simulate contract` will take at most: n·T drafts, n·T ratings, up to n(n-1)·T ratings of others, and one
// constitution a run (as often as its reply cannot be read, again), or the short questions that sort comments: of c comments c
// demands, c·s stances to the s texts that stand, and c(c-1)/2 to each other. Tokens are counted from the texts that are there
// and from the limits of those that are not.

import { counted, mean } from "../../core/index.ts";
import { estimatePrompt, priceOfModel } from "../../models/index.ts";
import type { Task } from "../../records/index.ts";
import {
  briefCommentsAtOnce,
  briefForms,
  emptyTranscript,
  metaMessages,
  type SortingPrompt,
  type WritingPrompt,
} from "../../simulation/index.ts";
import type { Speed } from "../costs/model-time.ts";
import type { PlannedStep } from "../recipe.ts";
import type { ContractConfig } from "../settings/contract-settings.ts";
import { clauseNames, comparedNames } from "../stages/contract-benefit.ts";
import { metaParts } from "../stages/contract-meta.ts";
import { type ContractPlay, othersATurn, runName } from "../stages/contract-run.ts";
import { satisfactionName } from "../stages/satisfaction.ts";
import { type PlannedModel, planCalls, tokensOf } from "./plan.ts";

/** Tokens around a comment in an assistant's talk, and around a draft in a user's. */
const frameTokens = 40;

/** How many earlier turns are shown in all turns of all runs together. */
const shownTurns = ({ runs, turns, carry }: ContractConfig, window: number): number => {
  let sum = 0;
  for (let run = 0; run < runs; run++)
    for (let turn = 0; turn < turns; turn++) sum += Math.min(window, turn + (carry ? run * turns : 0));
  return sum;
};

/** Tokens of requests without earlier turns and without what models have yet to write, on average. */
const requestTokens = ({ setup: { wording, cast, tasks, metrics, first }, config }: ContractPlay) => {
  const { users } = cast;
  const words = config.roles.user.words;
  const each = <Item>(items: readonly Item[], count: (item: Item) => number): number =>
    mean(items.map(count));
  return {
    draft: each(tasks, (task) => estimatePrompt(wording.assistant(first, users[0]!.label, task, []))),
    own: each(users, ({ persona }) =>
      each(tasks, (task) =>
        estimatePrompt(wording.ownRating(persona, task, [], "", { metrics: metrics.own, words })),
      ),
    ),
    others: each(users, ({ persona }) =>
      each(tasks, (task) => estimatePrompt(wording.othersRating(persona, task, "", metrics.others))),
    ),
  };
};

const metaTokens = ({ setup, config }: ContractPlay, metaPrompt: WritingPrompt): number => {
  const { wording, cast, metrics, tasks, first } = setup;
  const [transcript] = wording.transcripts(cast, [], metrics, { contentFrom: config.contentFrom });
  const question = {
    users: cast.users.length,
    questions: [tasks[0]!.question],
    current: wording.current(first),
    earlier: [],
    transcript: transcript ?? emptyTranscript,
  };
  return estimatePrompt(metaMessages(metaPrompt, { ...question, words: config.roles.meta.words }));
};

/** Held-out requests that are answered in the end under each of the constitutions that are compared. */
export const planSatisfaction = (
  { config, setup }: ContractPlay,
  tasks: readonly Task[],
  speed: Speed,
): PlannedStep => {
  const { maxTokens } = config.roles.assistant;
  const price = priceOfModel(config.prices, setup.models.assistant);
  const ofAll = comparedNames.length;
  // each user is answered alone under clauses, of which there may be none
  const alone = setup.metaPrompt.form === "contract" ? clauseNames.length : 0;
  const constitutions = ofAll + alone;
  const calls = (ofAll + alone * setup.cast.users.length) * tasks.length;
  const asked = mean(tasks.map((task) => estimatePrompt(setup.wording.assistant(setup.first, "", task, []))));
  return planCalls(
    satisfactionName,
    `${alone === 0 ? "" : "up to "}${counted(calls, "answer")} under ${constitutions} constitutions, measured`,
    { speed, maxTokens, price },
    (reply) => ({
      calls,
      read: calls * asked + (calls - tasks.length) * config.roles.meta.maxTokens,
      written: calls * reply,
    }),
  );
};

/** How much a meta-model is shown at most: comments in all talks of a run, of which every user makes one on every draft. */
const commentsOfRun = ({ config: { turns, windows }, setup: { cast } }: ContractPlay): number =>
  Math.min(turns, windows.meta ?? turns) * cast.talks.length;

const stagesOf = ({ runs }: ContractConfig): string => (runs === 1 ? runName(1) : `${runName(1)} to ${runs}`);

/** Documents that a model writes. */
const planWritten = (play: ContractPlay, prompt: WritingPrompt, meta: PlannedModel): PlannedStep => {
  const { config, setup } = play;
  const { runs, windows, roles } = config;
  const exchange = roles.assistant.maxTokens + roles.user.maxTokens + frameTokens;
  const told = setup.wording.showsDrafts ? exchange : roles.user.maxTokens + frameTokens;
  const shown = commentsOfRun(play) * told;
  const parts = metaParts(play);
  // Every part but the first begins with what came of the one before.
  const documents = (Math.min(runs - 1, windows.documents + 1) + parts - 1) * roles.meta.maxTokens;
  // What is missing of an exact number is asked for with the reply in which it is.
  const replies = prompt.exactly === undefined ? 0 : roles.meta.maxTokens;
  const load = (times: number) => (reply: number) => ({
    calls: runs * parts * times,
    read:
      runs * (times * (parts * (metaTokens(play, prompt) + documents) + shown) + (times - 1) * 2 * replies),
    written: runs * parts * times * reply,
  });
  return planCalls(
    `${stagesOf(config)}: constitution`,
    `${counted(runs, "constitution")}, asked for ${parts === 1 ? "" : `in ${parts} parts, `}up to ${counted(roles.meta.attempts, "time")} each`,
    meta,
    load(roles.meta.attempts),
    load(1),
  );
};

/** A word and the token that ends it. */
const wordTokens = 3;

/** How many demands and stances sort the comments of all runs at most. */
const sortingQuestions = (play: ContractPlay, { form, exactly, most = exactly }: SortingPrompt) => {
  const { config, setup } = play;
  const first = setup.wording.referred(setup.first, [])?.principles.length ?? 0;
  const bound = Math.max(first, (most ?? Number.POSITIVE_INFINITY) * (form === "contract" ? 2 : 1));
  let [demands, stances, standing] = [0, 0, first];
  for (let run = 0; run < config.runs; run++)
    for (let left = commentsOfRun(play); left > 0; left -= briefCommentsAtOnce) {
      const comments = Math.min(left, briefCommentsAtOnce);
      demands += comments;
      stances += comments * standing + (comments * (comments - 1)) / 2;
      // each comment may add one text
      standing = Math.min(standing + comments, bound);
    }
  return { demands, stances };
};

/** Short questions by whose answers a rule sorts comments. */
const planSorted = (play: ContractPlay, prompt: SortingPrompt, meta: PlannedModel): PlannedStep => {
  const { config, setup } = play;
  const { attempts } = config.roles.meta;
  const { demands, stances } = sortingQuestions(play, prompt);
  const standing = setup.wording.referred(setup.first, [])?.principles ?? [];
  const text = Math.max(config.roles.user.maxTokens, ...standing.map(tokensOf));
  const read =
    demands * (estimatePrompt(briefForms.demand("", prompt.texts.demand)) + text) +
    stances * (estimatePrompt(briefForms.stance("", "", prompt.texts.stance)) + 2 * text);
  const load = (times: number, longest: number) => (reply: number) => ({
    calls: times * (demands + stances),
    read: times * read,
    written: times * (demands + stances) * Math.min(reply, longest),
  });
  return planCalls(
    `${stagesOf(config)}: constitution`,
    `${counted(config.runs, "constitution")} by at most ${counted(demands + stances, "short question")}, each asked up to ${counted(attempts, "time")}`,
    meta,
    load(attempts, Number.POSITIVE_INFINITY),
    load(1, wordTokens),
  );
};

/** The steps of all runs together, each by the runs' stages and what their progress calls it. speeds: of the models, by role. */
export const planContract = (play: ContractPlay, speeds: Readonly<Record<string, Speed>>): PlannedStep[] => {
  const { config, setup } = play;
  const { runs, turns, windows, roles, prices } = config;
  const talks = setup.cast.talks.length;
  const rounds = runs * turns;
  const request = requestTokens(play);
  const document = roles.meta.maxTokens;
  const exchange = roles.assistant.maxTokens + roles.user.maxTokens + frameTokens;
  const modelOf = (role: "assistant" | "user" | "meta"): PlannedModel => ({
    speed: speeds[role] ?? null,
    maxTokens: roles[role].maxTokens,
    price: priceOfModel(prices, setup.models[role]),
  });
  const others = othersATurn(play) * rounds;
  const stages = stagesOf(config);
  return [
    planCalls(`${stages}: drafts`, counted(talks * rounds, "draft"), modelOf("assistant"), (reply) => ({
      calls: talks * rounds,
      read:
        talks *
        (rounds * request.draft +
          (rounds - turns) * document +
          shownTurns(config, windows.assistant) * exchange),
      written: talks * rounds * reply,
    })),
    planCalls(`${stages}: own ratings`, counted(talks * rounds, "rating"), modelOf("user"), (reply) => ({
      calls: talks * rounds,
      read:
        talks *
        (rounds * (request.own + roles.assistant.maxTokens) + shownTurns(config, windows.user) * exchange),
      written: talks * rounds * reply,
    })),
    planCalls(`${stages}: ratings of others`, counted(others, "rating"), modelOf("user"), (reply) => ({
      calls: others,
      read: others * (request.others + roles.assistant.maxTokens),
      written: others * reply,
    })),
    setup.metaPrompt.sorts === true
      ? planSorted(play, setup.metaPrompt, modelOf("meta"))
      : planWritten(play, setup.metaPrompt, modelOf("meta")),
  ];
};
