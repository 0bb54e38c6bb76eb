// What is said of replies that were tested against every principle after their revision: how many keep all, which
// principles are not known to be kept, and why verdicts are missing. Knows no model.

import type { RevisionRecord, UnscoredReason } from "../../records/index.ts";

/** What to do where the model was cut before its verdict. */
export const moreVoteTokens =
  "Raise revise.voteTokens: a model that thinks before it answers needs a thousand and more.";

const reasonWords: Readonly<Record<UnscoredReason, string>> = {
  "reply-missing": "without a reply to test",
  "reply-cut": "of a reply that was cut",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  refusal: "declined, by the model or its provider",
  "no-choice": "naming no answer",
  neither: "speaking for neither answer",
  both: "speaking for both answers",
  empty: "empty",
  cut: "cut at the limit of tokens",
};

/** Why questions of a recheck have no verdict, and what to do about those that were cut. */
const describeUnread = (reasons: ReadonlyMap<UnscoredReason, number>): string[] => {
  if (reasons.size === 0) return [];
  const told = [...reasons].map(([reason, count]) => `${count} ${reasonWords[reason]}`).join(", ");
  const all = [...reasons.values()].reduce((sum, count) => sum + count, 0);
  return [
    `Tests without a verdict that could be read: ${all} (${told}).${reasons.has("cut") ? ` ${moreVoteTokens}` : ""}`,
  ];
};

/**
 * Counts chains that were tested against every principle. describe: how many keep all, which are not known to be kept, and
 * why verdicts are missing.
 */
export const countFailing = () => {
  const counts = new Map<string, number>();
  const reasons = new Map<UnscoredReason, number>();
  let tested = 0;
  let whole = 0;
  return {
    add({ failing, checks = [] }: Pick<RevisionRecord, "failing" | "checks">): void {
      if (failing === undefined) return;
      tested++;
      if (failing.length === 0) whole++;
      for (const id of failing) counts.set(id, (counts.get(id) ?? 0) + 1);
      for (const { reason } of checks.flatMap(({ verdicts }) => verdicts))
        if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    },
    describe(): string[] {
      if (tested === 0) return [];
      const sorted = [...counts].sort(([, one], [, other]) => other - one);
      const worst = sorted.map(([id, count]) => `${id} ${count}`);
      const rest = worst.length === 0 ? "" : ` Not known to be kept: ${worst.join(", ")}.`;
      return [
        `Tested against every principle: ${whole} of ${tested} last replies keep all.${rest}`,
        ...describeUnread(reasons),
      ];
    },
  };
};
