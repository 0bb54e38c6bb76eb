// What users say about candidates (principles, statements), in three kinds: rankings, approvals, utilities. A rule reads one
// kind; how one becomes another is said here and nowhere else, and only where somebody asks for it. Knows no rule.

/** tiers: candidates from the best on, equals together. What is not named stands below all that is, among its equals. */
export type Ranking = {
  readonly type: "ranking";
  readonly voter: string;
  readonly tiers: readonly (readonly string[])[];
};

export type Approval = {
  readonly type: "approval";
  readonly voter: string;
  readonly approved: readonly string[];
};

/** utilities: what each candidate is worth to the user, on one scale for all users; 0 where nothing is said. */
export type Utility = {
  readonly type: "utility";
  readonly voter: string;
  readonly utilities: Readonly<Record<string, number>>;
};

export type Ballot = Ranking | Approval | Utility;

/** The candidates that a ballot names, in its own order, as often as it names them. */
export const namedIn = (ballot: Ballot): readonly string[] => {
  switch (ballot.type) {
    case "ranking":
      return ballot.tiers.flat();
    case "approval":
      return ballot.approved;
    case "utility":
      return Object.keys(ballot.utilities);
    default:
      return ballot satisfies never;
  }
};

/** Approved before the rest; of utilities the greater before the smaller, equal ones together. */
export const asRanking = (ballot: Ballot): Ranking => {
  if (ballot.type === "ranking") return ballot;
  const { voter } = ballot;
  if (ballot.type === "approval")
    return { type: "ranking", voter, tiers: ballot.approved.length === 0 ? [] : [ballot.approved] };
  const tiers = new Map<number, string[]>();
  for (const [candidate, utility] of Object.entries(ballot.utilities)) {
    const equals = tiers.get(utility);
    if (equals === undefined) tiers.set(utility, [candidate]);
    else equals.push(candidate);
  }
  const sorted = [...tiers].sort(([one], [other]) => other - one);
  return { type: "ranking", voter, tiers: sorted.map(([, equals]) => equals) };
};

/** Where approval begins. tiers: so many tiers of a ranking, from the best on; atLeast: of utilities those from here on. */
export type ApprovalLine = { readonly tiers: number; readonly atLeast: number };

/** What a ballot approves, by a line that whoever asks has to draw: neither ranking nor utilities say it themselves. */
export const asApproval = (ballot: Ballot, { tiers, atLeast }: ApprovalLine): Approval => {
  const { voter } = ballot;
  switch (ballot.type) {
    case "approval":
      return ballot;
    case "ranking":
      return { type: "approval", voter, approved: ballot.tiers.slice(0, tiers).flat() };
    case "utility": {
      const entries = Object.entries(ballot.utilities).filter(([, utility]) => utility >= atLeast);
      return { type: "approval", voter, approved: entries.map(([candidate]) => candidate) };
    }
    default:
      return ballot satisfies never;
  }
};

/**
 * Approved candidates are worth 1. Of a ranking: the share of the other candidates that one stands above, equals counting
 * half (Borda's points between 0 and 1); this takes equal steps for granted, which nobody has said.
 */
export const asUtility = (ballot: Ballot, candidates: readonly string[]): Utility => {
  if (ballot.type === "utility") return ballot;
  const { voter } = ballot;
  if (ballot.type === "approval")
    return { type: "utility", voter, utilities: Object.fromEntries(ballot.approved.map((one) => [one, 1])) };
  const others = Math.max(1, candidates.length - 1);
  const named = new Set(ballot.tiers.flat());
  const unnamed = candidates.filter((candidate) => !named.has(candidate));
  const tiers = [...ballot.tiers, unnamed];
  let below = candidates.length;
  const entries = tiers.flatMap((tier) => {
    below -= tier.length;
    return tier.map((candidate) => [candidate, (below + (tier.length - 1) / 2) / others] as const);
  });
  return { type: "utility", voter, utilities: Object.fromEntries(entries) };
};
