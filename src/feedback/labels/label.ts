// Preference labels (Bai et al. 2022, section 4.1): one principle drawn per comparison, the multiple-choice question
// in both orders, the probabilities of (A) and (B) read as the protocol says and averaged to a soft label. Deviations: both
// orders are asked, and replies that are the same text are not. What a judge does not answer is never a score.

import { mean, throwIfAborted } from "../../core/index.ts";
import { answeredByOf, type LanguageModel, moneyOf, type Price } from "../../models/index.ts";
import type {
  Judgement,
  LabelRecord,
  PrincipleId,
  ReasoningChain,
  Usage,
  Votes,
} from "../../records/index.ts";
import { inOrder, type Pace, paceOf, piecesOf, type Stream, sumUsage } from "../chunk.ts";
import type { ReplyPair } from "../pairs.ts";
import { type ComparisonTask, planTask, questionsOf, type TaskOptions } from "./comparison-task.ts";
import { clampTo, isPlain, type JudgeProtocol, plainProtocol } from "./judge-protocol.ts";
import {
  isFlipped,
  type Reading,
  readBothOrders,
  readLetters,
  requireScores,
  weightiestReason,
} from "./reading.ts";
import { type ReasonedReading, readReasoning } from "./reasoning.ts";
import type { VoteCount } from "./vote.ts";

/**
 * chunk: pairs a call, each of two requests or more (default: half the judge's batch); window: such calls at a time.
 * protocol: how the judge is asked.
 */
export type LabelOptions = TaskOptions &
  Partial<Pace> & {
    readonly judge: LanguageModel;
    readonly pairs: Stream<ReplyPair>;
    readonly protocol?: JudgeProtocol;
    readonly signal?: AbortSignal;
  };

/** bounded: comparisons in which a letter's log-probability was only known to be below a bound. */
export type LabelChunk = {
  readonly records: readonly LabelRecord[];
  readonly bounded: number;
  readonly usage: Usage;
};

/** What was read in one order. */
type OrderReading = Reading & Partial<Pick<ReasonedReading, "clamped" | "chains">>;

/** Of a question, and of the same with the replies exchanged. */
type BothOrders = readonly [OrderReading, OrderReading];

const votesOf = ({ shown: [first, second], lost }: VoteCount, exchanged: boolean): Votes => ({
  replies: exchanged ? [second, first] : [first, second],
  lost: { ...lost },
});

const exchange = (chain: ReasoningChain): ReasoningChain => ({
  ...chain,
  probability: chain.probability === null ? null : 1 - chain.probability,
});

const toJudgement = (principle: PrincipleId, [asFirst, asSecond]: BothOrders): Judgement => ({
  principle,
  ...readBothOrders(asFirst, asSecond),
  ...(asFirst.votes && asSecond.votes
    ? { votes: [votesOf(asFirst.votes, false), votesOf(asSecond.votes, true)] }
    : {}),
  ...(asFirst.chains && asSecond.chains
    ? { chains: [[...asFirst.chains], asSecond.chains.map(exchange)] }
    : {}),
});

/** P(reply 0 is better) in both orders, clamped, over all principles with a verdict in both; null: there is none. */
const ordersOf = (readings: readonly BothOrders[], { clamp }: JudgeProtocol): [number, number] | null => {
  const clamped = ({ clamped, probability }: OrderReading): number | null =>
    clamped ?? (probability === null ? null : clampTo(clamp, probability));
  const read = readings.flatMap(([asFirst, asSecond]) => {
    const [first, second] = [clamped(asFirst), clamped(asSecond)];
    return first === null || second === null ? [] : [[first, 1 - second] as const];
  });
  if (read.length === 0) return null;
  return [mean(read.map(([first]) => first)), mean(read.map(([, second]) => second))];
};

