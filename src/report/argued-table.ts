// What was said for the principles of a document, and whether it says what they say: a table on the pages of simulations that
// write constitutions from comments. What a remark says is told by whoever has read the run.

import type { ExperimentTable } from "./experiment-page.ts";

/** A remark that a principle points to. speaker: by name; told: whether it was cited, and what came of looking at it. */
export type ArguedRemark = {
  readonly principle: string;
  readonly speaker: string;
  readonly said: string;
  readonly told: string;
};

/** None where principles point to no remark. A principle stands in the first of its rows. */
export const arguedTable = (remarks: readonly ArguedRemark[]): ExperimentTable[] =>
  remarks.length === 0
    ? []
    : [
        {
          caption: "What was said for them, and whether it says the same",
          head: ["", "who", "said", "looked at"],
          names: 4,
          rows: remarks.map(({ principle, speaker, said, told }, at) => [
            remarks[at - 1]?.principle === principle ? "" : principle,
            ...[speaker, said, told],
          ]),
        },
      ];
