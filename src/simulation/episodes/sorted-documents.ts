// The documents that a rule makes of sorted comments, as the reading of a meta-model's reply has them: in the words of what stands,
// or of the first comment for it, and each clause for those who argued for it and those whom it was for before.

import {
  type MetaReading,
  type ReadPrinciple,
  type Referred,
  unique,
  type WantedForm,
} from "./meta-reading.ts";
import { decideByAccord, decideByVotes, type Sorted, type Wanted } from "./sorting.ts";

/** What becomes of sorted comments; unreadable where it is nothing. */
export const documentsOfSorted = (
  sorted: readonly Sorted[],
  { form, exactly, most = exactly ?? Number.POSITIVE_INFINITY }: WantedForm,
  { principles, clauses = [], comments, users = [], speakers = [] }: Referred,
): MetaReading => {
  const standing = [...principles, ...clauses];
  const written = ({ standing: place, from }: Wanted): ReadPrinciple => ({
    text: place === null ? comments[from[0]! - 1]! : standing[place]!,
    users: [],
    from,
  });
  const clause = (wanted: Wanted): ReadPrinciple => {
    const before = wanted.standing === null ? [] : (users[wanted.standing] ?? []);
    return {
      ...written(wanted),
      users: [...before, ...wanted.from.flatMap((one) => speakers[one - 1] ?? [])],
    };
  };
  const {
    constitution,
    contract,
    leftOut = 0,
  } = form === "contract"
    ? decideByAccord({ principles: principles.length, clauses: clauses.length }, sorted, most)
    : { constitution: decideByVotes(standing.length, sorted, most), contract: [] };
  if (constitution.length + contract.length === 0)
    return { type: "unreadable", problem: "there is no principle" };
  return {
    ...{ type: "read", critique: null },
    constitution: unique(constitution.map(written)),
    contract: unique(contract.map(clause)),
    ...(exactly === undefined || leftOut === 0 ? {} : { leftOut }),
  };
};
