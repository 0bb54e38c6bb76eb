// What a command will take: calls, tokens and time, for every command in this one place. Tokens are an upper bound
// (every reply at its limit) counted from the prompts' and principles' own words; how long they take, model-time.ts
// estimates. What an endpoint takes nobody here knows.

import type { Price } from "../models/index.ts";
import type { Constitution, LabelMethod, Message, PromptRecord, RevisionExample } from "../records/index.ts";
import { askSeconds, type LearnedWork, learnSeconds, type Speed } from "./model-time.ts";
import type { PlannedStep, RecipePlan } from "./recipe.ts";
import { counted } from "./wording.ts";

/** English text has about four characters a token; chat templates add a few tokens to each message. */
const charactersPerToken = 4;
const tokensPerMessage = 4;
/** The comparison's own words, and the tokens in which a judge makes its choice. */
const comparisonFrame = 20;
const choiceTokens = 8;
/** Mean tokens of the sandbox's replies, and the vocabulary of models that write them. */
const sandboxReply = { tokens: 35, vocabulary: 3712 };

/** Dollars per million tokens read and written; left out where no price is known. */
type PlannedPrice = { readonly price?: Pick<Price, "input" | "output"> | undefined };

type Load = {
  readonly calls?: number;
  readonly read?: number;
  readonly written?: number;
  readonly learned?: LearnedWork;
};

/** Tokens of so many characters, estimated, with those that a chat template adds to a message. */
export const tokensOfLength = (characters: number): number =>
  Math.ceil(characters / charactersPerToken) + tokensPerMessage;

/** Tokens of a text, estimated from its characters, with those that a chat template adds to a message. */
export const tokensOf = (text: string): number => tokensOfLength(text.length);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Tokens of messages, estimated. */
export const messageTokens = (messages: readonly Message[]): number =>
  sum(messages.map(({ content }) => tokensOf(content)));

const promptTokens = (prompts: readonly { readonly messages: readonly Message[] }[]): number =>
  sum(prompts.map(({ messages }) => messageTokens(messages)));

/** Tokens of the longest prompt, estimated. */
export const longestPrompt = (prompts: readonly PromptRecord[]): number =>
  prompts.reduce((most, { messages }) => Math.max(most, messageTokens(messages)), 0);

const loadTokens = ({ read = 0, written = 0, learned }: Load): number =>
  read + written + (learned === undefined ? 0 : learned.epochs * learned.rows * learned.tokens);

const loadSeconds = (speed: Speed, { calls = 0, read = 0, written = 0, learned }: Load, batch?: number) => {
  if (speed === null) return null;
  const asked = calls === 0 ? 0 : askSeconds(speed, { calls, read, written }, batch);
  return asked + (learned === undefined ? 0 : learnSeconds(speed, learned));
};

/** Tokens of a reply whose limit is not reached: known of the sandbox's models alone. */
const usualReply = (speed: Speed, maxTokens: number): number =>
  speed?.config.vocabularySize === sandboxReply.vocabulary
    ? Math.min(maxTokens, sandboxReply.tokens)
    : maxTokens;

/** A step from its load as a function of the tokens of a reply. */
const step = (
  stage: string,
  what: string,
  speed: Speed,
  maxTokens: number,
  load: (reply: number) => Load,
  { price, batch }: PlannedPrice & { readonly batch?: number | undefined } = {},
): PlannedStep => {
  const most = load(maxTokens);
  const { read = 0, written = 0 } = most;
  return {
    stage,
    what,
    calls: most.calls ?? 0,
    tokens: Math.round(loadTokens(most)),
    seconds: loadSeconds(speed, load(usualReply(speed, maxTokens)), batch),
    ...(price === undefined ? {} : { dollars: (read * price.input + written * price.output) / 1e6 }),
  };
};

/** A step that asks nobody and takes no time worth telling. */
export const planWriting = (stage: string, what: string, seconds = 0): PlannedStep => ({
  stage,
  what,
  calls: 0,
  tokens: 0,
  seconds,
});

/** A plan of steps. What runs here costs nothing; what an endpoint asks for it is known where prices are given. */
export const planOf = (
  steps: readonly PlannedStep[],
  notices: NonNullable<RecipePlan["notices"]> = [],
): RecipePlan => {
  const seconds = steps.map((one) => one.seconds);
  const dollars = steps.map((one) => one.dollars ?? (one.seconds === null ? null : 0));
  return {
    steps,
    seconds: seconds.every((one) => one !== null) ? sum(seconds) : null,
    dollars: dollars.every((one) => one !== null) ? sum(dollars) : null,
    ...(notices.length === 0 ? {} : { notices }),
  };
};

