// Reads letters from a judge: from the log-probabilities of the two options, or as votes that it writes. One reading
// for each question, in the questions' order. Knows no order of replies and no principle: (A) is what stands first.

import { deriveSeed, UserError } from "../../core/index.ts";
import type { CallOptions, LanguageModel, Score } from "../../models/index.ts";
import type { Message, UnscoredReason, Usage } from "../../records/index.ts";
import { expectCount, sumUsage } from "../chunk.ts";
import type { Judging } from "./judging.ts";
import { commonestReason, countVotes, readVote, type VoteCount } from "./vote.ts";

/** A question that a letter answers. shown: the replies under (A) and (B). */
export type Question = {
  readonly messages: readonly Message[];
  readonly shown: readonly [string, string];
  readonly seed: number;
};

/**
 * probability: P(what is shown first is better); null: there is none, for a reason. votes: where letters were written.
 * bounded: a letter's log-probability was only known to be below a bound.
 */
export type Reading = {
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
  const probability = 1 / (1 + Math.exp(second - first));
  return Number.isNaN(probability) ? null : probability;
};

/** What is said of a judge that gives no log-probabilities where they are needed. */
export const scoresMissing = ({ id }: Pick<LanguageModel, "id">): UserError =>
  new UserError(
    "judge-scores-nothing",
    `The judge ${id} gives no log-probabilities, and this method makes labels from them. Let it vote (label.method=votes, or auto), or choose a model or server that gives them (vLLM, llama.cpp and many chat models of OpenAI do).`,
    { judge: id },
  );

/** Endpoints find out only when they are asked whether they give log-probabilities. */
export const requireScores = (judge: LanguageModel): void => {
  if (!judge.capabilities.scores) throw scoresMissing(judge);
};

const fromScore = (score: Score): Reading => {
  const probability = normaliseChoice(score);
  return {
    probability,
    ...(probability === null ? { reason: score.declined ?? "no-choice" } : {}),
    bounded: score.bounded?.includes(true) === true,
    usage: score.usage,
  };
};

const readScores = async (
  judge: LanguageModel,
  questions: readonly Question[],
  { form }: Judging,
  call: CallOptions,
): Promise<Reading[]> => {
  const requests = questions.map(({ messages }) => ({ messages, continuations: form.options }));
  const scores = requests.length === 0 ? [] : await judge.score(requests, call);
  requireScores(judge);
  return expectCount(judge.id, requests.length, scores).map(fromScore);
};

/** A letter takes few tokens; judges that say more are read as far as this. */
const voteTokens = 16;

const readVotes = async (
  judge: LanguageModel,
  questions: readonly Question[],
  { form, votes, temperature }: Judging,
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
    };
  });
};

/** Reads every question, as the judging says. */
export const readLetters = (
  judge: LanguageModel,
  questions: readonly Question[],
  judging: Judging,
  call: CallOptions,
): Promise<Reading[]> =>
  (judging.reading === "scores" ? readScores : readVotes)(judge, questions, judging, call);
