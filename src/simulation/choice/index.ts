// Social choice: ballots, rules that choose a set of candidates from them, and how the set serves those who voted. Pure:
// knows no file, no model and nothing of what the candidates are.
export {
  type Approval,
  type ApprovalLine,
  asApproval,
  asRanking,
  asUtility,
  type Ballot,
  type Ranking,
  type Utility,
} from "./ballot.ts";
export type { Election, Outcome, Placed, Rule } from "./rule.ts";
export { decide, type RuleName, ruleNames, rules } from "./rules.ts";
export { canCompareSlates } from "./slates.ts";
export { leftOutOf, type Welfare, welfareOf } from "./welfare.ts";
