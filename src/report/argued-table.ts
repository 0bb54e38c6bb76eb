// What was said for the principles of a document, and whether it says what they say: a table on the pages of simulations that
// write constitutions from comments. What a remark says is told by whoever has read the run.

import type { ExperimentTable } from "./experiment-page.ts";

/** A remark that a principle points to. speaker: by name; told: whether it was cited, and what came of looking at it. */
export type ArguedRemark = { readonly speaker: string; readonly said: string; readonly told: string };

/** A principle by its title, which others may have, too, and the remarks that it points to. */
export type ArguedPrinciple = { readonly principle: string; readonly remarks: readonly ArguedRemark[] };

/** None where principles point to no remark. A principle stands in the first of its rows. */
export const arguedTable = (principles: readonly ArguedPrinciple[]): ExperimentTable[] =>
  principles.every(({ remarks }) => remarks.length === 0)
    ? []
    : [
        {
          caption: "What was said for them, and whether it says the same",
          head: ["", "who", "said", "looked at"],
          names: 4,
          rows: principles.flatMap(({ principle, remarks }) =>
            remarks.map(({ speaker, said, told }, at) => [at === 0 ? principle : "", speaker, said, told]),
          ),
        },
      ];
