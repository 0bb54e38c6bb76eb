// How a chosen set serves those who voted: the sum of what it is worth to them (utilitarian), the least (Rawlsian), the
// product (Nash), and who is left out. Measures a set; how it was chosen is not known here.

import { mean } from "../../core/index.ts";
import type { Approval, Utility } from "./ballot.ts";
import { rounded } from "./rule.ts";

/**
 * users: what the set is worth to each, as the mean over its candidates (so sets of different sizes compare). utilitarian:
 * the mean over users; rawlsian: the least; nash: the geometric mean, 0 where a user has nothing, null where one has less
 * than nothing. worstOff: who has the least, but for rounding.
 */
export type Welfare = {
  readonly users: readonly { readonly voter: string; readonly utility: number }[];
  readonly utilitarian: number;
  readonly rawlsian: number;
  readonly nash: number | null;
  readonly worstOff: readonly string[];
};

/** Summed in ascending order, so that it does not depend on the order of users or of what was chosen. */
const meanOf = (values: readonly number[]): number => mean(values.toSorted((one, other) => one - other));

/** The welfare of a set. ballots and chosen: at least one each, else RangeError. */
export const welfareOf = (ballots: readonly Utility[], chosen: readonly string[]): Welfare => {
  if (ballots.length === 0 || chosen.length === 0)
    throw new RangeError("welfareOf: no users or nothing chosen");
  const users = ballots.map(({ voter, utilities }) => {
    const of = new Map(Object.entries(utilities));
    return { voter, utility: meanOf(chosen.map((candidate) => of.get(candidate) ?? 0)) };
  });
  const ascending = users.map(({ utility }) => utility).sort((one, other) => one - other);
  const least = ascending[0]!;
  return {
    users,
    utilitarian: meanOf(ascending),
    rawlsian: least,
    nash: least < 0 ? null : least === 0 ? 0 : Math.exp(meanOf(ascending.map(Math.log))),
    worstOff: users.filter(({ utility }) => rounded(utility) === rounded(least)).map(({ voter }) => voter),
  };
};

/** Who is left out: voters who approved something, but nothing of the chosen. silent: voters who approved nothing at all. */
export const leftOutOf = (
  ballots: readonly Approval[],
  chosen: readonly string[],
): { readonly leftOut: readonly string[]; readonly silent: readonly string[] } => {
  const inside = new Set(chosen);
  const names = (test: (ballot: Approval) => boolean): string[] =>
    ballots.filter(test).map(({ voter }) => voter);
  return {
    leftOut: names(({ approved }) => approved.length > 0 && !approved.some((one) => inside.has(one))),
    silent: names(({ approved }) => approved.length === 0),
  };
};
