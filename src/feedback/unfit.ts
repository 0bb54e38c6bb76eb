// Rows of published pairs of dialogues from which no comparison can be made, and which are no mistake of whoever gave the
// file: some of HH-RLHF's dialogues part before the last reply, some replies are empty, and numbers may stand for replies. Reads
// no file.

import { describePlace, firstPlaces, type TextPlace, UserError } from "../core/index.ts";

const code = "pair-unfit";

/** Why a row is unfit, as it is told of several rows ("with a reply without text"). */
export const unfitReasons = {
  parted: "whose dialogues part before the last reply",
  blank: "with a reply without text",
  same: "with the same reply twice",
  form: "whose two replies are neither texts nor lists of messages",
  stray: "whose prompt is no part of the dialogues beside it",
} as const;
export type UnfitReason = keyof typeof unfitReasons;

/** A row that is unfit, with where it stands. */
export type UnfitRow = { readonly place: TextPlace; readonly reason: UnfitReason };

/** Counts unfit rows, of which it keeps the first places alone. total: how many; groups: by reason, as they are told. */
export type UnfitCount = {
  add(row: UnfitRow): void;
  readonly total: number;
  groups(): string;
};

const shownPlaces = 10;

/** Begins to count. */
export const countUnfit = (): UnfitCount => {
  const found = new Map<UnfitReason, { count: number; readonly places: TextPlace[] }>();
  let total = 0;
  return {
    add({ reason, place }) {
      total++;
      const of = found.get(reason) ?? { count: 0, places: [] };
      found.set(reason, of);
      if (++of.count <= shownPlaces) of.places.push(place);
    },
    get total() {
      return total;
    },
    groups: () =>
      (Object.keys(unfitReasons) as UnfitReason[])
        .flatMap((reason) => {
          const { count, places } = found.get(reason) ?? { count: 0, places: [] };
          if (count === 0) return [];
          const more = count > places.length ? `, and ${count - places.length} more` : "";
          return [`${count} ${unfitReasons[reason]} (${firstPlaces(places)}${more})`];
        })
        .join(", "),
  };
};

/**
 * What is said of rows of a file that give no pair: "hh.jsonl: 3 of 2,312 rows that were read were left out: 2
 * whose dialogues part before the last reply (lines 4, 9), 1 with a reply without text (line 7)."; null where there are none.
 * rows: that were read.
 */
export const unfitText = (file: string, rows: number, unfit: readonly UnfitRow[]): string | null => {
  if (unfit.length === 0) return null;
  const count = countUnfit();
  for (const row of unfit) count.add(row);
  const read = `${rows.toLocaleString("en-US")} ${rows === 1 ? "row that was read" : "rows that were read"}`;
  const were = unfit.length === 1 ? "was" : "were";
  return `${file}: ${unfit.length} of ${read} ${were} left out: ${count.groups()}.`;
};

/** The fault of a row that is unfit, for where such rows are not left out. problem: with the field that it is in. */
export const unfitPair = (place: TextPlace, reason: UnfitReason, problem: string): UserError =>
  new UserError(code, `${describePlace(place)}: ${problem}`, { ...place, reason });

/** What a fault says of a row that may be left out; undefined for every other fault. */
export const unfitOf = (thrown: unknown): UnfitRow | undefined => {
  if (!(thrown instanceof UserError) || thrown.code !== code) return undefined;
  const { reason, ...place } = thrown.facts as TextPlace & { readonly reason: UnfitReason };
  return { place, reason };
};
