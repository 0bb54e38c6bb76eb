// Comments that are sorted, and what a rule makes of them. Each speaks for or against what stands, or the first comment on the
// same matter; or it is the first on a new one, or asks for nothing (how that is found out: stances.ts). Votes are then counted
// here. Two rules: a system message keeps of each matter the side with more votes; a contract makes principles of what nobody
// speaks against, and clauses of both sides of all else.

import { letterAt } from "./letters.ts";

/** What a comment is about: its place among what stands, from 0, or the number of the first comment on the matter. */
type Matter = { readonly standing: number } | { readonly comment: number };

/** new: it is the first on its matter; nothing: it asks for no change. */
export type Sorted = "new" | "nothing" | (Matter & { readonly side: "for" | "against" });

const lineOf = (sorted: Sorted): string => {
  if (typeof sorted === "string") return sorted;
  return `${"standing" in sorted ? letterAt(sorted.standing) : `[${sorted.comment}]`} ${sorted.side}`;
};

/** A line a comment, in their order: "2. A for", "3. [1] against", "4. new", "5. nothing". What stands goes by letter. */
export const sortingText = (sorted: readonly Sorted[]): string =>
  sorted.map((one, at) => `${at + 1}. ${lineOf(one)}`).join("\n");

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
 * (principles: how many come before), stays one. leftOut: how many principles there would be beyond so many.
 */
export const decideByAccord = (
  { principles, clauses }: { readonly principles: number; readonly clauses: number },
  sorted: readonly Sorted[],
  most: number,
): {
  readonly constitution: readonly Wanted[];
  readonly contract: readonly Wanted[];
  readonly leftOut?: number;
} => {
  const constitution: Wanted[] = [];
  const contract: Wanted[] = [];
  for (const [first, other] of sidesOf(principles + clauses, sorted)) {
    const isClause = other !== null || (first.standing !== null && first.standing >= principles);
    (isClause ? contract : constitution).push(first);
    if (other !== null) contract.push(other);
  }
  return {
    constitution: mostWanted(constitution, most),
    contract: mostWanted(contract, most),
    ...(constitution.length > most ? { leftOut: constitution.length - most } : {}),
  };
};
