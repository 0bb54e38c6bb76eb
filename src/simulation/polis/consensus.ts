// What the groups agree on. Group-aware consensus is Polis's: the product over groups of (agrees + 1) / (votes + 2), so a
// statement is as strong as all groups together find it, however small one of them is. Agreement is the plain share of
// agreement among a group's votes, passes included.

import type { OpinionGroups } from "./opinion-groups.ts";
import {
  agreementOf,
  compareIds,
  countVotes,
  type Statement,
  type Tally,
  type VoteMatrix,
} from "./vote-matrix.ts";

/**
 * A statement's votes, in all and by group (in the order of the groups' ids). consensus: group-aware, 0 to 1. least: the
 * agreement of the group that agrees least; null where a group has not voted on it.
 */
export type StatementSupport = {
  readonly statement: Statement;
  readonly votes: Tally;
  readonly groups: readonly Tally[];
  readonly consensus: number;
  readonly least: number | null;
};

/** A group's agreement with a prior of one vote for and one against. */
const smoothed = ({ agree, all }: Tally): number => (agree + 1) / (all + 2);

const leastOf = (groups: readonly Tally[]): number | null =>
  groups
    .map(agreementOf)
    .reduce((one, other) => (one === null || other === null ? null : Math.min(one, other)), 1);

/** Every statement's support, the strongest consensus first. Voters in no group count in `votes` alone. */
export const supportOf = (matrix: VoteMatrix, { ids, of }: OpinionGroups): StatementSupport[] => {
  const width = matrix.statements.length;
  const supports = matrix.statements.map((statement, column) => {
    const all = countVotes();
    const byGroup = ids.map(() => countVotes());
    of.forEach((group, voter) => {
      const vote = matrix.votes[voter * width + column]!;
      all.add(vote);
      byGroup[group]?.add(vote);
    });
    const groups = byGroup.map(({ tally }) => tally());
    const consensus = groups.reduce((product, tally) => product * smoothed(tally), 1);
    return { statement, votes: all.tally(), groups, consensus, least: leastOf(groups) };
  });
  return supports.sort(
    (one, other) => other.consensus - one.consensus || compareIds(one.statement.id, other.statement.id),
  );
};

/** Those that at least this share of every group's votes agrees with. */
export const agreedByAll = (
  supports: readonly StatementSupport[],
  agreement: number,
): readonly StatementSupport[] => supports.filter(({ least }) => least !== null && least >= agreement);

/**
 * How far apart two groups are on a statement: the greatest difference of their smoothed agreement; null where fewer than two
 * have voted on it, since one that has not differs from nobody.
 */
const divide = ({ groups }: StatementSupport): number | null => {
  const shares = groups.filter(({ all }) => all > 0).map(smoothed);
  return shares.length < 2 ? null : Math.max(...shares) - Math.min(...shares);
};

/** The statements on which groups differ most, at most so many, of those that at least two groups have voted on. */
export const mostDivisive = (
  supports: readonly StatementSupport[],
  count: number,
): readonly StatementSupport[] =>
  supports
    .flatMap((support) => {
      const apart = divide(support);
      return apart === null ? [] : [{ support, apart }];
    })
    .sort((one, other) => other.apart - one.apart)
    .slice(0, count)
    .map(({ support }) => support);
