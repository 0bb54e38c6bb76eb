// What feedback left out of training rows, told where the rows are used: as a warning, and as the cause when none is
// left. Knows the reasons' words, not how they are found.

import { counted } from "../../core/index.ts";
import { type UnfitRow, unfitText } from "../../feedback/index.ts";
import type { StageContext } from "../../runs/index.ts";

const reasons = {
  length: "cut at the token limit",
  refusal: "refused by the provider",
  overflow: "too long for the model's context",
  rejected: "rejected by the server",
  empty: "empty",
  critique: "replaced by a critique",
  identical: "of twice the same reply",
  unscored: "without a label",
  cut: "with a reply cut at the token limit",
  undecided: "preferring neither reply",
} as const;

/** How many rows were not made, by reason. */
export type LeftOutCounts = Readonly<Partial<Record<keyof typeof reasons, number>>>;

/** The sum of several counts, reason by reason; only reasons that there are. */
export const sumLeftOut = (...all: readonly LeftOutCounts[]): LeftOutCounts =>
  Object.fromEntries(
    (Object.keys(reasons) as (keyof typeof reasons)[])
      .map((reason) => [reason, all.reduce((sum, counts) => sum + (counts[reason] ?? 0), 0)] as const)
      .filter(([, count]) => count > 0),
  );

/** "3 cut at the token limit, 1 empty"; "" where nothing was left out. */
export const describeLeftOut = (counts: LeftOutCounts): string =>
  Object.entries(reasons)
    .map(([reason, words]) => [counts[reason as keyof typeof reasons] ?? 0, words] as const)
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(", ");

/** What is said of rows that were not made; undefined where all were. what: of what there would have been rows. */
export const leftOutText = (counts: LeftOutCounts, rows: number, what: string): string | undefined => {
  const told = describeLeftOut(counts);
  if (told === "") return undefined;
  const left = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${left} of ${counted(rows + left, what)} gave no training row: ${told}.`;
};

/** Warns of rows that were not made. what: of what there would have been rows ("comparison"). */
export const warnLeftOut = (
  stage: Pick<StageContext, "warn">,
  counts: LeftOutCounts,
  rows: number,
  what: string,
): void => {
  const text = leftOutText(counts, rows, what);
  if (text !== undefined) stage.warn("rows-left-out", text);
};

/** What is said of rows of a file that give no pair, as a notice; none where all do. */
export const unfitNotices = (file: string, rows: number, unfit: readonly UnfitRow[]) => {
  const text = unfitText(file, rows, unfit);
  return text === null ? [] : [{ code: "rows-unfit", text }];
};
