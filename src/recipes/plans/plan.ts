// What a command will take: calls, tokens, money and time, for every command in this one place. Calls and tokens are at
// most (every reply at its limit, the longest principle every time, the dearest of the ways in which an endpoint may
// have to be asked), counted from the prompts' and principles' own words and the templates that they are put into; how
// long they take here, model-time.ts estimates. What an endpoint takes nobody here knows.

import { type RevisionForm, revisionPrompts } from "../../constitution/index.ts";
import { counted } from "../../core/index.ts";
import { choiceTokens, estimatePrompt } from "../../models/index.ts";
import type { Constitution, Message, PromptRecord, RevisionExample } from "../../records/index.ts";
import {
  type AskedWork,
  askSeconds,
  type LearnedWork,
  learnSeconds,
  type Speed,
} from "../costs/model-time.ts";
import type { PlannedStep, RecipePlan } from "../recipe.ts";
import {
  comparisonFrames,
  type PrincipleWords,
  principleTokens,
  recheckFrame,
  revisionFrames,
} from "./plan-frames.ts";
import { type JudgePlan, type PlannedPrice, planLetters, questionLoad, searchesOf } from "./plan-letters.ts";

/** Words of the small question that finds out how an endpoint gives log-probabilities, beside its frame. */
const trialWords = 24;
/** The same with the frame of a question about a single reply, where that is not known. */
const trialTokens = 60;
/** A letter that an endpoint's echo is asked for. */
const letterTokens = 1;
const charactersPerToken = 4;
/** Mean tokens of the sandbox's replies, and the vocabulary of models that write them. */
const sandboxReply = { tokens: 35, vocabulary: 3712 };

export type Load = Partial<AskedWork> & { readonly learned?: LearnedWork };

/** Tokens of so many characters, estimated, with those that a chat template adds to a message. */
export const tokensOfLength = (characters: number): number =>
  Math.ceil(characters / charactersPerToken) + estimatePrompt([{ content: "" }]);

/** Tokens of a text, estimated from its length, with those that a chat template adds to a message. */
export const tokensOf = (text: string): number => estimatePrompt([{ content: text }]);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

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
      totals.tokens += estimatePrompt(messages);
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

/** Tokens of prompts, estimated. */
export const promptTokens = (prompts: readonly Asked[] | PromptTotals): number => totalsOf(prompts).tokens;

const loadTokens = ({ read = 0, written = 0, learned }: Load): number =>
  read + written + (learned === undefined ? 0 : learned.epochs * learned.rows * learned.tokens);

const loadSeconds = (speed: Speed, { learned, ...asking }: Load, batch?: number) => {
  const { calls = 0, read = 0, written = 0 } = asking;
  if (speed === null) return calls === 0 && learned === undefined ? 0 : null;
  const asked = calls === 0 ? 0 : askSeconds(speed, { ...asking, calls, read, written }, batch);
  return asked + (learned === undefined ? 0 : learnSeconds(speed, learned));
};

/** Tokens of a reply whose limit is not reached: known of the sandbox's models alone. */
const usualReply = (speed: Speed, maxTokens: number): number =>
  speed?.config.vocabularySize === sandboxReply.vocabulary
    ? Math.min(maxTokens, sandboxReply.tokens)
    : maxTokens;

/** Who takes a step: its speed, its limit of tokens, its price. */
export type PlannedModel = {
  readonly speed: Speed;
  readonly maxTokens: number;
  /** Requests at a time, where they are other than usual. */
  readonly batch?: number | undefined;
} & PlannedPrice;

/**
 * A step from its load as a function of the tokens of a reply. usual: what it takes where nothing is asked again, which
 * is what its time is made of.
 */
