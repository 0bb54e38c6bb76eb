// What stands so far as the brief wording has it: a row of texts, the principles first, then the clauses, which the meta-model
// names by letter and an assistant is told those of that concern its user. A system message is a row of its sentences.

import type { Constitution, Principle } from "../../records/index.ts";
import { type Contract, messageOf } from "./wording.ts";

/** users: numbers of those whom a clause is for, or who argued for a principle; none where that is not known. */
export type Standing = { readonly text: string; readonly users: readonly number[] };

/** White space behind a mark that ends a sentence; none is ended by "e.g.", nor by "etc." before a small letter. */
const sentenceGap =
  /(?<=[.!?])(?<!\b(?:[Ee]\.g|[Ii]\.e|cf|vs)\.)(?<!\b(?:etc|resp|approx|incl|esp)\.(?=\s+\p{Ll}))\s+/u;

/** The sentences of a text; what ends without a mark is one, too. Takes linear time. */
export const sentencesIn = (text: string): string[] =>
  text
    .trim()
    .split(sentenceGap)
    .filter((sentence) => sentence !== "");

/** The number of a user's seat: 3 of "user-3" and of "user 3"; null where it is none. */
export const seatNumber = (seat: string): number | null => {
  const match = /^user[- ](\d+)$/.exec(seat);
  return match === null ? null : Number(match[1]);
};

const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

const speakersOf = ({ grounds = [] }: Principle): number[] => [
  ...new Set(grounds.filter(({ by }) => by === "cited").flatMap(({ speaker }) => seatNumber(speaker) ?? [])),
];

const principlesOf = (document: Constitution | null): readonly Principle[] => document?.principles ?? [];

/** The principles, or the sentences of the system message. */
export const standingPrinciples = (given: Contract): Standing[] => {
  const message = messageOf(given);
  if (message !== null) return sentencesIn(message).map((text) => ({ text, users: [] }));
  return principlesOf(given.constitution).map((one) => ({ text: one.title, users: speakersOf(one) }));
};

/** The clauses. */
export const standingClauses = ({ contract }: Contract): Standing[] =>
  principlesOf(contract).map(({ title, area = "" }) => ({ text: title, users: numbersIn(area) }));

/** What an assistant that talks with a seat ("user 2") keeps to: every principle, and the clauses that are for it or for all. */
export const standingFor = (given: Contract, seat: string): string[] => {
  const number = seatNumber(seat);
  const own = standingClauses(given).filter(
    ({ users }) => users.length === 0 || users.some((user) => user === number),
  );
  return [...standingPrinciples(given), ...own].map(({ text }) => text);
};
