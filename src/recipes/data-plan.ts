// What asking a model for answers, critiques, revisions and labels will take: calls and tokens, from the prompts
// themselves and the principles' own words. An upper bound: every reply is counted at its token limit.

import { isEndpoint } from "../models/index.ts";
import type { Constitution, Message, PromptRecord } from "../records/index.ts";
import type { RecipePlan } from "./recipe.ts";

/** English text has about four characters a token; chat templates add a few tokens to each message. */
const charactersPerToken = 4;
const tokensPerMessage = 4;
/** The comparison's own words, and the tokens in which a judge makes its choice. */
const comparisonFrame = 20;
const choiceTokens = 8;

const tokensOf = (text: string): number => Math.ceil(text.length / charactersPerToken) + tokensPerMessage;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const promptTokens = (prompts: readonly PromptRecord[]): number =>
  sum(prompts.map(({ messages }) => sum(messages.map(({ content }: Message) => tokensOf(content)))));

/** Mean length of what the principles say, weighed as they are drawn. */
const meanTokens = ({ principles }: Constitution, field: "critique" | "revision" | "preference"): number =>
  sum(principles.map((principle) => principle.weight * tokensOf(principle[field]))) /
  sum(principles.map(({ weight }) => weight));

type Step = RecipePlan["steps"][number];

/** A plan of steps; what runs here costs nothing, what an endpoint asks for it is not known. */
export const planOf = (steps: readonly Step[], models: readonly string[]): RecipePlan => ({
  steps,
  seconds: null,
  dollars: models.some(isEndpoint) ? null : 0,
});

/** An answer to each prompt. */
export const planAnswers = (prompts: readonly PromptRecord[], maxTokens: number): Step => ({
  stage: "answer",
  what: `${prompts.length} answers`,
  calls: prompts.length,
  tokens: promptTokens(prompts) + prompts.length * maxTokens,
});

/** Rounds of revision of an answer to each prompt. */
export const planRevisions = (
  prompts: readonly PromptRecord[],
  constitution: Constitution,
  { rounds, mode, maxTokens }: { rounds: number; mode: "critique" | "direct"; maxTokens: number },
): Step => {
  const critique = meanTokens(constitution, "critique") + 2 * maxTokens;
  const revision = meanTokens(constitution, "revision") + maxTokens;
  const calls = mode === "direct" ? 1 : 2;
  // Per prompt: the critique's request with its reply, then all of that again with the revision's.
  const own = mode === "direct" ? revision + maxTokens : 2 * critique + revision;
  return {
    stage: "revise",
    what: `${rounds} ${rounds === 1 ? "round" : "rounds"} for each`,
    calls: prompts.length * rounds * calls,
    tokens: Math.round(rounds * (calls * promptTokens(prompts) + prompts.length * own)),
  };
};

/** Two samples of each prompt, and their comparison in both orders. */
export const planLabels = (
  prompts: readonly PromptRecord[],
  constitution: Constitution,
  maxTokens: number,
): Step[] => {
  const asked = promptTokens(prompts);
  const own = meanTokens(constitution, "preference") + 2 * maxTokens + comparisonFrame + choiceTokens;
  return [
    {
      stage: "sample",
      what: `2 replies for each of ${prompts.length} prompts`,
      calls: 2 * prompts.length,
      tokens: 2 * (asked + prompts.length * maxTokens),
    },
    {
      stage: "label",
      what: `${prompts.length} comparisons in both orders`,
      calls: 2 * prompts.length,
      tokens: Math.round(2 * (asked + prompts.length * own)),
    },
  ];
};
