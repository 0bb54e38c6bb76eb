// What it takes to read a letter after a question, as log-probabilities or as votes: calls, reads and tokens written, at
// most, before anything is known of the judge but its name. Knows no stage.

import { exampleTokens, plainProtocol, type RequestedProtocol } from "../../feedback/index.ts";
import {
  choiceTokens,
  membersOf,
  type Price,
  type ScoringByName,
  scoringByName,
} from "../../models/index.ts";
import type { Constitution, LabelMethod } from "../../records/index.ts";
import type { Speed } from "../costs/model-time.ts";
import type { JudgeProtocolSettings } from "../settings/judge-protocol.ts";

/** Dollars per million tokens read and written; left out where no price is known. */
export type PlannedPrice = { readonly price?: Pick<Price, "input" | "output"> | undefined };

/**
 * What planComparisons needs to know. scoring: how the judge gives log-probabilities; members: endpoints that it is.
 * form: its wording; maxTokens: of a reply that is compared; examples: tokens that stand before every question; the
 * rest as in the settings of labels.
 */
export type JudgePlan = {
  readonly speed: Speed;
  readonly scoring: ScoringByName;
  readonly members?: number;
  readonly maxTokens: number;
  readonly form?: "own" | "paper";
  readonly method?: "auto" | LabelMethod;
  readonly principles?: number;
  readonly chains?: number;
  readonly votes?: number;
  readonly voteTokens?: number;
  readonly reasoningTokens?: number;
  readonly examples?: number;
  /** Letters to choose from, where they are other than two. */
  readonly options?: number;
} & PlannedPrice;

/** How a judge is asked by settings, for a plan. */
export const judgePlan = (
  { principlesPerComparison, ...asked }: JudgeProtocolSettings,
  { requested, constitution }: { requested: RequestedProtocol; constitution: Constitution },
  given: Pick<JudgePlan, "speed" | "scoring" | "members" | "maxTokens" | "price">,
): JudgePlan => ({
  ...asked,
  principles: principlesPerComparison,
  examples: exampleTokens(requested, constitution),
  ...given,
});

/** What a judge's name says of how letters are read. */
export const lettersBy = (name: string) => ({ scoring: scoringByName(name), members: membersOf(name) });

/** Calls with which an endpoint's way of giving log-probabilities is found at most. */
const searchCalls = 6;

/** Calls that search for such ways: each member of a pool has its own. */
export const searchesOf = ({
  scoring,
  members = 1,
  method,
}: Pick<JudgePlan, "scoring" | "members" | "method">): number =>
  scoring === "unknown" && method !== "votes" ? members * searchCalls : 0;

/** What it takes to read letters after a question once: calls, how often the question is read, tokens written. */
type LetterLoad = { readonly calls: number; readonly reads: number; readonly written: number };

const votesLoad = (votes: number, { voteTokens = plainProtocol.voteTokens }: JudgePlan): LetterLoad => ({
  calls: votes,
  reads: votes,
  written: votes * voteTokens,
});

/** Log-probabilities: here in one call; at an endpoint by an echo a letter, or a few tokens, whichever takes more of each. */
const scoreLoad = ({ scoring, options = 2 }: JudgePlan): LetterLoad =>
  scoring === "unknown"
    ? { calls: options, reads: options, written: choiceTokens }
    : { calls: 1, reads: 1, written: 0 };

const dearer = (one: LetterLoad, other: LetterLoad): LetterLoad => ({
  calls: Math.max(one.calls, other.calls),
  reads: Math.max(one.reads, other.reads),
  written: Math.max(one.written, other.written),
});

/** How letters are read, and what is said of it where it is not known yet. votes: where the judge has to write them. */
export const planLetters = (
  plan: JudgePlan,
  votes: number,
): { readonly letters: LetterLoad; readonly said: string } => {
  const { method = "auto", scoring } = plan;
  if (method === "votes" || (scoring === "none" && method !== "choice"))
    return { letters: votesLoad(votes, plan), said: method === "auto" ? ", by votes" : "" };
  if (scoring !== "unknown" || method === "choice") return { letters: scoreLoad(plan), said: "" };
  return {
    letters: dearer(scoreLoad(plan), votesLoad(votes, plan)),
    said: "; at most: the judge may have to vote",
  };
};

/** What is read and written about each question of several: letters, and before them a chain of thought. */
export const questionLoad = (
  plan: JudgePlan,
): { readonly calls: number; readonly reads: number; readonly written: number; readonly said: string } => {
  const { method = "auto", chains = 1, votes = 1, reasoningTokens = 0 } = plan;
  const { letters, said } = planLetters(plan, method === "reasoning" ? 1 : votes);
  if (method !== "reasoning") return { ...letters, said };
  return {
    calls: chains * (1 + letters.calls),
    reads: chains * (1 + letters.reads),
    written: chains * (reasoningTokens + letters.written),
    said,
  };
};
