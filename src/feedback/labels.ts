// Preference labels (Bai et al. 2022, section 4.1): one principle drawn per comparison, the multiple-choice question
// in both orders, the log-probabilities of "(A)" and "(B)" normalised to a soft label and averaged. Deviations: both
// orders are asked, and replies that are the same text are not. What a judge does not answer is never a score.

import { comparisonOptions, drawPrinciple, renderComparison } from "../constitution/index.ts";
import { CovenantError, createRandom, deriveSeed, throwIfAborted, UserError } from "../core/index.ts";
import type { LanguageModel, Score, ScoreRequest } from "../models/index.ts";
import type { Constitution, LabelRecord, Principle, UnscoredReason, Usage } from "../records/index.ts";
import { chunksOf, expectCount, inOrder, isAnswered, type Pace, paceOf, sumUsage } from "./chunk.ts";
import type { PairReply, ReplyPair } from "./pairs.ts";

/** seedStage, window: as for samples. chunk: pairs a call, each of two requests (default: half the judge's batch). */
export type LabelOptions = Partial<Pace> & {
  readonly judge: LanguageModel;
  readonly pairs: readonly ReplyPair[];
  readonly constitution: Constitution;
  readonly runSeed: number;
  readonly stage: string;
  readonly seedStage?: string;
  readonly signal?: AbortSignal;
};

