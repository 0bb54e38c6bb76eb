// Who voted how on which statement: the matrix that everything about a Polis conversation is worked out from.
// Knows neither files nor groups.

import type { GroupId, StatementId, VoterId } from "../../records/index.ts";

/** What a vote says; unseen: there is none. */
export const agree = 1;
export const pass = 0;
export const disagree = -1;
export const unseen = 2;

/** moderation: -1 left out by the moderators, 1 accepted, 0 neither. isMeta: about those who vote, not about the subject. */
export type Statement = {
  readonly id: StatementId;
  readonly text: string;
  readonly moderation: number;
  readonly isMeta: boolean;
};

/** group: the opinion group that the export says; null where it says none. */
export type Voter = { readonly id: VoterId; readonly group: GroupId | null };

/** votes: [voters, statements], row by row: agree, pass, disagree or unseen. */
export type VoteMatrix = {
  readonly voters: readonly Voter[];
  readonly statements: readonly Statement[];
  readonly votes: Int8Array;
};

/** Votes by kind; all: their sum. */
export type Tally = {
  readonly all: number;
  readonly agree: number;
  readonly disagree: number;
  readonly pass: number;
};

/** Counts votes one after the other. */
export const countVotes = () => {
  const counts = { all: 0, agree: 0, disagree: 0, pass: 0 };
  return {
    add(vote: number): void {
      if (vote === unseen) return;
      counts.all++;
      if (vote === agree) counts.agree++;
      else if (vote === disagree) counts.disagree++;
      else counts.pass++;
    },
    tally: (): Tally => ({ ...counts }),
  };
};

/** All votes of a matrix by kind. */
export const tallyAll = ({ votes }: VoteMatrix): Tally => {
  const counted = countVotes();
  for (const vote of votes) counted.add(vote);
  return counted.tally();
};

/** The share of agreement among the votes; null without any. */
export const agreementOf = ({ agree: agrees, all }: Tally): number | null =>
  all === 0 ? null : agrees / all;

const isNumber = (id: string): boolean => /^\d+$/.test(id);

/** Ids in their natural order: numbers by their value, before other texts. */
export const compareIds = (one: string, other: string): number => {
  if (isNumber(one) && isNumber(other)) return Number(one) - Number(other) || (one < other ? -1 : 1);
  if (isNumber(one) !== isNumber(other)) return isNumber(one) ? -1 : 1;
  return one < other ? -1 : one > other ? 1 : 0;
};
