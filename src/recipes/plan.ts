// What a command will take: calls, tokens and time, for every command in this one place. Tokens are an upper bound
// (every reply at its limit) counted from the prompts' and principles' own words; time is an estimate for replies of
// the usual length, at rates measured with covenant-tiny on two cores. What an endpoint takes nobody here knows.

import type { Price } from "../models/index.ts";
import type { Constitution, LabelMethod, Message, PromptRecord, RevisionExample } from "../records/index.ts";
import type { PlannedStep, RecipePlan } from "./recipe.ts";
import { counted } from "./wording.ts";

/** English text has about four characters a token; chat templates add a few tokens to each message. */
const charactersPerToken = 4;
const tokensPerMessage = 4;
/** The comparison's own words, and the tokens in which a judge makes its choice. */
const comparisonFrame = 20;
const choiceTokens = 8;
/** Mean tokens of the sandbox's replies. */
const usualReply = 35;
/** Tokens a second of covenant-tiny on two cores. */
const rates = { read: 50_000, written: 4_500, learned: 11_000, packed: 11_000 };

/** Speed of a model against covenant-tiny; null: it runs elsewhere. */
export type Speed = number | null;

/** Dollars per million tokens read and written; left out where no price is known. */
type PlannedPrice = { readonly price?: Pick<Price, "input" | "output"> | undefined };

type Load = {
  readonly calls?: number;
  readonly read?: number;
  readonly written?: number;
  readonly learned?: number;
};

/** Tokens of a text, estimated from its characters, with those that a chat template adds to a message. */
export const tokensOf = (text: string): number =>
  Math.ceil(text.length / charactersPerToken) + tokensPerMessage;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Tokens of messages, estimated. */
export const messageTokens = (messages: readonly Message[]): number =>
  sum(messages.map(({ content }) => tokensOf(content)));

type Asked = { readonly messages: readonly Message[] };

/** What a plan needs to know of prompts: how many there are, and their tokens. */
export type PromptTotals = { readonly count: number; readonly tokens: number };

/** Counts prompts one after the other, for plans of what is not in memory. */
export const countPrompts = () => {
  const totals = { count: 0, tokens: 0 };
  return {
    totals,
    add({ messages }: Asked): void {
      totals.count++;
      totals.tokens += messageTokens(messages);
    },
  };
};

/** The totals of prompts that are all there, or as they were counted. */
const totalsOf = (prompts: readonly Asked[] | PromptTotals): PromptTotals => {
  if ("tokens" in prompts) return prompts;
  const { totals, add } = countPrompts();
  for (const prompt of prompts) add(prompt);
  return totals;
};

/** Tokens of the longest prompt, estimated. */
export const longestPrompt = (prompts: readonly PromptRecord[]): number =>
  prompts.reduce((most, { messages }) => Math.max(most, messageTokens(messages)), 0);

const loadTokens = ({ read = 0, written = 0, learned = 0 }: Load): number => read + written + learned;

const loadSeconds = ({ read = 0, written = 0, learned = 0 }: Load): number =>
  read / rates.read + written / rates.written + learned / rates.learned;

/** A step from its load as a function of the tokens of a reply. */
const step = (
  stage: string,
  what: string,
  speed: Speed,
  maxTokens: number,
  load: (reply: number) => Load,
  price?: PlannedPrice["price"],
): PlannedStep => {
  const most = load(maxTokens);
  const { read = 0, written = 0 } = most;
  return {
    stage,
    what,
    calls: most.calls ?? 0,
    tokens: Math.round(loadTokens(most)),
    seconds: speed === null ? null : loadSeconds(load(Math.min(maxTokens, usualReply))) / speed,
    ...(price === undefined ? {} : { dollars: (read * price.input + written * price.output) / 1e6 }),
  };
};

/** A step of calls whose tokens, read and written at most, are known. */
export const planAsking = (
  stage: string,
  what: string,
  {
    calls,
    read,
    written,
    speed,
  }: { readonly calls: number; readonly read: number; readonly written: number; readonly speed: Speed },
): PlannedStep => ({
  stage,
  what,
  calls,
  tokens: read + written,
  seconds: speed === null ? null : loadSeconds({ read, written }) / speed,
});

/** A step that asks nobody and takes no time worth telling. */
export const planWriting = (stage: string, what: string, seconds = 0): PlannedStep => ({
  stage,
  what,
  calls: 0,
  tokens: 0,
  seconds,
});

/** A plan of steps. What runs here costs nothing; what an endpoint asks for it is known where prices are given. */
export const planOf = (steps: readonly PlannedStep[]): RecipePlan => {
  const seconds = steps.map((one) => one.seconds);
  const dollars = steps.map((one) => one.dollars ?? (one.seconds === null ? null : 0));
  return {
    steps,
    seconds: seconds.every((one) => one !== null) ? sum(seconds) : null,
    dollars: dollars.every((one) => one !== null) ? sum(dollars) : null,
  };
};

/** Mean length of what the principles say, weighed as they are drawn. */
const meanTokens = ({ principles }: Constitution, field: "critique" | "revision" | "preference"): number =>
  sum(principles.map((principle) => principle.weight * tokensOf(principle[field]))) /
  sum(principles.map(({ weight }) => weight));

