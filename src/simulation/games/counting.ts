// Learning by counting: a share to give from the gifts of fixed players that were seen, bounds from what they accepted and
// refused, and a trader's strategy from how the other answered. The principle so far counts as much as so many gifts, so
// few examples move it slowly.

import { canonicalJson } from "../../core/index.ts";
import type { GamePrinciple, ShareRule } from "../../records/index.ts";
import { buyer, otherItem, seller } from "./buyer-seller.ts";
import type { LearningVariant } from "./learner-prompts.ts";
import { flexibleRole, type Observation, sharesOf, tradesOf } from "./observation.ts";
import type { Policy } from "./player.ts";
import { type Strategy, strategyPrinciple, type Trade } from "./trade-wording.ts";
import { policyText } from "./wording.ts";

/** priorWeight: how many gifts that were seen the principle so far counts as. */
export type RuleLearning = { readonly variant: LearningVariant; readonly priorWeight: number };

/** What was seen of a resource. gifts: of fixed players; decided: shares that fixed players accepted or refused. */
type Evidence = {
  readonly gifts: number[];
  readonly decided: { readonly share: number; readonly accepts: boolean }[];
};

/** The evidence by the resource's unit; under null that of all resources. */
const evidenceOf = (observations: readonly Observation[]): Map<string | null, Evidence> => {
  const found = new Map<string | null, Evidence>();
  const of = (unit: string | null): Evidence => {
    const evidence = found.get(unit) ?? { gifts: [], decided: [] };
    found.set(unit, evidence);
    return evidence;
  };
  for (const { setup, seats, moves } of observations) {
    const decision = moves.find(({ move }) => move?.type === "decision");
    for (const made of moves)
      for (const [unit, share] of sharesOf(setup, made) ?? [])
        for (const evidence of [of(unit), of(null)]) {
          if (seats[made.seat] === "fixed") evidence.gifts.push(share);
          if (decision?.move?.type === "decision" && seats[decision.seat] === "fixed")
            evidence.decided.push({ share, accepts: decision.move.accepts });
        }
  }
  return found;
};

const middle = (one: number, other: number): number => (one + other) / 2;

type Bounds = Pick<ShareRule, "refuseBelow" | "refuseAbove">;

/**
 * Between the shares that were accepted and those that were refused beyond them. What was known before stays where no
 * share beyond it was accepted.
 */
