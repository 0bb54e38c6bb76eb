// What stops or warns a labelling whose labels say little: a judge that keeps to one letter whatever stands there, one
// that comes to no verdict, and one that often changes its mind when the replies are exchanged. Works on labels of every
// method.

import { CovenantError, wilsonInterval } from "../../core/index.ts";
import type { LabelRecord, UnscoredReason } from "../../records/index.ts";

/**
 * Below so many judged comparisons a judge that mostly keeps to one letter stops no labelling: labels are looked at again
 * and again while they come, so that chance has many tries, and a stop leaves work undone that is paid for.
 */
const fewestForStop = 50;
const oneLetterShare = 0.95;

/**
 * So many comparisons, all from the first on with one letter, stop it earlier. However often it is looked at, this happens
 * by chance once at most, in the first so many: a judge that keeps to one letter in half of its comparisons comes to it
 * once in a million labellings, one that does so in four of five once in 87.
 */
const unbrokenForStop = 20;

/** So many answers of a judge from the first on, none of them a verdict, stop it. */
const silentForStop = 20;

/** Why there is no verdict where nothing was asked, or nothing is to be paid for. */
const unasked: readonly UnscoredReason[] = ["reply-missing", "reply-cut", "overflow", "rejected"];

/**
 * What is judged, in words. unit: in the plural; exchanged: what changed places between the two orders; made: what comes of
 * it; none: the code of the error where there is none of that; raise: the settings that leave a judge more tokens; flipped: what
 * it did where it changed its mind with the order, and what that means (reasons: it reasons before its verdict).
 */
export type WatchedWords = {
  readonly unit: string;
  readonly exchanged: string;
  readonly made: string;
  readonly none: string;
  readonly raise: string;
  readonly flipped: (reasons: boolean) => string;
};

const comparisonWords: WatchedWords = {
  unit: "comparisons",
  exchanged: "the replies",
  made: "labels",
  none: "labels-none",
  raise: "label.voteTokens, or label.reasoningTokens where it reasons",
  flipped: (reasons) =>
    `the judge preferred another reply when the two were exchanged. The mean of both orders takes a liking for a place out of the labels. Of replies that are as good as each other any judge does so; where most of yours are not, little is left in the labels: ${anotherJudge(reasons)}`,
};

/** Words for judging whether replies violate their areas. */
export const verdictWords: WatchedWords = {
  unit: "answers",
  exchanged: "the choices",
  made: "verdicts",
  none: "verdicts-none",
  raise: "voteTokens",
  flipped: () =>
    "the judge's verdict was another when Yes and No were exchanged: it goes by their places more than by what the answer says. The mean of both orders takes a liking for a place out of the verdicts, and little is left in the rates: choose another judge",
};

/** What to do about a judge that comes to no verdict. cut: in how many of all it was cut before one. */
export const adviceOnSilence = (cut: number, all: number, { raise } = comparisonWords): string =>
  cut * 2 > all
    ? `It needs more tokens before it says its letter: raise ${raise} (for a model that thinks, to 2000 or so).`
    : "Choose another judge.";

/** Why there is no verdict, behind a number of those of which it is so. */
const reasonWords: Readonly<Record<UnscoredReason, string>> = {
  "reply-missing": "without a reply",
  "reply-cut": "with a reply cut at the token limit",
  overflow: "too long for its context",
  rejected: "rejected by its server",
  refusal: "declined",
  "no-choice": "without a letter",
  neither: "for neither letter",
  both: "with both letters",
  empty: "without text",
  cut: "cut before a letter",
};

/** "18 cut before a letter, 2 without a letter": reasons, the commonest first; "" where there are none. */
export const describeReasons = (reasons: Readonly<Partial<Record<UnscoredReason, number>>>): string =>
  Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, count]) => `${count} ${reasonWords[reason as UnscoredReason]}`)
    .join(", ");

/** What of a label is watched; of a verdict on one reply, the probability of the same choice in both orders. */
type Watched = Pick<LabelRecord, "orders" | "judge"> & { readonly reason?: UnscoredReason | undefined };

/** Counts answers of a judge by why they are no verdict. */
const countSilence = (words: WatchedWords) => {
  const reasons: Partial<Record<UnscoredReason, number>> = {};
  let asked = 0;
  let judged = 0;
  return {
    see({ orders, reason }: Watched): void {
      if (orders !== null) judged++;
      else if (reason !== undefined && !unasked.includes(reason)) {
        asked++;
        reasons[reason] = (reasons[reason] ?? 0) + 1;
      }
    },
    check(judge: string): void {
      if (judged > 0 || asked < silentForStop) return;
      const { unit, made, none } = words;
      throw new CovenantError(
        none,
        `The judge ${judge} came to no verdict on any of the first ${asked} ${unit} that it was asked about (${describeReasons(reasons)}), so no more are asked for ${made}. ${adviceOnSilence(reasons.cut ?? 0, asked, words)} Once it is mended, --fresh begins anew.`,
        { judge, asked, reasons },
      );
    },
  };
};

