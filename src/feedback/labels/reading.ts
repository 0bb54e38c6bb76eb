// Reads letters from a judge: from the log-probabilities of the two options, or as votes that it writes. One reading
// for each question, in the questions' order. Knows no order of replies and no principle: (A) is what stands first.

import { comparisonOptions } from "../../constitution/index.ts";
import { deriveSeed, logistic, UserError } from "../../core/index.ts";
import {
  type AnsweredBy,
  answeredByOf,
  type CallOptions,
  type LanguageModel,
  type Score,
} from "../../models/index.ts";
import type { Message, UnscoredReason, Usage } from "../../records/index.ts";
import { expectCount, sumUsage } from "../chunk.ts";
import type { JudgeProtocol } from "./judge-protocol.ts";
import { commonestReason, countVotes, readVote, type VoteCount, whyNoChoice } from "./vote.ts";

/** A question that a letter answers. shown: the replies under (A) and (B). */
export type Question = {
  readonly messages: readonly Message[];
  readonly shown: readonly [string, string];
  readonly seed: number;
};

/**
 * probability: P(what is shown first is better); null: there is none, for a reason. votes: where letters were written.
 * bounded: a letter's log-probability was only known to be below a bound. answeredBy: other models than the judge that gave
 * what was read.
 */
export type Reading = AnsweredBy & {
  readonly probability: number | null;
  readonly reason?: UnscoredReason;
  readonly votes?: VoteCount;
  readonly bounded: boolean;
  readonly usage: Usage;
};

/** P(first option) from the two log-probabilities; null where the judge gave no usable ones. */
export const normaliseChoice = (score: Score): number | null => {
  const [first, second] = score.logProbabilities;
  if (typeof first !== "number" || typeof second !== "number") return null;
  // exp(a) / (exp(a) + exp(b)), without underflow.
  const probability = logistic(first - second);
  return Number.isNaN(probability) ? null : probability;
};

/** What is said of a judge that gives no log-probabilities where they are needed. instead: what else may be done. */
export const scoresMissing = (
  { id }: Pick<LanguageModel, "id">,
  instead = "labels can be made of votes instead (label.method=votes, or auto)",
): UserError =>
  new UserError(
    "judge-scores-nothing",
    `The judge ${id} gives no log-probabilities of (A) and (B) that can be read, and they are needed here. Choose a model or server that gives them (vLLM, llama.cpp and many chat models of OpenAI do); ${instead}.`,
    { judge: id },
  );

/** Endpoints find out only when they are asked whether they give log-probabilities. */
export const requireScores = (judge: LanguageModel): void => {
  if (!judge.capabilities.scores) throw scoresMissing(judge);
};

/** Why a score has no probability: who declined, else what was said instead of a letter. */
const whyUnscored = ({ declined, said }: Score): UnscoredReason =>
  declined ?? (said === undefined ? "no-choice" : whyNoChoice(said));

const fromScore = (score: Score): Reading => {
  const probability = normaliseChoice(score);
  return {
    probability,
    ...(probability === null ? { reason: whyUnscored(score) } : {}),
    bounded: score.bounded?.includes(true) === true,
    usage: score.usage,
    ...answeredByOf([score]),
  };
};

/** What was read in both orders of a question, as P(the option that stands first in the first of them) in each. */
export type OrdersRead =
  | { readonly orders: [number, number] }
  | { readonly orders: null; readonly reason: UnscoredReason };

/** Whether the two orders say different things: where they often do, the judge goes by the place of a choice. */
export const isFlipped = ([one, other]: readonly [number, number]): boolean =>
  (one - 0.5) * (other - 0.5) < 0;

const declines: readonly UnscoredReason[] = ["refusal", "overflow", "rejected"];

/** The reason that says most: a declined order says more than one without a choice. */
export const weightiestReason = (reasons: readonly UnscoredReason[]): UnscoredReason =>
  reasons.find((reason) => declines.includes(reason)) ?? reasons[0] ?? "no-choice";

/** Puts both orders of a question together. One that is not read makes all of it unread. */
export const readBothOrders = (
  asFirst: Pick<Reading, "probability" | "reason">,
  asSecond: Pick<Reading, "probability" | "reason">,
): OrdersRead => {
  if (asFirst.probability !== null && asSecond.probability !== null)
    return { orders: [asFirst.probability, 1 - asSecond.probability] };
  const reasons = [asFirst, asSecond].flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  return { orders: null, reason: weightiestReason(reasons) };
};

/**
 * Whether log-probabilities of a judge can be read, found out by one question: it gives them, and came to a choice. A
 * question that is declined says no more than what the judge says of itself.
 */
export const givesChoice = async (
  judge: LanguageModel,
  messages: readonly Message[],
  call: CallOptions,
): Promise<boolean> => {
  if (!judge.capabilities.scores) return false;
  const scores = await judge.score([{ messages, continuations: comparisonOptions, trial: true }], call);
  const [score] = expectCount(judge.id, 1, scores);
  return judge.capabilities.scores && (score!.declined !== undefined || normaliseChoice(score!) !== null);
};

/** Reads questions by log-probabilities. Throws UserError where the judge turns out to give none. */
export const readScores = async (
  judge: LanguageModel,
  questions: readonly Pick<Question, "messages">[],
  options: readonly string[],
  call: CallOptions,
): Promise<Reading[]> => {
  const requests = questions.map(({ messages }) => ({ messages, continuations: options }));
  const scores = requests.length === 0 ? [] : await judge.score(requests, call);
  requireScores(judge);
  return expectCount(judge.id, requests.length, scores).map(fromScore);
};

/** What of a protocol decides how letters are read. */
export type LetterReading = Pick<JudgeProtocol, "reading" | "form" | "votes" | "temperature" | "voteTokens">;

const readVotes = async (
  judge: LanguageModel,
  questions: readonly Question[],
  { form, votes, temperature, voteTokens }: LetterReading,
  call: CallOptions,
): Promise<Reading[]> => {
  const requests = questions.flatMap(({ messages, seed }) =>
    Array.from({ length: votes }, (_, vote) => ({
      messages,
      maxTokens: voteTokens,
      temperature,
      seed: deriveSeed(seed, "vote", vote),
      ...(form.stop.length === 0 ? {} : { stop: form.stop }),
    })),
  );
  const given = requests.length === 0 ? [] : await judge.generate(requests, call);
  const replies = expectCount(judge.id, requests.length, given);
  return questions.map(({ shown }, at) => {
    const own = replies.slice(at * votes, (at + 1) * votes);
    const count = countVotes(own.map((reply) => readVote(reply, shown)));
    const [first, second] = count.shown;
    return {
      ...(first + second === 0
        ? { probability: null, reason: commonestReason(count.lost) }
        : { probability: first / (first + second) }),
      votes: count,
      bounded: false,
      usage: sumUsage(own.map(({ usage }) => usage)),
      ...answeredByOf(own),
    };
  });
};

/** Reads every question, as the protocol says. */
export const readLetters = (
  judge: LanguageModel,
  questions: readonly Question[],
  protocol: LetterReading,
  call: CallOptions,
): Promise<Reading[]> =>
  protocol.reading === "scores"
    ? readScores(judge, questions, protocol.form.options, call)
    : readVotes(judge, questions, protocol, call);