/** Why there is no label: a declined order says more than one without a choice. */
const reasonOf = ({ state }: ComparisonTask, readings: readonly BothOrders[]) => {
  if (state === "reply-missing" || state === "reply-cut") return state;
  return weightiestReason(readings.flat().flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
};

const costOf = (usage: Usage, price: Price | undefined): Pick<LabelRecord, "usage" | "money"> => ({
  usage,
  ...(price === undefined ? {} : { money: moneyOf(usage, price) }),
});

/** What of the protocol a record tells (nothing of labels as they are usually made), and what its calls took. */
const judgingOf = (task: ComparisonTask, readings: readonly BothOrders[], protocol: JudgeProtocol) => {
  const { method, form, clamp, price } = protocol;
  const asked = readings.length > 0;
  return {
    ...(method === "choice" ? {} : { method }),
    ...(form.name === "own" ? {} : { form: form.name }),
    ...(clamp === null ? {} : { clamp }),
    ...(isPlain(protocol) || !asked
      ? {}
      : { judgements: readings.map((both, at) => toJudgement(task.principles[at]!.id, both)) }),
    ...(asked ? costOf(sumUsage(readings.flat().map(({ usage }) => usage)), price) : {}),
  };
};

const correctOf = ({ pair: { correct }, swapped }: ComparisonTask): Pick<LabelRecord, "correct"> =>
  correct === undefined ? {} : { correct: swapped ? (correct === 0 ? 1 : 0) : correct };

const toRecord = (
  task: ComparisonTask,
  readings: readonly BothOrders[],
  { judge, stage, protocol = plainProtocol }: LabelOptions,
): LabelRecord => {
  const { pair, replies, principles, seed } = task;
  const record = {
    id: `${stage}/${pair.id}`,
    parents: [pair.prompt, replies[0].id, replies[1].id],
    stage,
    seed,
    prompt: pair.prompt,
    messages: [...pair.messages],
    replies: [replies[0].text, replies[1].text] satisfies [string, string],
    principle: principles[0]!.id,
    judge: judge.id,
    ...answeredByOf(readings.flat()),
  };
  const more = { ...judgingOf(task, readings, protocol), ...correctOf(task) };
  const unknown = { probability: null, orders: null, flipped: null };
  if (task.state === "identical") return { ...record, state: "identical", ...unknown, ...more };
  const orders = ordersOf(readings, protocol);
  if (orders === null)
    return { ...record, state: "unscored", reason: reasonOf(task, readings), ...unknown, ...more };
  return {
    ...record,
    state: "judged",
    probability: (orders[0] + orders[1]) / 2,
    orders,
    flipped: isFlipped(orders),
    ...more,
  };
};

/** The readings of a task, question by question, put together as both orders of each principle. */
const pairUp = (readings: readonly OrderReading[]): BothOrders[] =>
  Array.from({ length: readings.length / 2 }, (_, at) => [readings[2 * at]!, readings[2 * at + 1]!] as const);

/** Labels pairs in one go. */
const labelChunk = async (options: LabelOptions, pairs: readonly ReplyPair[]): Promise<LabelChunk> => {
  const { judge, signal, protocol = plainProtocol } = options;
  throwIfAborted(signal);
  const tasks = pairs.map((pair) => planTask(pair, options, protocol));
  const questions = tasks.map((task) => (task.state === "asked" ? questionsOf(task, options, protocol) : []));
  const read = protocol.method === "reasoning" ? readReasoning : readLetters;
  const readings = await read(judge, questions.flat(), protocol, signal === undefined ? {} : { signal });
  let next = 0;
  let bounded = 0;
  const records = tasks.map((task, at) => {
    const own = readings.slice(next, next + questions[at]!.length);
    next += own.length;
    if (own.some((reading) => reading.bounded)) bounded++;
    return toRecord(task, pairUp(own), options);
  });
  return { records, bounded, usage: sumUsage(readings.map(({ usage }) => usage)) };
};

/**
 * Labels pairs in the pairs' order. To resume after whole chunks, leave out the pairs that they covered. Throws
 * UserError when the judge gives no log-probabilities at all and they are to be read.
 */
export async function* labelBatch(options: LabelOptions): AsyncGenerator<LabelChunk> {
  const { judge, protocol = plainProtocol } = options;
  if (protocol.reading === "scores") requireScores(judge);
  const { chunk, window } = { ...paceOf(judge, 2), ...options };
  const chunks = piecesOf(options.pairs, chunk);
  for await (const ready of inOrder(chunks, window, (pairs) => labelChunk(options, pairs))) {
    yield {
      records: ready.flatMap(({ records }) => records),
      bounded: ready.reduce((sum, { bounded }) => sum + bounded, 0),
      usage: sumUsage(ready.map(({ usage }) => usage)),
    };
  }
}
