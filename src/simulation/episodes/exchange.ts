// One turn of one talk as it was played: what was drafted, and how the talk's user and others rated it. Who was shown what of
// it is said elsewhere.

import type { DraftRecord, RatingRecord, Task } from "../../records/index.ts";
import type { Talk } from "./cast.ts";

/** Ratings of one draft by those of other talks: of each metric the sum and how many there were. */
export type OthersRatings = Readonly<Record<string, { readonly sum: number; readonly count: number }>>;

/** One turn of one talk. rating: the user's own. */
export type Exchange = {
  readonly run: number;
  readonly turn: number;
  readonly talk: Talk;
  readonly task: Task;
  readonly draft: DraftRecord;
  readonly rating: RatingRecord;
  readonly others: OthersRatings;
};