export const planCalls = (
  stage: string,
  what: string,
  { speed, maxTokens, price, batch }: PlannedModel,
  load: (reply: number) => Load,
  usual = load,
): PlannedStep => {
  const most = load(maxTokens);
  const { read = 0, written = 0 } = most;
  return {
    stage,
    what,
    calls: most.calls ?? 0,
    tokens: Math.round(loadTokens(most)),
    seconds: loadSeconds(speed, usual(usualReply(speed, maxTokens)), batch),
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
  return planCalls(
    stage,
    samples === 1 ? counted(count, "answer") : `${samples} replies to each of ${counted(count, "prompt")}`,
    { speed, maxTokens, price },
    (reply) => ({ calls: samples * count, read: samples * tokens, written: samples * count * reply }),
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
    batch,
  }: {
    readonly read: number;
    readonly speed: Speed;
    readonly maxTokens?: number;
    readonly batch?: number;
  },
): PlannedStep =>
  planCalls(stage, counted(rows, "row"), { speed, maxTokens, batch }, (reply) => ({
    calls: rows,
    read,
    written: rows * reply,
  }));

/**
 * What planRevisions needs to know. maxTokens: of one reply; direct: a revision without a critique; examples: where they
 * are not the constitution's own. scoring, voteTokens: how a recheck's verdicts are read.
 */
export type RevisionPlan = Pick<
  JudgePlan,
  "speed" | "maxTokens" | "price" | "scoring" | "members" | "voteTokens"
> & {
  readonly rounds: number;
  readonly mode: "critique" | "direct";
  readonly recheck?: number | undefined;
  readonly form?: RevisionForm | undefined;
  readonly examples?: readonly RevisionExample[];
};

/** Rounds of revision of an answer to each prompt; with a recheck at most, where every further round is needed. */
export const planRevisions = (
  stage: string,
  prompts: readonly Asked[] | PromptTotals,
  constitution: Constitution,
  {
    rounds: first,
    mode,
    recheck,
    form = "chat",
    examples = constitution.fewShots ?? [],
    ...asked
  }: RevisionPlan,
): PlannedStep => {
  const { count, tokens } = totalsOf(prompts);
  const calls = mode === "direct" ? 1 : 2;
  const rounds = first + (recheck ?? 0);
  const tests = recheck === undefined ? 0 : 2 * (1 + recheck) * constitution.principles.length;
  const { letters, said } = planLetters(asked, 1);
  // What gives log-probabilities is tried once, wherever it is.
  const tried = asked.scoring === "one-call" ? 1 : searchesOf(asked);
  const searched = recheck === undefined ? 0 : tried;
  const further =
    recheck === undefined ? "" : `, tested, and up to ${counted(recheck, "further round")}${said}`;
  const what = `${counted(first, "round")} for each of ${counted(count, "answer")}${further}`;
  const frames = revisionFrames(revisionPrompts(form, examples));
  const load = (words: PrincipleWords) => {
    const critique = principleTokens(constitution, "critique", words);
    const revision = principleTokens(constitution, "revision", words);
    const test = recheckFrame() + revision + letterTokens;
    return (reply: number): Load => {
      // Read per round: the answer and the critique's request; then all of that with the critique and the revision's.
      const own =
        mode === "direct"
          ? frames.direct + reply + revision
          : frames.critique + frames.revision + 2 * (reply + critique) + reply + revision;
      return {
        calls: count * (rounds * calls + tests * letters.calls) + searched,
        read:
          rounds * (calls * tokens + count * own) +
          tests * letters.reads * (tokens + count * (reply + test)) +
          searched * (test + trialWords),
        written: count * (rounds * calls * reply + tests * letters.written) + searched * choiceTokens,
      };
    };
  };
  return planCalls(stage, what, asked, load("longest"), load("mean"));
};

/** A comparison of two replies to each prompt, in both orders. */
export const planComparisons = (
  stage: string,
  prompts: readonly Asked[] | PromptTotals,
  constitution: Constitution,
  plan: JudgePlan,
): PlannedStep => {
  const { count, tokens } = totalsOf(prompts);
  const { method = "auto", principles = 1, chains = 1, reasoningTokens = 0, scoring, examples = 0 } = plan;
  const reasons = method === "reasoning";
  const { calls, reads, written, said } = questionLoad(plan);
  const asked = 2 * principles;
  const searched = searchesOf(plan);
  const letters = scoring === "unknown" ? letterTokens : choiceTokens;
  const frames = comparisonFrames(plan.form ?? "own", reasons);
  // Letters after a chain of thought are read behind it.
  const behind = reasons ? chains * (reasoningTokens + frames.verdict) * (reads / chains - 1) : 0;
  const load = (words: PrincipleWords) => {
    const preference = principleTokens(constitution, "preference", words);
    const trial = comparisonFrames("own", false).question + preference + letters + trialWords;
    return (reply: number): Load => {
      const question = tokens + count * (examples + frames.question + preference + letters + 2 * reply);
      return {
        calls: asked * calls * count + searched,
        read: asked * (reads * question + behind * count) + searched * trial,
        written: asked * written * count + searched * choiceTokens,
      };
    };
  };
  return planCalls(
    stage,
    `${counted(count, "comparison")} in both orders${said}`,
    plan,
    load("longest"),
    load("mean"),
  );
};

/** One question about each prompt and its reply, answered by letters in both orders. frame: tokens of its other words. */
export const planVerdicts = (
  stage: string,
  prompts: readonly Asked[] | PromptTotals,
  judge: PlannedModel &
    Pick<JudgePlan, "scoring" | "members" | "method" | "votes" | "voteTokens"> & { readonly frame: number },
): PlannedStep => {
  const { count, tokens } = totalsOf(prompts);
  const { calls, reads, written, said } = questionLoad(judge);
  const searched = searchesOf(judge);
  return planCalls(stage, `${counted(count, "answer")} in both orders${said}`, judge, (reply) => ({
    calls: 2 * calls * count + searched,
    read:
      2 * reads * (tokens + count * (reply + judge.frame + letterTokens)) +
      searched * (judge.frame + trialWords),
    written: 2 * written * count + searched * choiceTokens,
  }));
};

/** Questions that one of several letters answers, each in so many orders of its options. */
export const planChoices = (
  stage: string,
  what: string,
  { count, tokens }: PromptTotals,
  asked: PlannedModel &
    Pick<JudgePlan, "scoring" | "members" | "method" | "votes" | "voteTokens"> & {
      readonly options: number;
      readonly orders: number;
    },
): PlannedStep => {
  const { calls, reads, written } = questionLoad(asked);
  const { orders } = asked;
  const searched = searchesOf(asked);
  return planCalls(stage, what, asked, () => ({
    calls: orders * calls * count + searched,
    read: orders * reads * tokens + searched * trialTokens,
    written: orders * written * count + searched * choiceTokens,
  }));
};

/** Replies of several models to held-out prompts. */
export const planEvaluation = (
  stage: string,
  prompts: readonly PromptRecord[],
  models: readonly PlannedModel[],
): PlannedStep => {
  const each = models.map((model) => planReplies(stage, prompts, model));
  const { seconds, dollars } = planOf(each);
  return {
    stage,
    what: `${counted(prompts.length, "prompt")} for ${counted(models.length, "model")}`,
    calls: sum(each.map(({ calls }) => calls)),
    tokens: sum(each.map(({ tokens }) => tokens)),
    seconds,
    ...(dollars === null ? {} : { dollars }),
  };
};
