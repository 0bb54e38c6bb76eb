// What stops or warns a labelling whose labels say little: a judge that keeps to one letter whatever stands there, and
// one that often changes its mind when the replies are exchanged. Works on labels of every method.

import { CovenantError, wilsonInterval } from "../../core/index.ts";
import type { LabelRecord } from "../../records/index.ts";

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

/**
 * What is judged, in words. unit: in the plural; exchanged: what changed places between the two orders; made: what comes of
 * it.
 */
export type WatchedWords = { readonly unit: string; readonly exchanged: string; readonly made: string };

const comparisonWords: WatchedWords = { unit: "comparisons", exchanged: "the replies", made: "labels" };

/** What of a label is watched; of a verdict on one reply, the probability of the same choice in both orders. */
type Watched = Pick<LabelRecord, "orders" | "judge">;

/**
 * Watches labels as they come. see: counts one. check: throws CovenantError "judge-one-letter" where the judge gave the
 * same letter in both orders in all of the first 20 judged comparisons or more, or in at least 95 % of at least 50 so far.
 */
export type JudgeWatch = { see(label: Watched): void; check(): void };

/** A watch that has seen nothing yet. */
export const watchJudge = (words: WatchedWords = comparisonWords): JudgeWatch => {
  let judge = "";
  let judged = 0;
  const always = { A: 0, B: 0 };
  return {
    see({ orders, judge: name }) {
      judge = name;
      if (orders === null) return;
      judged++;
      // Reply 0 stands under (A) in the first order and under (B) in the second.
      if (orders[0] > 0.5 && orders[1] < 0.5) always.A++;
      if (orders[0] < 0.5 && orders[1] > 0.5) always.B++;
    },
    check() {
      const letter = always.A >= always.B ? "A" : "B";
      const share = always[letter] / judged;
      const isUnbroken = judged >= unbrokenForStop && always[letter] === judged;
      if (!isUnbroken && (judged < fewestForStop || share < oneLetterShare)) return;
      const { unit, exchanged, made } = words;
      throw new CovenantError(
        "judge-one-letter",
        `The judge ${judge} answers (${letter}) whatever stands there: in ${always[letter]} of ${judged} ${unit} it kept to that letter when ${exchanged} were exchanged. Its ${made} say nothing; choose another judge.`,
        { judge, letter, judged, share },
      );
    },
  };
};

/** A judge that flips more often than this is told of; published verdicts of GPT-4 flipped in 13 %. */
const manyFlips = 0.5;

/**
 * What to tell of a judge that mostly flips with the order; null where it does not, or where there are so few comparisons
 * that the 95 % interval (Wilson) reaches below one half: four that all flip are the fewest that say so.
 */
export const describeFlips = ({
  judged,
  flips,
}: {
  readonly judged: number;
  readonly flips: number;
}): string | null => {
  if (judged === 0) return null;
  const share = flips / judged;
  if (wilsonInterval(share, judged).low < manyFlips) return null;
  return `In ${flips} of ${judged} comparisons (${Math.round(100 * share)} %) the judge preferred another reply when the two were exchanged. The mean of both orders takes a liking for a place out of the labels, but little else may be left in them. Choose another judge, or let it reason (label.method=reasoning).`;
};
