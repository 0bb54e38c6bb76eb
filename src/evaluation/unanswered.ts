// Replies that are no answers, counted by how they ended: the one count behind figures, warnings and errors. What makes a reply
// an answer, and what an answer is worth, is not known here.

import type { Finish } from "../records/index.ts";

/** How many replies are no answers, by how they ended; only ends that there are. */
export type Unanswered = Readonly<Partial<Record<Finish, number>>>;

/** count: of all replies; missing: of those that are no answers. */
export type AnswerTally = { count: number; readonly missing: Partial<Record<Finish, number>> };

/** No replies yet. */
export const noAnswers = (): AnswerTally => ({ count: 0, missing: {} });

/** Counts a reply. end: how one that is no answer ended; null for an answer. */
export const addAnswer = (tally: AnswerTally, end: Finish | null): void => {
  tally.count++;
  if (end !== null) tally.missing[end] = (tally.missing[end] ?? 0) + 1;
};

/** Counts replies by their ends, as addAnswer takes them. */
export const tallyAnswers = (ends: Iterable<Finish | null>): AnswerTally => {
  const tally = noAnswers();
  for (const end of ends) addAnswer(tally, end);
  return tally;
};

/** How many replies are no answers. */
export const countMissing = (missing: Unanswered): number =>
  Object.values(missing).reduce((sum, count) => sum + count, 0);

/** As a field of figures, which they have only where a reply is no answer. */
export const unansweredField = (missing: Unanswered): { readonly unanswered?: Unanswered } =>
  countMissing(missing) === 0 ? {} : { unanswered: missing };