const boundsOf = ({ decided }: Evidence, before: Bounds): Bounds => {
  const accepted = decided.filter(({ accepts }) => accepts).map(({ share }) => share);
  if (accepted.length === 0) return before;
  const [least, most] = [Math.min(...accepted), Math.max(...accepted)];
  const refused = decided.filter(({ accepts }) => !accepts).map(({ share }) => share);
  const below = refused.filter((share) => share < least);
  const above = refused.filter((share) => share > most);
  const { refuseBelow, refuseAbove } = before;
  return {
    refuseBelow:
      below.length > 0 ? middle(Math.max(...below), least) : (refuseBelow ?? 2) <= least ? refuseBelow : null,
    refuseAbove:
      above.length > 0 ? middle(Math.min(...above), most) : (refuseAbove ?? -1) >= most ? refuseAbove : null,
  };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The mean of the gifts and of the share so far, which counts as priorWeight gifts. */
const imitated = (
  before: ShareRule | undefined,
  evidence: Evidence,
  { priorWeight }: RuleLearning,
): number | null => {
  const { gifts } = evidence;
  if (gifts.length === 0) return null;
  const weight = before === undefined ? 0 : priorWeight;
  return (sum(gifts) + weight * (before?.give ?? 0)) / (gifts.length + weight);
};

/** Where the least share that is accepted is known so closely, it is offered and no lower one tried. */
const closeEnough = 0.1;

/** The middle of the widest gap between shares that were tried, where none of them was accepted. */
const untried = (shares: readonly number[]): number => {
  const tried = [0, ...shares, 1].sort((one, other) => one - other);
  const gaps = tried
    .slice(1)
    .map((share, at) => ({ width: share - tried[at]!, share: middle(tried[at]!, share) }));
  return gaps.reduce((widest, gap) => (gap.width > widest.width ? gap : widest)).share;
};

/**
 * What pays for whoever gives: the least that is accepted, which is looked for by halves between the least share known to
 * be accepted and the greatest refused below it.
 */
const gainful = (
  { decided, gifts }: Evidence,
  before: ShareRule | undefined,
): Pick<ShareRule, "give" | "taken" | "tooLittle"> | null => {
  // Where nobody decides (a dictator, a pot), nothing that is given comes back.
  if (decided.length === 0 && before?.taken === undefined) return gifts.length === 0 ? null : { give: 0 };
  const accepted = decided.filter(({ accepts }) => accepts).map(({ share }) => share);
  const refused = decided.filter(({ accepts }) => !accepts).map(({ share }) => share);
  const known = Math.min(...accepted, before?.taken ?? 2);
  // What was refused close above it, with another amount to round, tells that it is not taken everywhere.
  const limit = Math.max(-1, ...refused.filter((share) => share >= known && share < known + closeEnough));
  const taken = limit < 0 ? known : Math.min(2, ...accepted.filter((share) => share > limit));
  if (taken > 1) return { give: untried(refused) };
  const below = [before?.tooLittle ?? 0, ...refused].filter((share) => share < taken);
  const tooLittle = Math.max(0, ...below);
  return { give: taken - tooLittle > closeEnough ? middle(tooLittle, taken) : taken, taken, tooLittle };
};

const ownRule = (
  unit: string | null,
  before: ShareRule | undefined,
  evidence: Evidence,
): ShareRule | undefined => {
  const found = gainful(evidence, before);
  return found === null ? before : { unit, refuseBelow: null, refuseAbove: null, ...found };
};

const imitatingRule = (
  unit: string | null,
  before: ShareRule | undefined,
  evidence: Evidence,
  learning: RuleLearning,
): ShareRule | undefined => {
  const give = imitated(before, evidence, learning) ?? before?.give;
  const { refuseBelow, refuseAbove } = boundsOf(evidence, before ?? { refuseBelow: null, refuseAbove: null });
  return give === undefined ? undefined : { unit, give, refuseBelow, refuseAbove };
};

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** Rules as a sentence each. */
export const rulesText = (rules: readonly ShareRule[]): string =>
  rules
    .map(({ unit, give, refuseBelow, refuseAbove }) => {
      const of = unit === null ? "what there is" : `the ${unit}`;
      const refused = [
        ...(refuseBelow === null ? [] : [`less than ${percent(refuseBelow)}`]),
        ...(refuseAbove === null ? [] : [`more than ${percent(refuseAbove)}`]),
      ];
      const refusal = refused.length === 0 ? "" : `, and refuse ${refused.join(" and ")}`;
      return `Give others ${percent(give)} of ${of}${refusal}.`;
    })
    .join(" ");

/** The principle after an iteration of splits or pots; null where it stays. */
export const learnRules = (
  principle: GamePrinciple,
  observations: readonly Observation[],
  learning: RuleLearning,
): GamePrinciple | null => {
  const { rules = [] } = principle;
  const ofAny = rules.find(({ unit }) => unit === null);
  const evidence = evidenceOf(observations);
  const isSpecific = learning.variant === "resource-specific";
  const known = rules.flatMap(({ unit }) => (unit === null ? [] : [unit]));
  const seen = [...evidence.keys()].flatMap((unit) => (unit === null ? [] : [unit]));
  // What is learned of a thing says nothing of others, so the rule of any thing goes once there is one.
  const units: readonly (string | null)[] = isSpecific ? [...new Set([...known, ...seen])].sort() : [null];
  const next = units.flatMap((unit) => {
    const before = rules.find((rule) => rule.unit === unit) ?? ofAny;
    const own = evidence.get(unit);
    const rule =
      own === undefined
        ? before
        : learning.variant === "own-gain"
          ? ownRule(unit, before, own)
          : imitatingRule(unit, before, own, learning);
    return rule === undefined ? [] : [rule];
  });
  const isSame = evidence.size === 0 || canonicalJson(next) === canonicalJson(rules);
  return isSame ? null : { text: rulesText(next), rules: next };
};

/** The policy's principle: what flexible players may begin with. */
export const policyPrinciple = (policy: Policy): GamePrinciple => {
  const give = policy === "fair" ? 0.5 : policy === "altruistic" ? 1 : 0;
  return { text: policyText(policy), rules: [{ unit: null, give, refuseBelow: null, refuseAbove: null }] };
};

/** By how much the seller raised what was picked; what a feint would gain over an honest pick, at both stages. */
const feintGain = ({ rewards, costs, first, prices }: Trade): number => {
  const raise = (prices[first] - prices[otherItem(first)]) / 2;
  const gains = [rewards[0] - costs[0], rewards[1] - costs[1]] as const;
  const best = gains[1] > gains[0] ? 1 : 0;
  return raise <= 0 ? -1 : gains[otherItem(best)] - gains[best] + 2 * raise;
};

const seatOf = { buyer, seller };

/** A trader's next strategy; null where it stays. A feint that would lose nothing is worth a try. */
export const learnStrategy = (
  principle: GamePrinciple,
  observations: readonly Observation[],
): GamePrinciple | null => {
  const trades = tradesOf(observations);
  if (trades.length === 0) return null;
  const role = flexibleRole(observations[0]!);
  const score =
    seatOf[role] === seller
      ? sum(trades.map(({ first, last }) => (first === last ? 1 : -1)))
      : sum(trades.map(feintGain));
  const strategy: Strategy =
    role === "seller"
      ? score > 0
        ? "picked"
        : score < 0
          ? "other"
          : "none"
      : score >= 0
        ? "deceptive"
        : "honest";
  return strategy === principle.strategy ? null : strategyPrinciple(strategy);
};
