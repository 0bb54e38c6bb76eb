// Comments sorted by a model, a line each, and what a rule makes of it. A line says what a comment speaks for or against: what
// stands by a letter, or the first comment on the same matter; or that it is the first on a new one, or asks for nothing. Votes
// are then counted here. Two rules: a system message keeps of each matter the side with more votes; a contract makes principles
// of what nobody speaks against, and clauses of both sides of all else. Strict: a line a comment, in their order.

import { counted } from "../../core/index.ts";
import { letterAt } from "./letters.ts";

/** What a comment is about: its place among what stands, from 0, or the number of the first comment on the matter. */
type Matter = { readonly standing: number } | { readonly comment: number };

/** new: it is the first on its matter; nothing: it asks for no change. */
export type Sorted = "new" | "nothing" | (Matter & { readonly side: "for" | "against" });

const lineOf = (sorted: Sorted): string => {
  if (typeof sorted === "string") return sorted;
  return `${"standing" in sorted ? letterAt(sorted.standing) : `[${sorted.comment}]`} ${sorted.side}`;
};

/** The lines, as readSorting reads them. */
export const sortingText = (sorted: readonly Sorted[]): string =>
  sorted.map((one, at) => `${at + 1}. ${lineOf(one)}`).join("\n");

const linePattern = /^(\d+)\. (?:(new|nothing)|(?:([A-Z]+)|\[(\d+)\]) (for|against))$/;

/** A line of a reply, or what is wrong with it. before: what the comments before it are. */
const readLine = (line: string, standing: number, before: readonly Sorted[]): Sorted | string => {
  const number = before.length + 1;
  const match = linePattern.exec(line.trim());
  if (match === null || Number(match[1]) !== number)
    return `line ${number} is ${JSON.stringify(line.trim())}, expected "${number}. A for", "${number}. [1] against", "${number}. new" or "${number}. nothing"`;
  const [, , word, letter, first, side] = match;
  if (word === "new" || word === "nothing") return word;
  const given = { side: side as "for" | "against" };
  if (letter !== undefined) {
    const at = Array.from({ length: standing }, (_, place) => letterAt(place)).indexOf(letter);
    if (at >= 0) return { standing: at, ...given };
    return `comment ${number} is ${side} ${letter}, and ${standing === 0 ? "nothing stands" : `there are A to ${letterAt(standing - 1)}`}`;
  }
  if (before[Number(first) - 1] === "new") return { comment: Number(first), ...given };
  return `comment ${number} is ${side} comment ${first}, which is not the first on a matter`;
};

/** Reads a reply about so many comments, where so much stands. problem: what is wrong with it. */
export const readSorting = (
  text: string,
  { standing, comments }: { readonly standing: number; readonly comments: number },
): readonly Sorted[] | { readonly problem: string } => {
  const lines = text.trim().split(/\r?\n/);
  if (lines.length !== comments)
    return {
      problem: `${counted(lines.length, "line")}, expected one for each of ${counted(comments, "comment")}`,
    };
  const sorted: Sorted[] = [];
  for (const line of lines) {
    const read = readLine(line, standing, sorted);
    if (typeof read === "string" && read !== "new" && read !== "nothing") return { problem: read };
    sorted.push(read as Sorted);
  }
  return sorted;
};

/** What somebody wants: what stands (its place), or what its first comment says; and the numbers of all comments for it. */
export type Wanted = { readonly standing: number | null; readonly from: readonly number[] };

/** Both sides of a matter; that of what stands, or of the first comment, first. A side that nobody takes is null. */
type Sides = readonly [first: Wanted, other: Wanted | null];

const sidesOf = (standing: number, sorted: readonly Sorted[]): Sides[] => {
  const numbers = (wanted: (one: Sorted, number: number) => boolean): number[] =>
    sorted.flatMap((one, at) => (wanted(one, at + 1) ? [at + 1] : []));
  const against = (from: readonly number[]): Wanted | null =>
    from.length === 0 ? null : { standing: null, from };
  const speaks = (one: Sorted, side: "for" | "against", matter: Matter): boolean => {
    if (typeof one === "string" || one.side !== side) return false;
    return "standing" in matter
      ? "standing" in one && one.standing === matter.standing
      : "comment" in one && one.comment === matter.comment;
  };
  const old = Array.from({ length: standing }, (_, place): Sides => {
    const matter = { standing: place };
    return [
      { standing: place, from: numbers((one) => speaks(one, "for", matter)) },
      against(numbers((one) => speaks(one, "against", matter))),
    ];
  });
  const fresh = numbers((one) => one === "new").map((comment): Sides => {
    const matter = { comment };
    return [
      { standing: null, from: numbers((one, number) => number === comment || speaks(one, "for", matter)) },
      against(numbers((one) => speaks(one, "against", matter))),
    ];
  });
  return [...old, ...fresh];
};

const weightOf = ({ standing, from }: Wanted): number => from.length + (standing === null ? 0 : 1);

/** What stands in its order, then what is new by its first comment. */
const inOrder = (one: Wanted, other: Wanted): number => {
  if (one.standing !== null && other.standing !== null) return one.standing - other.standing;
  if (one.standing === null && other.standing === null) return one.from[0]! - other.from[0]!;
  return one.standing === null ? 1 : -1;
};

/** The most wanted, so many at most, in their order; of equals those that stand unsaid, then those that were said first. */
const mostWanted = (wanted: readonly Wanted[], most: number): Wanted[] =>
  wanted
    .toSorted(inOrder)
    .sort((one, other) => weightOf(other) - weightOf(one) || (one.from[0] ?? 0) - (other.from[0] ?? 0))
    .slice(0, most)
    .sort(inOrder);

/** A list by votes: of each matter the side with more, where what stands has a vote of its own; of a tie what stands, or nothing. */
export const decideByVotes = (standing: number, sorted: readonly Sorted[], most: number): Wanted[] =>
  mostWanted(
    sidesOf(standing, sorted).flatMap(([first, other]) => {
      if (other === null || weightOf(first) > weightOf(other)) return [first];
      if (weightOf(first) < weightOf(other)) return [other];
      return first.standing === null ? [] : [first];
    }),
    most,
  );

/**
 * Principles of what nobody speaks against, and clauses of both sides of all else. What stands as a clause, from a place on
 * (principles: how many come before), stays one.
 */
export const decideByAccord = (
  { principles, clauses }: { readonly principles: number; readonly clauses: number },
  sorted: readonly Sorted[],
  most: number,
): { readonly constitution: readonly Wanted[]; readonly contract: readonly Wanted[] } => {
  const constitution: Wanted[] = [];
  const contract: Wanted[] = [];
  for (const [first, other] of sidesOf(principles + clauses, sorted)) {
    const isClause = other !== null || (first.standing !== null && first.standing >= principles);
    (isClause ? contract : constitution).push(first);
    if (other !== null) contract.push(other);
  }
  return { constitution: mostWanted(constitution, most), contract: mostWanted(contract, most) };
};
