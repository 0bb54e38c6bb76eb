// Records of requests that a model's server rejected: one or two are a matter of their prompts, several in a row a matter
// of the server or the settings. They are held back until another record follows, so that a run that they stop asks
// again when it goes on.

import { CovenantError } from "../../core/index.ts";
import type { PromptId } from "../../records/index.ts";

/** What of a record tells that its request was rejected. */
export type Rejectable = {
  readonly id: string;
  readonly prompt?: PromptId;
  readonly finish?: string | undefined;
  readonly reason?: string | undefined;
  readonly steps?: readonly { readonly finish: string }[];
};

/** So many prompts in a row stop a run. */
const mostInRow = 5;

const isRejected = ({ finish, reason, steps = [] }: Rejectable): boolean =>
  finish === "rejected" ||
  reason === "rejected" ||
  (steps.length > 0 && steps.every((step) => step.finish === "rejected"));

/** Nobody was asked, so it says nothing about the server. */
const isUnasked = ({ reason }: Rejectable): boolean => reason === "reply-missing" || reason === "reply-cut";

const rejectedInRow = (prompts: readonly PromptId[]): CovenantError =>
  new CovenantError(
    "requests-rejected",
    `The server rejected the requests of ${prompts.length} prompts in a row, as it said above: ${prompts.join(", ")}. Expected a few such prompts at most. Look at these records and at the server's settings (roles, lengths, sampling); take the prompts out if they cannot be asked. What was done before is kept, and the same command continues.`,
    { prompts },
  );

/** Makes what holds rejected records back. take: the records that can be written; rest: those that are left at the end. */
export const holdRejected = <Row extends Rejectable>() => {
  let held: Row[] = [];
  return {
    /** Throws CovenantError naming the prompts when too many in a row were rejected. */
    take(rows: readonly Row[]): Row[] {
      const ready: Row[] = [];
      for (const row of rows) {
        if (held.length > 0 ? isRejected(row) || isUnasked(row) : isRejected(row)) {
          held.push(row);
          const prompts = [...new Set(held.filter(isRejected).map(({ id, prompt }) => prompt ?? id))];
          if (prompts.length >= mostInRow) throw rejectedInRow(prompts);
        } else {
          ready.push(...held, row);
          held = [];
        }
      }
      return ready;
    },
    rest: (): readonly Row[] => held,
  };
};