/** Mean length of what the principles say, weighed as they are drawn. */
const meanTokens = ({ principles }: Constitution, field: "critique" | "revision" | "preference"): number =>
  sum(principles.map((principle) => principle.weight * tokensOf(principle[field]))) /
  sum(principles.map(({ weight }) => weight));

/** Replies of a model to prompts, `samples` each. */
export const planReplies = (
  stage: string,
  prompts: readonly PromptRecord[],
  {
    speed,
    maxTokens,
    samples = 1,
    price,
  }: { speed: Speed; maxTokens: number; samples?: number } & PlannedPrice,
): PlannedStep =>
  step(
    stage,
    samples === 1
      ? counted(prompts.length, "answer")
      : `${samples} replies to each of ${counted(prompts.length, "prompt")}`,
    speed,
    maxTokens,
    (reply) => ({
      calls: samples * prompts.length,
      read: samples * promptTokens(prompts),
      written: samples * prompts.length * reply,
    }),
    { price },
  );

/** Rows of plain text: tokens that are read, which are counted and not estimated here, and a reply to each row. */
export const planTexts = (
  stage: string,
  rows: number,
  {
    read,
    speed,
    maxTokens = 0,
    batch,
  }: {
    readonly read: number;
    readonly speed: Speed;
    readonly maxTokens?: number;
    readonly batch?: number;
  },
): PlannedStep => {
  const load = (reply: number): Load => ({ calls: rows, read, written: rows * reply });
  return step(stage, counted(rows, "row"), speed, maxTokens, load, { batch });
};

/** What planRevisions needs to know. maxTokens: of one reply; direct: a revision without a critique before it. */
export type RevisionPlan = {
  readonly rounds: number;
  readonly mode: "critique" | "direct";
  readonly maxTokens: number;
  readonly speed: Speed;
  readonly recheck?: number | undefined;
  readonly examples?: readonly RevisionExample[];
} & PlannedPrice;

/** Tokens of worked examples, which stand before every request. */
const exampleTokens = (examples: readonly RevisionExample[]): number =>
  sum(
    examples.map(
      ({ messages, critiqueRequest, critique, revisionRequest, revision }) =>
        messageTokens(messages) + sum([critiqueRequest, critique, revisionRequest, revision].map(tokensOf)),
    ),
  );

/** Rounds of revision of an answer to each prompt; with a recheck at most, where every further round is needed. */
export const planRevisions = (
  stage: string,
  prompts: readonly PromptRecord[],
  constitution: Constitution,
  { rounds: first, mode, maxTokens, speed, price, recheck, examples = [] }: RevisionPlan,
): PlannedStep => {
  const calls = mode === "direct" ? 1 : 2;
  const rounds = first + (recheck ?? 0);
  const tests = recheck === undefined ? 0 : 2 * (1 + recheck) * constitution.principles.length;
  const critique = meanTokens(constitution, "critique");
  const revision = meanTokens(constitution, "revision");
  const further = recheck === undefined ? "" : `, tested, and up to ${counted(recheck, "further round")}`;
  const what = `${counted(first, "round")} for each of ${counted(prompts.length, "answer")}${further}`;
  const shown = exampleTokens(examples);
  const load = (reply: number): Load => {
    // Read per round: the answer and the critique's request; then all of that with the critique and the revision's.
    const own = mode === "direct" ? reply + revision : 2 * (reply + critique) + reply + revision;
    return {
      calls: prompts.length * (rounds * calls + tests),
      read:
        rounds * (calls * promptTokens(prompts) + prompts.length * (own + calls * shown)) +
        tests * (promptTokens(prompts) + prompts.length * (reply + revision + comparisonFrame)),
      written: prompts.length * rounds * calls * reply,
    };
  };
  return step(stage, what, speed, maxTokens, load, { price });
};

/** What planComparisons needs to know. maxTokens: of a reply that is compared; the rest as in the settings of labels. */
export type JudgePlan = {
  readonly speed: Speed;
  readonly maxTokens: number;
  readonly method?: "auto" | LabelMethod;
  readonly principles?: number;
  readonly chains?: number;
  readonly votes?: number;
  readonly reasoningTokens?: number;
} & PlannedPrice;

/** Tokens in which a judge votes, at most as many as it is given. */
const voteTokens = 16;

