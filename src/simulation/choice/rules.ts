// The rules by name, and a vote counted by one of them whatever kind its ballots are. Ballots of another kind than the rule
// reads are converted as ballot.ts says, and only with a line for approvals that whoever asks has drawn.

import type { Approval, ApprovalLine, Ballot, Ranking, Utility } from "./ballot.ts";
import { asApproval, asRanking, asUtility } from "./ballot.ts";
import { maximin, maximinExact } from "./maximin.ts";
import { proportional, proportionalExact } from "./proportional.ts";
import { checkElection, type Election, type Outcome, type Rule } from "./rule.ts";
import { schulze } from "./schulze.ts";
import { approval, borda, plurality } from "./scoring-rules.ts";

export const ruleNames = [
  "plurality",
  "approval",
  "borda",
  "schulze",
  "maximin",
  "maximin-exact",
  "proportional",
  "proportional-exact",
] as const;
export type RuleName = (typeof ruleNames)[number];

type AnyRule =
  | (Rule<Ranking> & { readonly reads: "ranking" })
  | (Rule<Approval> & { readonly reads: "approval" })
  | (Rule<Utility> & { readonly reads: "utility" });

export const rules: Readonly<Record<RuleName, AnyRule>> = {
  plurality,
  approval,
  borda,
  schulze,
  maximin,
  "maximin-exact": maximinExact,
  proportional,
  "proportional-exact": proportionalExact,
};

/** Counts a vote by a rule. line: where approval begins on ballots that do not say it. Throws UserError election-invalid, slates-too-many. */
export const decide = (name: RuleName, election: Election<Ballot>, line: ApprovalLine): Outcome => {
  checkElection(election);
  const { ballots, candidates } = election;
  const rule = rules[name];
  switch (rule.reads) {
    case "ranking":
      return rule.choose({ ...election, ballots: ballots.map(asRanking) });
    case "approval":
      return rule.choose({ ...election, ballots: ballots.map((ballot) => asApproval(ballot, line)) });
    case "utility":
      return rule.choose({ ...election, ballots: ballots.map((ballot) => asUtility(ballot, candidates)) });
    default:
      return rule satisfies never;
  }
};
