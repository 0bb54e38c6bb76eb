// From support to ballots. A number that is missing is no zero: for rules that read utilities or rankings it counts as the mean
// of the user's other numbers, so that it speaks neither for nor against the candidate; it approves nothing. Who gave no
// number at all has no ballot.

import type { SupportRecord } from "../../records/index.ts";
import {
  type Approval,
  type Ballot,
  decide,
  leftOutOf,
  type Outcome,
  type RuleName,
  rules,
  type Utility,
  type Welfare,
  welfareOf,
} from "../choice/index.ts";

/** What users say of candidates. support: by user, then by candidate; null where it is missing. */
export type SupportTable = {
  readonly users: readonly string[];
  readonly candidates: readonly string[];
  readonly support: readonly (readonly (number | null)[])[];
};

/** Support as a table. Who said nothing of a candidate has none for it. */
export const tableOf = (
  users: readonly string[],
  candidates: readonly string[],
  records: readonly Pick<SupportRecord, "user" | "candidate" | "support">[],
): SupportTable => {
  const places = new Map(candidates.map((candidate, at) => [candidate, at]));
  const rows = new Map(users.map((user) => [user, candidates.map((): number | null => null)]));
  for (const { user, candidate, support } of records) {
    const row = rows.get(user);
    const place = places.get(candidate);
    if (row !== undefined && place !== undefined) row[place] = support;
  }
  return { users, candidates, support: users.map((user) => rows.get(user)!) };
};

/** utilities, approvals: one ballot of each kind for everybody who gave a number; unheard: those who gave none. */
export type Ballots = {
  readonly utilities: readonly Utility[];
  readonly approvals: readonly Approval[];
  readonly unheard: readonly string[];
};

/** approveFrom: support from which on a user approves. */
export const ballotsOf = ({ users, candidates, support }: SupportTable, approveFrom: number): Ballots => {
  const utilities: Utility[] = [];
  const approvals: Approval[] = [];
  const unheard: string[] = [];
  for (const [at, voter] of users.entries()) {
    const row = support[at]!;
    const given = row.filter((one) => one !== null);
    if (given.length === 0) {
      unheard.push(voter);
      continue;
    }
    const mean = given.reduce((sum, one) => sum + one, 0) / given.length;
    const entries = candidates.map((candidate, place) => [candidate, row[place] ?? mean] as const);
    utilities.push({ type: "utility", voter, utilities: Object.fromEntries(entries) });
    const approved = candidates.filter((_, place) => (row[place] ?? Number.NEGATIVE_INFINITY) >= approveFrom);
    approvals.push({ type: "approval", voter, approved });
  }
  return { utilities, approvals, unheard };
};

/** A set that a rule chose, with how it serves those who voted. */
export type Decision = Outcome & {
  readonly welfare: Welfare;
  readonly leftOut: readonly string[];
  readonly silent: readonly string[];
};

/** Counts ballots by a rule. Needs at least one ballot. Throws UserError slates-too-many. */
export const countBallots = (
  rule: RuleName,
  { utilities, approvals }: Ballots,
  election: {
    readonly candidates: readonly string[];
    readonly seats: number;
    readonly seed: number;
  },
): Decision => {
  const ballots: readonly Ballot[] = rules[rule].reads === "approval" ? approvals : utilities;
  // Approvals are there as they were said: no line has to be drawn again.
  const outcome = decide(rule, { ...election, ballots }, { tiers: 1, atLeast: 0 });
  return {
    ...outcome,
    welfare: welfareOf(utilities, outcome.chosen),
    ...leftOutOf(approvals, outcome.chosen),
  };
};