/** A comparison of two replies to each prompt, in both orders. */
export const planComparisons = (
  stage: string,
  prompts: readonly { readonly messages: readonly Message[] }[],
  constitution: Constitution,
  {
    speed,
    price,
    maxTokens,
    method = "auto",
    principles = 1,
    chains = 1,
    votes = 1,
    reasoningTokens = 0,
  }: JudgePlan,
): PlannedStep => {
  const frame = meanTokens(constitution, "preference") + comparisonFrame + choiceTokens;
  const what = `${counted(prompts.length, "comparison")} in both orders`;
  const asked = 2 * principles;
  const load = (reply: number): Load => {
    const once = promptTokens(prompts) + prompts.length * (frame + 2 * reply);
    if (method === "reasoning") {
      const written = asked * chains * prompts.length * reasoningTokens;
      return {
        calls: 2 * asked * chains * prompts.length,
        read: 2 * asked * chains * once + written,
        written,
      };
    }
    const times = method === "votes" ? asked * votes : asked;
    return {
      calls: times * prompts.length,
      read: times * once,
      ...(method === "votes" ? { written: times * prompts.length * voteTokens } : {}),
    };
  };
  return step(stage, what, speed, maxTokens, load, { price });
};

/** How rows are learned, as the settings of a training say it. reference: and read once by the model as it was. */
export type TrainingPlan = Omit<LearnedWork, "rows" | "tokens" | "longest"> & {
  readonly speed: Speed;
  readonly maxTokens: number;
  /** Tokens of the longest row; where it is not known, twice those of the mean. */
  readonly longest?: number;
};

/** Several epochs over rows. tokens: of all rows, as a function of the tokens of a reply. */
export const planTraining = (
  stage: string,
  rows: number,
  { speed, maxTokens, longest, ...settings }: TrainingPlan,
  tokens: (reply: number) => number,
): PlannedStep => {
  const what = `${counted(settings.epochs, "epoch")} over ${counted(rows, "row")}`;
  return step(stage, what, speed, maxTokens, (reply) => {
    const mean = tokens(reply) / Math.max(1, rows);
    return { learned: { ...settings, rows, tokens: mean, longest: longest ?? 2 * mean } };
  });
};

/** Tokens of rows that will be made of prompts, with so many replies each. */
export const rowTokens =
  (prompts: readonly PromptRecord[], replies: 1 | 2) =>
  (reply: number): number =>
    replies * (promptTokens(prompts) + prompts.length * reply);

/** What planPpo needs to know. batch: replies of a step; epochs: over one batch; maxTokens: of one reply. */
export type PpoPlan = {
  readonly steps: number;
  readonly batch: number;
  readonly epochs: number;
  readonly minibatches?: number;
  readonly maxTokens: number;
  readonly speed: Speed;
} & Pick<LearnedWork, "accumulation" | "lora" | "gradientCheckpointing">;

/** Steps of PPO: replies written, read by policy, reference and reward model, and learned. */
export const planPpo = (
  stage: string,
  prompts: readonly PromptRecord[],
  { steps, batch, epochs, minibatches = 1, maxTokens, speed, ...settings }: PpoPlan,
): PlannedStep => {
  const replies = steps * batch;
  const asked = promptTokens(prompts) / Math.max(1, prompts.length);
  const what = `${counted(steps, "step")} of ${counted(batch, "reply", "replies")}`;
  return step(stage, what, speed, maxTokens, (reply) => ({
    calls: replies,
    read: replies * (asked + 3 * (asked + reply)),
    written: replies * reply,
    learned: {
      ...{ accumulation: settings.accumulation ?? 1, lora: settings.lora },
      gradientCheckpointing: settings.gradientCheckpointing ?? false,
      ...{ rows: replies, epochs, batch: Math.ceil(batch / minibatches) },
      ...{ tokens: asked + reply, longest: longestPrompt(prompts) + reply },
    },
  }));
};

/** Replies of several models to held-out prompts. */
export const planEvaluation = (
  stage: string,
  prompts: readonly PromptRecord[],
  speeds: readonly Speed[],
  maxTokens: number,
): PlannedStep => {
  const each = speeds.map((speed) => planReplies(stage, prompts, { speed, maxTokens }));
  const seconds = each.map((one) => one.seconds);
  return {
    stage,
    what: `${counted(prompts.length, "prompt")} for ${counted(speeds.length, "model")}`,
    calls: sum(each.map(({ calls }) => calls)),
    tokens: sum(each.map(({ tokens }) => tokens)),
    seconds: seconds.every((one) => one !== null) ? sum(seconds) : null,
  };
};

/** Steps over packed rows, which train faster than conversations do: every token of a batch is one. */
export const planPretraining = (
  stage: string,
  { steps, rows, time }: { readonly steps: number; readonly rows: number; readonly time: number },
  speed: Speed,
): PlannedStep => {
  const work = { rows: steps * rows, epochs: 1, batch: rows, tokens: time, longest: time };
  return step(stage, counted(steps, "step"), speed, 0, () => ({ learned: work }));
};
