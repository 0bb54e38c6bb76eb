// The labels card as `covenant label` says it at its end: how the judge was asked, how far its labels depend on position
// and length, and, where the right answers are known, how often it is right, beside what guessing is worth.

import { type Baselines, baselines, labelsCard } from "../evaluation/index.ts";
import type { ReplyPair } from "../feedback/index.ts";
import { type ArmMetrics, type Estimate, type LabelRecord, unscoredReasons } from "../records/index.ts";
import { counted } from "./wording.ts";

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

const addUp = (counts: readonly Lost[]): Lost =>
  Object.fromEntries(
    unscoredReasons
      .map((reason) => [reason, counts.reduce((sum, count) => sum + (count[reason] ?? 0), 0)] as const)
      .filter(([, count]) => count > 0),
  );

const votesIn = (labels: readonly LabelRecord[]): VoteTotals => {
  const votes = labels.flatMap(({ judgements = [] }) => judgements.flatMap((one) => one.votes ?? []));
  if (votes.length === 0) return null;
  const given = votes.reduce((sum, { replies: [one, other] }) => sum + one + other, 0);
  return { given, lost: addUp(votes.map(({ lost }) => lost)) };
};

const chainsIn = (labels: readonly LabelRecord[]): ChainTotals => {
  const chains = labels.flatMap(({ judgements = [] }) =>
    judgements.flatMap((one) => one.chains?.flat() ?? []),
  );
  if (chains.length === 0) return null;
  const lost = chains.map(({ reason }): Lost => (reason === undefined ? {} : { [reason]: 1 }));
  return { read: chains.filter(({ probability }) => probability !== null).length, lost: addUp(lost) };
};

const baselinesOf = (pairs: readonly ReplyPair[]): Baselines | null => {
  const rows = pairs.flatMap(({ correct, replies: [one, other] }) => {
    if (correct === undefined) return [];
    const more = [...one.text].length - [...other.text].length;
    const options = ["(A)", "(B)"];
    return [{ corrects: [options[correct]!], options, longerBy: correct === 0 ? more : -more }];
  });
  return rows.length === 0 ? null : baselines(rows);
};

/** What there is to say of labels. pairs: the comparisons as they were given, with what is known of them. */
export const summariseLabels = (
  labels: readonly LabelRecord[],
  pairs: readonly ReplyPair[],
  seed: number,
): LabelSummary => {
  const judged = new Set(labels.filter(({ state }) => state === "judged").map(({ prompt }) => prompt));
  const all = baselinesOf(pairs);
  return {
    method: labels[0]?.method ?? "choice",
    form: labels[0]?.form ?? "own",
    clamp: labels[0]?.clamp ?? null,
    votes: votesIn(labels),
    chains: chainsIn(labels),
    card: labelsCard(labels, ({ correct }) => correct ?? null, seed),
    baselines: all && { all, judged: baselinesOf(pairs.filter(({ prompt }) => judged.has(prompt))) },
  };
};

const percent = (value: number | null): string => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);

const interval = ({ low, high }: Estimate): string =>
  low === null || high === null ? "" : `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;

const line = (name: string, estimate: Estimate): string[] =>
  estimate.n === 0
    ? []
    : [
        `  ${name.padEnd(30)}${percent(estimate.value).padStart(8)}  ${interval(estimate).padEnd(14)} of ${estimate.n}`,
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
      ? ["  on all comparisons, unscored ones too:", ...describeBaselines(all)]
      : []),
    ...line("calibration error", card.accuracy.n === 0 ? card.accuracy : card.calibrationError),
    ...line("flips with the order", card.flipRate),
    ...line("prefers what stands first", card.firstPositionRate),
    ...line("prefers the longer reply", card.longerRate),
  ];
};
