// What revising needs of its settings beside rounds and mode: the part of the constitution that is revised by, worked
// examples, the form of the requests, the recheck. What is not set appears nowhere, so that runs without it stay equal.

import {
  constitutionFor,
  loadRevisionExamples,
  type RevisionForm,
  someOf,
} from "../../constitution/index.ts";
import { UserError } from "../../core/index.ts";
import type { LearnedRevisions } from "../../feedback/index.ts";
import type { Constitution, RevisionExample } from "../../records/index.ts";
import type { ReviseSettings } from "../settings/settings.ts";

/** The principles that are revised by. Throws UserError when there are none, or fewer than are asked for. */
export const revisedBy = (
  constitution: Constitution,
  { principles }: Pick<ReviseSettings, "principles">,
  seed: number,
): Constitution => {
  const whole = constitutionFor(constitution, "revise");
  return principles === undefined ? whole : someOf(whole, principles, seed);
};

/** The examples of a file; undefined where none is named, so that the constitution's own are shown. */
export const loadExamples = async ({
  fewShots,
}: Pick<ReviseSettings, "fewShots">): Promise<RevisionExample[] | undefined> =>
  fewShots === undefined ? undefined : loadRevisionExamples(fewShots);

/** The file of the examples, where there is one. */
export const fewShotsFile = ({
  fewShots,
}: Pick<ReviseSettings, "fewShots">): Readonly<Record<string, string>> =>
  fewShots === undefined ? {} : { fewShots };

/** Options of revision that may be left out. voteTokens: nothing where there is no recheck. */
export type RevisionExtras = {
  readonly form?: RevisionForm | undefined;
  readonly examples?: readonly RevisionExample[] | undefined;
  readonly recheck?: number | undefined;
  readonly voteTokens?: number | undefined;
};

/** The same without any that is undefined. */
type SetExtras = {
  readonly form?: RevisionForm;
  readonly examples?: readonly RevisionExample[];
  readonly recheck?: number;
  readonly voteTokens?: number;
};

/** The options that were set, and no others. */
export const revisionExtras = ({ form, examples, recheck, voteTokens }: RevisionExtras): SetExtras => ({
  ...(form === undefined ? {} : { form }),
  ...(examples === undefined ? {} : { examples }),
  ...(recheck === undefined ? {} : { recheck }),
  ...(recheck === undefined || voteTokens === undefined ? {} : { voteTokens }),
});

/** Throws UserError when more revisions are to be learned than there are rounds. */
export const requireLearnable = (
  which: LearnedRevisions,
  { rounds }: Pick<ReviseSettings, "rounds">,
): void => {
  if (typeof which === "string" || which <= rounds) return;
  throw new UserError(
    "revisions-beyond-rounds",
    `Got sft.revisions=${which}, but the rounds of revision are ${rounds}. Expected all, last, or a number from 1 to ${rounds}; or raise the rounds.`,
    { revisions: which, rounds },
  );
};
