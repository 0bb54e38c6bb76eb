// What stages count of their rows: how replies ended, and how comparisons did.
// Knows no words for it; those are the summaries'.

import { type AnswerTally, addAnswer } from "../../evaluation/index.ts";
import { isAnswered } from "../../feedback/index.ts";
import {
  type ComparisonRecord,
  type Finish,
  finishes,
  type LabelRecord,
  type ReplyRecord,
  type StepFinish,
  stepFinishes,
} from "../../records/index.ts";

/** How often each end occurred. */
export type FinishCounts = Readonly<Record<Finish, number>>;

/** Counts of how replies ended. */
export const countFinishes = (replies: readonly { readonly finish: Finish }[]): FinishCounts => {
  const counts = Object.fromEntries(finishes.map((finish) => [finish, 0])) as Record<Finish, number>;
  for (const { finish } of replies) counts[finish]++;
  return counts;
};

/** How often each end of a round occurred. */
export type StepCounts = Readonly<Record<StepFinish, number>>;

/** Counts of how rounds of revision ended. */
export const countSteps = (steps: readonly { readonly finish: StepFinish }[]): StepCounts => {
  const counts = Object.fromEntries(stepFinishes.map((finish) => [finish, 0])) as Record<StepFinish, number>;
  for (const { finish } of steps) counts[finish]++;
  return counts;
};

/** How replies ended. missing: those of them that give nothing to go on with. */
export type ReplyTally = AnswerTally & {
  readonly finishes: Record<Finish, number>;
  readonly missing: Record<Finish, number>;
};

/** No replies yet. */
export const noReplies = (): ReplyTally => ({
  count: 0,
  finishes: { ...countFinishes([]) },
  missing: { ...countFinishes([]) },
});

/** How a reply that gives nothing to go on with ended; null for one that is an answer. */
export const unansweredEnd = (reply: Pick<ReplyRecord, "text" | "finish">): Finish | null =>
  isAnswered(reply) ? null : reply.finish;

/** Counts a reply. */
export const addReply = (tally: ReplyTally, reply: Pick<ReplyRecord, "text" | "finish">): void => {
  addAnswer(tally, unansweredEnd(reply));
  tally.finishes[reply.finish]++;
};

/** Counts the replies of a stream. */
export const tallyReplies = async (
  replies: AsyncIterable<Pick<ReplyRecord, "text" | "finish">>,
): Promise<ReplyTally> => {
  const tally = noReplies();
  for await (const reply of replies) addReply(tally, reply);
  return tally;
};

/** Two counts of the same things, added up. */
export const addCounts = <Counts extends Readonly<Record<string, number>>>(
  sum: Counts,
  more: Counts,
): Counts =>
  Object.fromEntries(Object.entries(sum).map(([name, count]) => [name, count + (more[name] ?? 0)])) as Counts;

/** The sum of what is counted in each row of a stream. */
export const sumOver = async <Row, Counts extends Readonly<Record<string, number>>>(
  rows: AsyncIterable<Row>,
  none: Counts,
  count: (row: Row) => Counts,
): Promise<Counts> => {
  let sum = none;
  for await (const row of rows) sum = addCounts(sum, count(row));
  return sum;
};

/**
 * How comparisons ended. identical: of twice the same reply; missing: for want of a reply; replyCut: with a reply that
 * was cut by the token limit; tooLong, refused: by the
 * judge's context, provider or words; rejected: by its server; undecided: the judge named no letter; neither, both: it
 * spoke for none or for both; silent: it said nothing; cut: it was cut before a verdict.
 */
export type LabelCounts = Readonly<
  Record<
    | "judged"
    | "flips"
    | "identical"
    | "missing"
    | "replyCut"
    | "tooLong"
    | "refused"
    | "rejected"
    | "undecided"
    | "neither"
    | "both"
    | "silent"
    | "cut",
    number
  >
>;

/** Counts of how comparisons ended. */
export const countLabels = (
  labels: readonly Pick<LabelRecord, "state" | "reason" | "flipped">[],
): LabelCounts => {
  const count = (wanted: (label: Pick<LabelRecord, "state" | "reason" | "flipped">) => boolean): number =>
    labels.filter(wanted).length;
  return {
    judged: count(({ state }) => state === "judged"),
    flips: count(({ flipped }) => flipped === true),
    identical: count(({ state }) => state === "identical"),
    missing: count(({ reason }) => reason === "reply-missing"),
    replyCut: count(({ reason }) => reason === "reply-cut"),
    tooLong: count(({ reason }) => reason === "overflow"),
    refused: count(({ reason }) => reason === "refusal"),
    rejected: count(({ reason }) => reason === "rejected"),
    undecided: count(({ reason }) => reason === "no-choice"),
    neither: count(({ reason }) => reason === "neither"),
    both: count(({ reason }) => reason === "both"),
    silent: count(({ reason }) => reason === "empty"),
    cut: count(({ reason }) => reason === "cut"),
  };
};

/**
 * What came from another model than the one that was asked: replies, steps of revision in which the critique or the revision
 * did, and comparisons in which an answer of the judge did.
 */
export type OtherCounts = Readonly<Record<"answers" | "revisions" | "samples" | "labels", number>>;

/**
 * Comparisons whose better reply was known beforehand. replies: in all of them; pairs: of the better reply with another
 * one; identical: such pairs that are twice the same text, and so none.
 */
export type KnownCounts = Readonly<Record<"comparisons" | "replies" | "pairs" | "identical", number>>;

/** Counts of known comparisons. */
export const countKnown = (
  comparisons: readonly Pick<ComparisonRecord, "options" | "correct">[],
): KnownCounts => {
  const replies = comparisons.reduce((sum, { options }) => sum + options.length, 0);
  const identical = comparisons.reduce(
    (sum, { options, correct }) => sum + options.filter((one) => one === options[correct]).length - 1,
    0,
  );
  const pairs = replies - comparisons.length - identical;
  return { comparisons: comparisons.length, replies, pairs, identical };
};
