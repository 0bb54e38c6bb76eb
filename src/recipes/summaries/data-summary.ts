// What commands that ask models say at their end: how replies ended, what was left out and why, what was cut from
// replies, and what it took.

import { counted, dollars } from "../../core/index.ts";
import { readAccounts } from "../../models/index.ts";
import { finishes, type StepFinish, stepFinishes } from "../../records/index.ts";
import { streamEvents } from "../../runs/index.ts";
import { ledgerFile } from "../stages/calls.ts";
import { countSpent, fromCache, fromOther, type Spent, withAccount } from "../stages/stage-model.ts";
import type {
  FinishCounts,
  KnownCounts,
  LabelCounts,
  OtherCounts,
  ReplyTally,
  StepCounts,
} from "../stages/tallies.ts";

const endings = (maxTokens: number) =>
  ({
    stop: "whole",
    length: `cut at ${maxTokens} tokens`,
    refusal: "refused by the provider",
    overflow: "too long for the model's context",
    rejected: "rejected by the server",
    empty: "empty",
    critique: "replaced by a critique",
  }) satisfies Record<StepFinish, string>;

/** "20 answers: 17 whole, 3 cut at 80 tokens". nouns: as counted takes them. */
export const describeFinishes = (
  counts: Partial<StepCounts>,
  maxTokens: number,
  ...nouns: [one: string, several?: string]
): string => {
  const countOf = (finish: StepFinish): number => counts[finish] ?? 0;
  const total = stepFinishes.reduce((sum, finish) => sum + countOf(finish), 0);
  const what = counted(total, ...nouns);
  const words = endings(maxTokens);
  const parts = stepFinishes
    .filter((finish) => countOf(finish) > 0)
    .map((finish) => `${countOf(finish)} ${words[finish]}`);
  return parts.length === 0 ? `${what}.` : `${what}: ${parts.join(", ")}.`;
};

const becauseOf = { ...endings(0), length: "cut at the token limit", stop: "without text" };

/** Why replies give nothing to go on with: " (2 too long for the model's context, 1 empty)"; "" where all do. */
export const describeMissing = (counts: Partial<FinishCounts>): string => {
  const parts = finishes
    .filter((finish) => (counts[finish] ?? 0) > 0)
    .map((finish) => `${counts[finish]} ${becauseOf[finish]}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
};

/** Prompts whose answer could not be revised, with the reasons; nothing where there is none. */
export const describeUnrevised = (
  { count, missing }: Pick<ReplyTally, "count" | "missing">,
  chains: number,
): string[] =>
  count === chains
    ? []
    : [`Left out of revision: ${count - chains} of ${counted(count, "answer")}${describeMissing(missing)}.`];

/** How comparisons ended, and in a second line which were left out and why, where there are any. */
export const describeLabels = (counts: LabelCounts, missingReplies: FinishCounts): string[] => {
  const { judged, flips, identical, missing, replyCut, tooLong, refused, rejected } = counts;
  const { undecided, neither, both, silent, cut } = counts;
  const left: [number, string][] = [
    [identical, "of twice the same reply"],
    [missing, `for want of a reply${describeMissing(missingReplies)}`],
    [replyCut, "with a reply cut at the token limit"],
    [tooLong, "too long for the judge's context"],
    [refused, "refused by the judge or its provider"],
    [rejected, "rejected by the judge's server"],
    [undecided, "to which the judge gave no (A) or (B)"],
    [neither, "of which the judge took neither"],
    [both, "of which the judge named both"],
    [silent, "to which the judge said nothing"],
    [
      cut,
      "on which the judge was cut before a verdict (raise label.reasoningTokens, or label.voteTokens where it votes)",
    ],
  ];
  const told = left.filter(([count]) => count > 0).map(([count, why]) => `${count} ${why}`);
  const total = judged + left.reduce((sum, [count]) => sum + count, 0);
  return [
    `${counted(total, "comparison")}: ${judged} judged, ${flips} of them flipped with the order.`,
    ...(told.length === 0 ? [] : [`Left out of the rows: ${told.join("; ")}.`]),
  ];
};

/** Known comparisons, and the pairs that they are. */
export const describeKnown = ({ comparisons, replies, pairs, identical }: KnownCounts): string => {
  const same = identical === 0 ? "" : `, ${identical} of twice the same reply`;
  return `${counted(comparisons, "comparison")} of ${counted(replies, "reply", "replies")}: ${counted(pairs, "pair")} of the better reply with another one${same}.`;
};

/** What came from other models than were asked, in one line; nothing where all came from those. */
export const describeOthers = ({ answers, revisions, samples, labels }: OtherCounts): string[] => {
  const parts: [number, string][] = [
    [answers, counted(answers, "answer")],
    [revisions, counted(revisions, "revision")],
    [samples, counted(samples, "reply", "replies")],
    [labels, counted(labels, "label")],
  ];
  const told = parts.filter(([count]) => count > 0).map(([, what]) => what);
  return told.length === 0
    ? []
    : [`From another model than the one that was asked, as its server said: ${told.join(", ")}.`];
};

/** What a run's stages asked of models, over all attempts. */
export const spentInRun = async (folder: string, stages: readonly string[]): Promise<Spent> => {
  const spent = countSpent(stages);
  for await (const event of streamEvents(folder)) spent.add(event);
  return withAccount(spent.total(), await readAccounts(ledgerFile(folder)), stages);
};

/** What a run has spent so far, whatever its stages; undefined where no call is in its account. */
export const spentSoFar = async (folder: string): Promise<Spent | undefined> => {
  const stages = [...(await readAccounts(ledgerFile(folder))).keys()];
  return stages.length === 0 ? undefined : spentInRun(folder, stages);
};

const grouped = (count: number): string => count.toLocaleString("en-US");

/** How replies ended over all calls, critiques among them, where not all were whole. */
const describeEnds = (counts: Spent["counts"]): string[] => {
  const words = { ...endings(0), length: "cut at the limit" };
  const told = finishes.map((finish): [number, string] => [counts[`ended-${finish}`] ?? 0, words[finish]]);
  told.push([counts["unparseable"] ?? 0, "not to be read"]);
  const parts = told.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`);
  return parts.length === 0 ? [] : [`Over all calls, answers that were not whole: ${parts.join(", ")}.`];
};