/** Replies of a model to prompts, `samples` each. */
export const planReplies = (
  stage: string,
  prompts: readonly Asked[] | PromptTotals,
  {
    speed,
    maxTokens,
    samples = 1,
    price,
  }: { speed: Speed; maxTokens: number; samples?: number } & PlannedPrice,
): PlannedStep => {
  const { count, tokens } = totalsOf(prompts);
  return step(
    stage,
    samples === 1 ? counted(count, "answer") : `${samples} replies to each of ${counted(count, "prompt")}`,
    speed,
    maxTokens,
    (reply) => ({ calls: samples * count, read: samples * tokens, written: samples * count * reply }),
    price,
  );
};

/** Rows of plain text: tokens that are read, which are counted and not estimated here, and a reply to each row. */
export const planTexts = (
  stage: string,
  rows: number,
  {
    read,
    speed,
    maxTokens = 0,
  }: { readonly read: number; readonly speed: Speed; readonly maxTokens?: number },
): PlannedStep =>
  step(stage, counted(rows, "row"), speed, maxTokens, (reply) => ({
    calls: rows,
    read,
    written: rows * reply,
  }));

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
  prompts: readonly Asked[] | PromptTotals,
  constitution: Constitution,
  { rounds: first, mode, maxTokens, speed, price, recheck, examples = [] }: RevisionPlan,
): PlannedStep => {
  const { count, tokens } = totalsOf(prompts);
  const calls = mode === "direct" ? 1 : 2;
  const rounds = first + (recheck ?? 0);
  const tests = recheck === undefined ? 0 : 2 * (1 + recheck) * constitution.principles.length;
  const critique = meanTokens(constitution, "critique");
  const revision = meanTokens(constitution, "revision");
  const further = recheck === undefined ? "" : `, tested, and up to ${counted(recheck, "further round")}`;
  const what = `${counted(first, "round")} for each of ${counted(count, "answer")}${further}`;
  const shown = exampleTokens(examples);
  const load = (reply: number): Load => {
    // Read per round: the answer and the critique's request; then all of that with the critique and the revision's.
    const own = mode === "direct" ? reply + revision : 2 * (reply + critique) + reply + revision;
    return {
      calls: count * (rounds * calls + tests),
      read:
        rounds * (calls * tokens + count * (own + calls * shown)) +
        tests * (tokens + count * (reply + revision + comparisonFrame)),
      written: count * rounds * calls * reply,
    };
  };
  return step(stage, what, speed, maxTokens, load, price);
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
  prompts: readonly Asked[] | PromptTotals,
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
  const { count, tokens } = totalsOf(prompts);
  const frame = meanTokens(constitution, "preference") + comparisonFrame + choiceTokens;
  const what = `${counted(count, "comparison")} in both orders`;
  const asked = 2 * principles;
  const load = (reply: number): Load => {
    const once = tokens + count * (frame + 2 * reply);
    if (method === "reasoning") {
      const written = asked * chains * count * reasoningTokens;
      return {
        calls: 2 * asked * chains * count,
        read: 2 * asked * chains * once + written,
        written,
      };
    }
    const times = method === "votes" ? asked * votes : asked;
    return {
      calls: times * count,
      read: times * once,
      ...(method === "votes" ? { written: times * count * voteTokens } : {}),
    };
  };
  return step(stage, what, speed, maxTokens, load, price);
};

/** Several epochs over rows. tokens: of all rows, as a function of the tokens of a reply. */
export const planTraining = (
  stage: string,
  rows: number,
  epochs: number,
  { speed, maxTokens }: { speed: Speed; maxTokens: number },
  tokens: (reply: number) => number,
): PlannedStep => {
  const what = `${counted(epochs, "epoch")} over ${counted(rows, "row")}`;
  return step(stage, what, speed, maxTokens, (reply) => ({ learned: epochs * tokens(reply) }));
};

/** Tokens of rows that will be made of prompts, with so many replies each. */
export const rowTokens =
  (prompts: readonly PromptRecord[], replies: 1 | 2) =>
  (reply: number): number =>
    replies * (totalsOf(prompts).tokens + prompts.length * reply);

/** What planPpo needs to know. batch: replies of a step; epochs: over one batch; maxTokens: of one reply. */
export type PpoPlan = {
  readonly steps: number;
  readonly batch: number;
  readonly epochs: number;
  readonly maxTokens: number;
  readonly speed: Speed;
};

/** Steps of PPO: replies written, read by policy, reference and reward model, and learned. */
export const planPpo = (
  stage: string,
  prompts: readonly PromptRecord[],
  { steps, batch, epochs, maxTokens, speed }: PpoPlan,
): PlannedStep => {
  const replies = steps * batch;
  const asked = totalsOf(prompts).tokens / Math.max(1, prompts.length);
  const what = `${counted(steps, "step")} of ${counted(batch, "reply", "replies")}`;
  return step(stage, what, speed, maxTokens, (reply) => ({
    calls: replies,
    read: replies * (asked + 3 * (asked + reply)),
    written: replies * reply,
    learned: replies * epochs * (asked + reply),
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
): PlannedStep => {
  const tokens = steps * rows * time;
  return { ...planWriting(stage, counted(steps, "step"), tokens / rates.packed), tokens };
};