/** bounded: comparisons in which a letter's log-probability was only known to be below a bound. */
export type LabelChunk = {
  readonly records: readonly LabelRecord[];
  readonly bounded: number;
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

type Task = {
  readonly pair: ReplyPair;
  readonly replies: readonly [PairReply, PairReply];
  readonly principle: Principle;
  readonly seed: number;
  readonly state: "asked" | "identical" | "unscored";
};

const planTask = (pair: ReplyPair, options: LabelOptions): Task => {
  const { constitution, runSeed, stage, seedStage = stage } = options;
  const seed = deriveSeed(runSeed, seedStage, pair.id);
  // Whoever made the pair may have put the better reply first; the record must not tell.
  const swapped = createRandom(deriveSeed(runSeed, seedStage, pair.id, "order")).next() < 0.5;
  const [one, other] = pair.replies;
  const answered = isAnswered(one) && isAnswered(other);
  return {
    pair,
    replies: swapped ? [other, one] : [one, other],
    principle: drawPrinciple(constitution, seed),
    seed,
    state: !answered ? "unscored" : one.text === other.text ? "identical" : "asked",
  };
};

/** The comparison as it is and with the replies exchanged. */
const questionsOf = ({ pair, replies, principle }: Task): ScoreRequest[] =>
  [replies, [replies[1], replies[0]] as const].map(([first, second]) => ({
    messages: renderComparison({
      messages: pair.messages,
      principle,
      first: first.text,
      second: second.text,
    }),
    continuations: comparisonOptions,
  }));

const reasonOf = ({ state }: Task, scores: readonly Score[]): UnscoredReason =>
  state === "unscored" ? "reply-missing" : (scores.find(({ declined }) => declined)?.declined ?? "no-choice");

const toRecord = (task: Task, scores: readonly Score[], judge: string, stage: string): LabelRecord => {
  const { pair, replies, principle, seed } = task;
  const shown = scores.map(normaliseChoice);
  const asFirst = shown[0] ?? null;
  const asSecond = shown[1] ?? null;
  const record = {
    id: `${stage}/${pair.id}`,
    parents: [pair.prompt, replies[0].id, replies[1].id],
    stage,
    seed,
    prompt: pair.prompt,
    messages: [...pair.messages],
    replies: [replies[0].text, replies[1].text] satisfies [string, string],
    principle: principle.id,
    judge,
  };
  const unknown = { probability: null, orders: null, flipped: null };
  if (task.state === "identical") return { ...record, state: "identical", ...unknown };
  if (asFirst === null || asSecond === null)
    return { ...record, state: "unscored", reason: reasonOf(task, scores), ...unknown };
  const orders: [number, number] = [asFirst, 1 - asSecond];
  return {
    ...record,
    state: "judged",
    probability: (orders[0] + orders[1]) / 2,
    orders,
    flipped: (orders[0] - 0.5) * (orders[1] - 0.5) < 0,
  };
};

/** Endpoints find out only when they are asked whether they give log-probabilities. */
const requireScores = (judge: LanguageModel): void => {
  if (judge.capabilities.scores) return;
  throw new UserError(
    "judge-scores-nothing",
    `The judge ${judge.id} gives no log-probabilities, and labels are made from them. Choose a model or server that does (vLLM, llama.cpp and many chat models of OpenAI do).`,
    { judge: judge.id },
  );
};

/**
 * Asks a judge one small comparison, so that one who gives no log-probabilities is found before anything is sampled.
 * Throws UserError "judge-scores-nothing".
 */
export const assertJudgeScores = async (
  options: Pick<LabelOptions, "judge" | "constitution" | "runSeed" | "signal">,
): Promise<void> => {
  const { judge, constitution, runSeed, signal } = options;
  const messages = renderComparison({
    messages: [{ role: "user", content: "Hello." }],
    principle: drawPrinciple(constitution, runSeed),
    first: "Hello. How can I help?",
    second: "Go away.",
  });
  requireScores(judge);
  await judge.score([{ messages, continuations: comparisonOptions }], signal === undefined ? {} : { signal });
  requireScores(judge);
};

const labelChunk = async (options: LabelOptions, pairs: readonly ReplyPair[]): Promise<LabelChunk> => {
  const { judge, stage, signal } = options;
  throwIfAborted(signal);
  const tasks = pairs.map((pair) => planTask(pair, options));
  const requests = tasks.filter((task) => task.state === "asked").flatMap(questionsOf);
  const given =
    requests.length === 0 ? [] : await judge.score(requests, signal === undefined ? {} : { signal });
  requireScores(judge);
  const scores = expectCount(judge.id, requests.length, given);
  let next = 0;
  let bounded = 0;
  const records = tasks.map((task) => {
    const own = task.state === "asked" ? scores.slice(next, next + 2) : [];
    next += own.length;
    if (own.some((score) => score.bounded?.includes(true))) bounded++;
    return toRecord(task, own, judge.id, stage);
  });
  return { records, bounded, usage: sumUsage(scores.map((score) => score.usage)) };
};

/**
 * Labels pairs in the pairs' order. To resume after whole chunks, leave out the pairs that they covered. Throws
 * UserError when the judge gives no log-probabilities at all.
 */
export async function* labelBatch(options: LabelOptions): AsyncGenerator<LabelChunk> {
  requireScores(options.judge);
  const { chunk, window } = { ...paceOf(options.judge, 2), ...options };
  const chunks = chunksOf(options.pairs, chunk);
  for await (const ready of inOrder(chunks, window, (pairs) => labelChunk(options, pairs))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      bounded: ready.reduce((sum, { bounded }) => sum + bounded, 0),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}

/** Below so many judged comparisons nothing is said about a judge that keeps to one letter. */
const fewestForVerdict = 50;
const oneLetterShare = 0.95;

/**
 * Stops when the judge answers by position: the same letter in both orders in at least 95 % of at least 50 judged
 * comparisons. Call it after a stage with all its labels. Throws CovenantError "judge-one-letter".
 */
export const assertJudgeReads = (labels: Iterable<LabelRecord>): void => {
  let judged = 0;
  const always = { A: 0, B: 0 };
  let judge = "";
  for (const { orders, judge: name } of labels) {
    if (orders === null) continue;
    judged++;
    judge = name;
    // Reply 0 stands under (A) in the first order and under (B) in the second.
    if (orders[0] > 0.5 && orders[1] < 0.5) always.A++;
    if (orders[0] < 0.5 && orders[1] > 0.5) always.B++;
  }
  const letter = always.A >= always.B ? "A" : "B";
  const share = always[letter] / judged;
  if (judged < fewestForVerdict || share < oneLetterShare) return;
  throw new CovenantError(
    "judge-one-letter",
    `The judge ${judge} answers (${letter}) whatever stands there: in ${always[letter]} of ${judged} comparisons it kept to that letter when the replies were exchanged. Its labels say nothing; choose another judge.`,
    { judge, letter, judged, share },
  );
};