/**
 * Watches labels as they come. see: counts one. check: throws CovenantError "judge-one-letter" where the judge gave the
 * same letter in both orders in all of the first 20 judged comparisons or more, or in at least 95 % of at least 50 so far;
 * and the words' own ("labels-none") where it gave no verdict in any of the first 20 that it answered, or declined.
 */
export type JudgeWatch = { see(label: Watched): void; check(): void };

/** A watch that has seen nothing yet. */
export const watchJudge = (words: WatchedWords = comparisonWords): JudgeWatch => {
  let judge = "";
  let judged = 0;
  const always = { A: 0, B: 0 };
  const silence = countSilence(words);
  return {
    see(label) {
      const { orders, judge: name } = label;
      judge = name;
      silence.see(label);
      if (orders === null) return;
      judged++;
      // Reply 0 stands under (A) in the first order and under (B) in the second.
      if (orders[0] > 0.5 && orders[1] < 0.5) always.A++;
      if (orders[0] < 0.5 && orders[1] > 0.5) always.B++;
    },
    check() {
      silence.check(judge);
      const letter = always.A >= always.B ? "A" : "B";
      const share = always[letter] / judged;
      const isUnbroken = judged >= unbrokenForStop && always[letter] === judged;
      if (!isUnbroken && (judged < fewestForStop || share < oneLetterShare)) return;
      const { unit, exchanged, made } = words;
      throw new CovenantError(
        "judge-one-letter",
        `The judge ${judge} answers (${letter}) whatever stands there: in ${always[letter]} of ${judged} ${unit} it kept to that letter when ${exchanged} were exchanged. Its ${made} say nothing; choose another judge. Once it is mended, --fresh begins anew.`,
        { judge, letter, judged, share },
      );
    },
  };
};

/** What to do about a judge that looks at the place. reasons: it reasons already. */
const anotherJudge = (reasons: boolean): string =>
  reasons ? "choose another judge" : "choose another judge, or let it reason (label.method=reasoning)";

/** A judge that flips more often than this is told of; published verdicts of GPT-4 flipped in 13 %. */
const manyFlips = 0.5;

/**
 * What to tell of a judge that mostly flips with the order; null where it does not, or where there are so few comparisons
 * that the 95 % interval (Wilson) reaches below one half: four that all flip are the fewest that say so. reasons: the judge
 * reasons before its verdict.
 */
export const describeFlips = (
  {
    judged,
    flips,
    reasons = false,
  }: { readonly judged: number; readonly flips: number; readonly reasons?: boolean },
  { unit, flipped } = comparisonWords,
): string | null => {
  if (judged === 0) return null;
  const share = flips / judged;
  if (wilsonInterval(share, judged).low < manyFlips) return null;
  return `In ${flips} of ${judged} ${unit} (${Math.round(100 * share)} %) ${flipped(reasons)}.`;
};

/** A judge that takes the same place more often than this is told of; one without a liking for a place does in half. */
const manyOfOnePlace = 0.6;

/** In how many of its two showings (a half: undecided) a comparison went to the reply that stood first. */
export const firstPlacesIn = ({ orders }: Pick<LabelRecord, "orders">): number =>
  orders === null
    ? 0
    : [orders[0], 1 - orders[1]].reduce((sum, first) => sum + (first === 0.5 ? 0.5 : first > 0.5 ? 1 : 0), 0);

/**
 * What to tell of a judge that likes a place, though it does not mostly flip; null where it does not, or where there are too
 * few comparisons to say so (Wilson's 95 % interval, of as many observations as there are comparisons). firsts: showings,
 * two of each comparison, that went to the reply that stood first. reasons: the judge reasons before its verdict.
 */
export const describeLikedPlace = ({
  judged,
  firsts,
  reasons = false,
}: {
  readonly judged: number;
  readonly firsts: number;
  readonly reasons?: boolean;
}): string | null => {
  if (judged === 0) return null;
  const first = firsts / (2 * judged);
  const [place, share] = first >= 0.5 ? (["first", first] as const) : (["second", 1 - first] as const);
  if (wilsonInterval(share, judged).low < manyOfOnePlace) return null;
  return `In ${Math.round(100 * share)} % of the showings of ${judged} comparisons, each shown in both orders, the judge preferred the reply that stood ${place}. The mean of both orders takes that out of the labels and leaves them nearer to one half: rows say less than they could. To mend that, ${anotherJudge(reasons)}.`;
};
