// A Polis conversation from its two files, cleaned: statements that moderators left out, statements about the voters
// themselves, voters with too few votes. Everything that is left out is counted, and rows are put in the order of their
// ids, so that nothing depends on the order of a file.

import { UserError } from "../../core/index.ts";
import type { StatementId, VoterId } from "../../records/index.ts";
import { type CountedStatement, readStatements } from "./statements-file.ts";
import { compareIds, type Statement, unseen, type VoteMatrix } from "./vote-matrix.ts";
import { type ReadVotes, readVotes, type VoterVotes, type VotesForm } from "./votes-file.ts";

/**
 * minVotes: voters with fewer votes, on whatever statements, are left out; at most all statements are asked of them (as
 * in Polis, which asks for 7). strict: statements that no moderator accepted are left out, not only those that one
 * rejected. leaveOut: ids of voters. agreeSign: which number of the votes file means agree.
 */
export type CleaningSettings = {
  readonly minVotes: number;
  readonly strict: boolean;
  readonly leaveOut: readonly VoterId[];
  readonly agreeSign: 1 | -1;
};

/**
 * What was left out. statements: because they have no text, as moderators left them out, nobody accepted them (strict alone), they are about voters,
 * or nobody who is left voted on them. voters: too few votes, or named to be left out. votes: replaced by a later one,
 * and cast on statements that the comments file does not have.
 */
export type CleaningCounts = {
  readonly statements: {
    readonly blank: number;
    readonly rejected: number;
    readonly notAccepted: number;
    readonly meta: number;
    readonly unvoted: number;
  };
  readonly voters: { readonly fewVotes: number; readonly named: number };
  readonly votes: { readonly replaced: number; readonly unknownStatement: number };
};

/** doubtfulSign: the comments file counts agreement and disagreement the other way round. */
export type Conversation = {
  readonly form: VotesForm;
  readonly matrix: VoteMatrix;
  readonly cleaning: CleaningCounts;
  readonly doubtfulSign: boolean;
};

const keptStatements = (statements: readonly CountedStatement[], strict: boolean) => {
  const counts = { blank: 0, rejected: 0, notAccepted: 0, meta: 0 };
  const kept = statements.filter(({ text, moderation, isMeta }) => {
    if (moderation < 0) counts.rejected++;
    else if (text === "") counts.blank++;
    else if (isMeta) counts.meta++;
    else if (strict && moderation === 0) counts.notAccepted++;
    else return true;
    return false;
  });
  return { kept: kept.sort((one, other) => compareIds(one.id, other.id)), counts };
};

const keptVoters = (
  voters: readonly VoterVotes[],
  statements: readonly Statement[],
  { minVotes, leaveOut }: CleaningSettings,
  known: number,
) => {
  const named = new Set(leaveOut);
  const counts = { fewVotes: 0, named: 0 };
  const kept = voters.filter(({ id, of }) => {
    if (named.has(id)) counts.named++;
    else if (of.size < Math.min(minVotes, known) || !statements.some((one) => of.has(one.id)))
      counts.fewVotes++;
    else return true;
    return false;
  });
  return { kept: kept.sort((one, other) => compareIds(one.id, other.id)), counts };
};

/** Statements that one vote of somebody who is left is on. */
const votedOn = (statements: readonly Statement[], voters: readonly VoterVotes[]): Statement[] =>
  statements.filter(({ id }) => voters.some(({ of }) => of.has(id)));

const matrixOf = (
  voters: readonly VoterVotes[],
  statements: readonly Statement[],
  agreeSign: 1 | -1,
): VoteMatrix => {
  const votes = new Int8Array(voters.length * statements.length).fill(unseen);
  voters.forEach(({ of }, voter) => {
    statements.forEach(({ id }, statement) => {
      const vote = of.get(id);
      if (vote !== undefined) votes[voter * statements.length + statement] = vote * agreeSign;
    });
  });
  const plain = statements.map(({ id, text, moderation, isMeta }) => ({ id, text, moderation, isMeta }));
  return { voters: voters.map(({ id, group }) => ({ id, group })), statements: plain, votes };
};

/** Whether most statements that the file counts have more agreement where the votes have more disagreement. */
const isDoubtful = (
  statements: readonly CountedStatement[],
  { voters }: ReadVotes,
  agreeSign: 1 | -1,
): boolean => {
  let same = 0;
  let opposite = 0;
  for (const { id, agrees, disagrees } of statements) {
    if (agrees === undefined || disagrees === undefined || agrees === disagrees) continue;
    const sum = voters.reduce((total, { of }) => total + (of.get(id) ?? 0) * agreeSign, 0);
    if (sum === 0) continue;
    if (sum > 0 === agrees > disagrees) same++;
    else opposite++;
  }
  return opposite > same;
};

/** Votes on statements that are none of the file's. */
const countUnknown = (known: ReadonlySet<StatementId>, { voters }: ReadVotes): number =>
  voters.reduce((count, { of }) => count + [...of.keys()].filter((id) => !known.has(id)).length, 0);

/** Reads and cleans a conversation. Throws UserError with file, line and field, and polis-nothing-left. */
export const readConversation = async (
  files: { readonly comments: string; readonly votes: string },
  settings: CleaningSettings,
): Promise<Conversation> => {
  const all = await readStatements(files.comments);
  const known = new Set(all.map(({ id }) => id));
  const read = await readVotes(files.votes, known);
  const onKnown = read.voters.map((voter) => ({
    ...voter,
    of: new Map([...voter.of].filter(([id]) => known.has(id))),
  }));
  const statements = keptStatements(all, settings.strict);
  const voters = keptVoters(onKnown, statements.kept, settings, known.size);
  const voted = votedOn(statements.kept, voters.kept);
  const unknownStatement = countUnknown(known, read);
  if (voters.kept.length === 0 || voted.length === 0) {
    const reason =
      onKnown.every(({ of }) => of.size === 0) && unknownStatement > 0
        ? `no vote of ${files.votes} is on a statement of ${files.comments}. Do the two belong to one conversation?`
        : `of ${read.voters.length} voters and ${all.length} statements none is left after cleaning. Lower minVotes (now ${settings.minVotes}), or look at the column "moderated".`;
    throw new UserError("polis-nothing-left", `There is nothing to count: ${reason}`, { ...files });
  }
  return {
    form: read.form,
    matrix: matrixOf(voters.kept, voted, settings.agreeSign),
    cleaning: {
      statements: { ...statements.counts, unvoted: statements.kept.length - voted.length },
      voters: voters.counts,
      votes: { replaced: read.replaced, unknownStatement },
    },
    doubtfulSign: isDoubtful(all, read, settings.agreeSign),
  };
};
