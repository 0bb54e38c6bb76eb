// From what was chosen to a document: an ordinary constitution, whose principles say who proposed them and who supports them by
// how much. A principle of a file that is a constitution keeps what stands there about it.

import { textsOfLearned } from "../../constitution/index.ts";
import type { CandidateRecord, Constitution, Ground, Principle } from "../../records/index.ts";
import type { SupportTable } from "./ballots.ts";
import type { FiledCandidate } from "./candidates.ts";
import { supportId } from "./deliberation.ts";
import { supportMetric } from "./wording.ts";

/** stage: of the records of support. approveFrom: support from which on somebody supports a principle. */
export type ResultSource = {
  readonly candidates: readonly CandidateRecord[];
  readonly filed: readonly FiledCandidate[];
  readonly table: SupportTable;
  readonly stage: string;
  readonly approveFrom: number;
  readonly description: string;
};

const supporters = (
  { table: { users, candidates, support }, stage, approveFrom }: ResultSource,
  name: string,
): Ground[] => {
  const place = candidates.indexOf(name);
  return users.flatMap((speaker, at): Ground[] => {
    const value = support[at]![place] ?? null;
    if (value === null || value < approveFrom) return [];
    const said = `${value} of ${supportMetric.high}`;
    return [{ record: supportId(stage, speaker, name), speaker, said, by: "supported", support: value }];
  });
};

const principleOf = (source: ResultSource, name: string): Principle => {
  const { statements, said, source: origin } = source.candidates.find((one) => one.candidate === name)!;
  const known = source.filed.find((one) => one.name === name)?.principle;
  const grounds: Ground[] = [
    ...said.map((one): Ground => ({ ...one, by: "proposed" })),
    ...supporters(source, name),
  ];
  const title = statements[0]!;
  return {
    ...(known ?? {
      ...{ id: name, title, weight: 1, ...textsOfLearned(title) },
      ...(origin === undefined ? {} : { source: origin }),
    }),
    ...(grounds.length === 0 ? {} : { grounds }),
  };
};

/** What every document of a vote says of itself. */
const named = (document: Pick<Constitution, "principles">, description: string): Constitution => ({
  name: "voted-constitution",
  version: "1",
  description,
  source: "covenant simulate vote",
  licence: "not stated",
  principles: document.principles,
});

/** The document of the chosen candidates, in their order. */
export const documentOfChoice = (chosen: readonly string[], source: ResultSource): Constitution =>
  named({ principles: chosen.map((name) => principleOf(source, name)) }, source.description);

/** A mediator's draft as a document of the vote. */
export const documentOfDraft = (draft: Constitution, description: string): Constitution =>
  named(draft, description);
