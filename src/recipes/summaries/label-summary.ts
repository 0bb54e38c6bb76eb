// The labels card as `covenant label` says it at its end: how the judge was asked, how far its labels depend on position
// and length, and, where the right answers are known, how often it is right, beside what guessing is worth.

import { counted, percent, percentRange } from "../../core/index.ts";
import { type Baselines, type ChoiceRow, countBaselines, countForCard } from "../../evaluation/index.ts";
import type { ReplyPair } from "../../feedback/index.ts";
import { type ArmMetrics, type Estimate, type LabelRecord, unscoredReasons } from "../../records/index.ts";

type Lost = Readonly<Record<string, number>>;

/** Votes for a letter, and what was said instead, over all comparisons; null: nobody voted. */
type VoteTotals = { readonly given: number; readonly lost: Lost } | null;

/** Chains of thought with a verdict, and those without by their reason; null: there were none. */
type ChainTotals = { readonly read: number; readonly lost: Lost } | null;

/**
 * card: with an accuracy where right answers are known. all, judged: the trivial baselines on all comparisons with a known
 * answer, and on those of them that were judged.
 */
export type LabelSummary = {
  readonly method: NonNullable<LabelRecord["method"]>;
  readonly form: "own" | "paper";
  readonly clamp: LabelRecord["clamp"] | null;
  readonly votes: VoteTotals;
  readonly chains: ChainTotals;
  readonly card: ArmMetrics["labels"];
  readonly baselines: { readonly all: Baselines; readonly judged: Baselines | null } | null;
};

/** Adds reasons to others, in the reasons' own order; those that did not occur are left out. */
const addUp = (sum: Lost, more: Lost): Lost =>
  Object.fromEntries(
    unscoredReasons
      .map((reason) => [reason, (sum[reason] ?? 0) + (more[reason] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );

const countVotes = (before: VoteTotals, { judgements = [] }: LabelRecord): VoteTotals =>
  judgements
    .flatMap((one) => one.votes ?? [])
    .reduce<VoteTotals>(
      (sum, { replies: [one, other], lost }) => ({
        given: (sum?.given ?? 0) + one + other,
        lost: addUp(sum?.lost ?? {}, lost),
      }),
      before,
    );

const countChains = (before: ChainTotals, { judgements = [] }: LabelRecord): ChainTotals =>
  judgements
    .flatMap((one) => one.chains?.flat() ?? [])
    .reduce<ChainTotals>(
      (sum, { probability, reason }) => ({
        read: (sum?.read ?? 0) + (probability === null ? 0 : 1),
        lost: addUp(sum?.lost ?? {}, reason === undefined ? {} : { [reason]: 1 }),
      }),
      before,
    );

/** The two replies of a pair whose better one is known, as a question with two letters; null where nobody knows. */
export const questionOf = ({
  correct,
  replies: [one, other],
}: Pick<ReplyPair, "correct" | "replies">): ChoiceRow | null => {
  if (correct === undefined) return null;
  const more = [...one.text].length - [...other.text].length;
  const options = ["(A)", "(B)"];
  return { corrects: [options[correct]!], options, longerBy: correct === 0 ? more : -more };
};

/**
 * Counts what there is to say of labels, one after the other, each with the comparison as it was given where a file gave
 * it. Of a label whose right answer is known 16 bytes are kept.
 */
export const countLabelSummary = () => {
  const card = countForCard(({ correct }) => correct ?? null);
  const [all, judged] = [countBaselines(), countBaselines()];
  let first: LabelRecord | undefined;
  let votes: VoteTotals = null;
  let chains: ChainTotals = null;
  return {
    add(label: LabelRecord, pair: ReplyPair | null): void {
      first ??= label;
      card.add(label);
      votes = countVotes(votes, label);
      chains = countChains(chains, label);
      const question = pair && questionOf(pair);
      if (question === null) return;
      all.add(question);
      if (label.state === "judged") judged.add(question);
    },
    summary(seed: number): LabelSummary {
      const known = all.totals();
      return {
        method: first?.method ?? "choice",
        form: first?.form ?? "own",
        clamp: first?.clamp ?? null,
        votes,
        chains,
        card: card.card(seed),
        baselines: known && { all: known, judged: judged.totals() },
      };
    },
  };
};

const line = (name: string, estimate: Estimate): string[] =>
  estimate.n === 0
    ? []
    : [
        `  ${name.padEnd(30)}${percent(estimate.value).padStart(8)}  ${percentRange(estimate).padEnd(14)} of ${estimate.n}`,
      ];

const describeLost = (lost: Lost): string =>
  Object.entries(lost)
    .map(([reason, count]) => `, ${count} ${reason}`)
    .join("");

const methods = {
  choice: "log-probabilities of (A) and (B)",
  reasoning: "the letter after a chain of thought",
  votes: "votes",
} as const;

const describeMethod = ({ method, form, clamp, votes, chains }: LabelSummary): string[] => [
  `Labels by ${methods[method]}${form === "paper" ? ", in the paper's wording" : ""}${clamp ? `, clamped to ${clamp.join(" – ")}` : ""}, both orders averaged.`,
  ...(chains === null
    ? []
    : [`${counted(chains.read, "chain")} of thought with a verdict${describeLost(chains.lost)}.`]),
  ...(votes === null || chains !== null
    ? []
    : [`${counted(votes.given, "vote")} for a letter${describeLost(votes.lost)}.`]),
];

/** Baselines as lines. Where the better reply always stands first in the file, that says nothing. */
const describeBaselines = ({ always, longer }: Baselines): string[] => [
  ...Object.entries(always)
    .filter(() => Object.values(always).every(({ count }) => count > 0))
    .flatMap(([letter, share]) => line(`  always ${letter}`, share)),
  ...(longer === null ? [] : line("  always the longer", longer)),
];

/** The labels card as lines. */
export const describeCard = (summary: LabelSummary): string[] => {
  const { card, baselines: known } = summary;
  const { judged, all } = known ?? {};
  return [
    ...describeMethod(summary),
    ...line("right", card.accuracy),
    ...(judged ? describeBaselines(judged) : []),
    ...(all && all.n !== (judged?.n ?? 0)
      ? ["  on all comparisons, also those that were not judged:", ...describeBaselines(all)]
      : []),
    ...line("calibration error", card.accuracy.n === 0 ? card.accuracy : card.calibrationError),
    ...line("flips with the order", card.flipRate),
    ...line("prefers what stands first", card.firstPositionRate),
    ...line("prefers the longer reply", card.longerRate),
  ];
};