/** Which part of the account is an estimate, where one is. */
const describeEstimate = ({ estimated }: Spent): string[] => {
  if (estimated === undefined) return [];
  const { calls, money } = estimated;
  const cost = money === 0 ? "" : `, ${dollars(money)} of the cost`;
  return [
    `Estimated: the tokens of ${counted(calls, "call")}${cost}, for want of counts or of an answer to what was sent.`,
  ];
};

/** What was asked of models in one line, and what was cut from replies in another where there was something. */
export const describeSpent = (spent: Spent): string[] => {
  const { calls, promptTokens, completionTokens, repeats, money = 0, counts } = spent;
  const tokens =
    promptTokens + completionTokens > 0
      ? `${counted(promptTokens, "token")} read and ${grouped(completionTokens)} written`
      : "tokens not told";
  const again = repeats === 0 ? "" : `, ${grouped(repeats)} of them without an answer`;
  const { bounded = 0, [fromCache]: kept = 0, [fromOther]: foreign = 0, unparseable: _, ...others } = counts;
  const cuts = Object.entries(others).filter(([name]) => !name.startsWith("ended-"));
  const inner = counts["inner-turn"] ?? 0;
  const cut = cuts.map(([rule, count]) => `${rule} ${count}`);
  const last = cuts.at(-1)?.[1] ?? 0;
  const cost = money === 0 ? "" : `; ${dollars(money)}`;
  return [
    `Asked of models: ${counted(calls + repeats, "call")}${again}; ${tokens}${cost}.`,
    ...describeEstimate(spent),
    ...(kept === 0 ? [] : [`Not asked again: ${counted(kept, "answer")} that had been given before.`]),
    ...(foreign === 0
      ? []
      : [
          `${counted(foreign, "answer")} came from another model than the one that was asked, as the server says.`,
        ]),
    ...describeEnds(counts),
    ...(cut.length === 0 ? [] : [`Cut from replies: ${cut.join(", ")} ${last === 1 ? "time" : "times"}.`]),
    ...(inner === 0
      ? []
      : [
          `${counted(inner, "reply", "replies")} that ended whole held a line such as "Human:" and ${inner === 1 ? "was" : "were"} cut before it: see the rule inner-turn under cuts in the records.`,
        ]),
    ...(bounded === 0
      ? []
      : [
          `In ${bounded} ${bounded === 1 ? "comparison" : "comparisons"} the judge named the log-probability of one letter only; the other's is an upper bound.`,
        ]),
  ];
};
