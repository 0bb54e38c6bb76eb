// Rows of published pairs of dialogues from which no comparison can be made, and which are no mistake of whoever gave the
// file: some of HH-RLHF's dialogues part before the last reply, and some replies are empty. Knows no file.

import { describePlace, type TextPlace, UserError } from "../core/index.ts";

const code = "pair-unfit";

/** Why a row is unfit, as it is told of several rows ("with a reply without text"). */
export const unfitReasons = {
  parted: "whose dialogues part before the last reply",
  blank: "with a reply without text",
  same: "with the same reply twice",
} as const;
export type UnfitReason = keyof typeof unfitReasons;

/** A row that is unfit, with where it stands. */
export type UnfitRow = { readonly place: TextPlace; readonly reason: UnfitReason };

/** The fault of a row that is unfit, for where such rows are not left out. problem: with the field that it is in. */
export const unfitPair = (place: TextPlace, reason: UnfitReason, problem: string): UserError =>
  new UserError(code, `${describePlace(place)}: ${problem}`, { ...place, reason });

/** What a fault says of a row that may be left out; undefined for every other fault. */
export const unfitOf = (thrown: unknown): UnfitRow | undefined => {
  if (!(thrown instanceof UserError) || thrown.code !== code) return undefined;
  const { reason, ...place } = thrown.facts as TextPlace & { readonly reason: UnfitReason };
  return { place, reason };
};
