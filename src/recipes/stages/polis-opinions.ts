// What a Polis conversation comes to: cleaned votes, groups, what all groups agree on, the statements that are chosen and
// whom they leave out, with what a person should be warned of. What `covenant polis` says of it and writes stands elsewhere.

import { existsSync } from "node:fs";
import { UserError } from "../../core/index.ts";
import {
  agreedByAll,
  type Conversation,
  compareGroups,
  computeGroups,
  decide,
  exportedGroups,
  type GroupAgreement,
  groupSizes,
  leftOutOf,
  mostDivisive,
  type OpinionGroups,
  readConversation,
  type StatementSupport,
  splitVotes,
  supportOf,
  type Utility,
  unseen,
  type VoteMatrix,
} from "../../simulation/index.ts";
import type { ConversationConfig, PolisConfig } from "../settings/polis-settings.ts";

/** Reads and cleans the conversation. Throws UserError with file, line and field. */
export const openConversation = ({
  comments,
  votes,
  minVotes,
  strict,
  leaveOut,
  flipped,
}: ConversationConfig): Promise<Conversation> =>
  readConversation({ comments, votes }, { minVotes, strict, leaveOut, agreeSign: flipped ? -1 : 1 });

/** The conversation with held-out votes. Throws UserError where none can be held out. */
export const openHeldOut = async (
  config: ConversationConfig & { readonly share: number; readonly seed: number },
) => {
  const conversation = await openConversation(config);
  const { share, seed } = config;
  const split = splitVotes(conversation.matrix, share, seed);
  if (split.heldOut.length > 0) return { conversation, split };
  throw new UserError(
    "polis-none-held-out",
    `With a share of ${share} no vote is held out: every voter has too few. Raise share.`,
    { share },
  );
};

/** The groups that count, and how those that the votes themselves give agree with the export's. */
type Grouping = {
  readonly groups: OpinionGroups;
  readonly ofVotes: (GroupAgreement & { readonly voters: readonly number[] }) | null;
};

/** What decides which groups count. */
type GroupConfig = Pick<PolisConfig, "groups" | "groupCount" | "seed" | "votes">;

/** Finds the groups. Throws UserError where the export is to name them and does not. */
export const groupUp = (matrix: VoteMatrix, { groups, groupCount, seed, votes }: GroupConfig): Grouping => {
  const exported = groups === "computed" || groupCount !== undefined ? null : exportedGroups(matrix);
  if (groups === "export" && exported === null)
    throw new UserError(
      "polis-no-groups",
      `${votes} names no opinion groups (column group-id of participants-votes.csv). Leave out --groups export, and without groupCount, to have them worked out from the votes.`,
      { file: votes },
    );
  if (exported === null) return { groups: computeGroups(matrix, seed, groupCount), ofVotes: null };
  const computed = computeGroups(matrix, seed, exported.ids.length);
  return {
    groups: exported,
    ofVotes: { ...compareGroups(exported, computed), voters: groupSizes(computed) },
  };
};

/** Agreement is worth 1, disagreement -1, everything else nothing. */
const ballotsOf = ({ voters, statements, votes }: VoteMatrix, candidates: ReadonlySet<string>): Utility[] =>
  voters.map(({ id: voter }, row) => {
    const utilities = statements.flatMap(({ id }, at) => {
      const vote = votes[row * statements.length + at]!;
      return candidates.has(id) ? [[id, vote === unseen ? 0 : vote] as const] : [];
    });
    return { type: "utility", voter, utilities: Object.fromEntries(utilities) };
  });

const approvalLine = { tiers: 1, atLeast: 1 };
const seatsByRule = 10;

/** Of what all groups agree on: all, the strongest consensus first, or a set by a rule over all voters. */
const chooseStatements = (
  agreed: readonly StatementSupport[],
  matrix: VoteMatrix,
  { rule, top, seed }: PolisConfig,
): readonly StatementSupport[] => {
  if (rule === "consensus" || agreed.length === 0) return agreed.slice(0, top ?? agreed.length);
  const byId = new Map(agreed.map((support) => [support.statement.id, support]));
  const election = {
    candidates: [...byId.keys()],
    ballots: ballotsOf(matrix, new Set(byId.keys())),
    seats: Math.min(top ?? seatsByRule, agreed.length),
    seed,
  };
  return decide(rule, election, approvalLine).chosen.map((id) => byId.get(id)!);
};

/** Voters who agreed with something, but with nothing of what was chosen. */
const countLeftOut = (matrix: VoteMatrix, chosen: readonly StatementSupport[]): number => {
  const ids = matrix.statements.map(({ id }) => id);
  const ballots = matrix.voters.map(({ id: voter }, row) => ({
    type: "approval" as const,
    voter,
    approved: ids.filter((_, at) => matrix.votes[row * ids.length + at] === 1),
  }));
  const inside = chosen.map(({ statement }) => statement.id);
  return leftOutOf(ballots, inside).leftOut.length;
};

/** Everything that is worked out; what the command says, and writes, is made of it. */
export type Opinions = Grouping & {
  readonly conversation: Conversation;
  readonly agreed: readonly StatementSupport[];
  readonly divisive: readonly StatementSupport[];
  readonly chosen: readonly StatementSupport[];
  readonly leftOut: number;
  readonly warnings: readonly { readonly code: string; readonly text: string }[];
};

/** Groups of the export that the votes give no better than chance. */
const chanceAgreement = 0.1;

/** What a person should know of votes and groups. */
export const warningsOf = (
  { doubtfulSign }: Conversation,
  { ofVotes }: Grouping,
  { votes }: Pick<PolisConfig, "votes">,
) => [
  ...(doubtfulSign
    ? [
        {
          code: "polis-sign",
          text: `The statements' own counts of agreement and disagreement are mostly the other way round than ${votes} has them. If 1 means disagree there, say --flipped; if it is set already, leave it out.`,
        },
      ]
    : []),
  ...(ofVotes?.adjustedRand != null && ofVotes.adjustedRand < chanceAgreement
    ? [
        {
          code: "polis-groups",
          text: `The groups that ${votes} names are not those that its votes give (adjusted Rand index near 0, which is chance). Groups may stand in the wrong rows; --groups computed works them out.`,
        },
      ]
    : []),
];

/** Works everything out. Throws UserError of the files, and where there is nothing to draft. */
export const gatherOpinions = async (config: PolisConfig): Promise<Opinions> => {
  const { draft } = config;
  if (draft !== undefined && existsSync(draft))
    throw new UserError(
      "file-exists",
      `${draft} is there already and is not overwritten. Choose another --draft, or remove the file.`,
      { file: draft },
    );
  const conversation = await openConversation(config);
  const { matrix } = conversation;
  const grouping = groupUp(matrix, config);
  const supports = supportOf(matrix, grouping.groups);
  const agreed = agreedByAll(supports, config.agreement);
  const chosen = chooseStatements(agreed, matrix, config);
  if (draft !== undefined && chosen.length === 0) {
    const most = Math.max(0, ...supports.map(({ least }) => least ?? 0));
    throw new UserError(
      "polis-no-consensus",
      `No statement has ${config.agreement} agreement in every group, so there is nothing to draft; the most that one has in all groups is ${most.toFixed(2)}. Lower --agreement.`,
      { agreement: config.agreement, most },
    );
  }
  const warnings = warningsOf(conversation, grouping, config);
  const divisive = mostDivisive(supports, 3);
  const leftOut = countLeftOut(matrix, chosen);
  return { ...grouping, conversation, agreed, divisive, chosen, leftOut, warnings };
};
