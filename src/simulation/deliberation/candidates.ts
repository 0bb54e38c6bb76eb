// What stands for choice: proposals that say the same are one candidate, which keeps who proposed it and in which words; or
// what a file names. How much anybody supports it is not known here.

import type { CandidateRecord, Principle, ProposalRecord } from "../../records/index.ts";

/** A principle that a file names. principle: where it comes from a constitution, all that stands there about it. */
export type FiledCandidate = {
  readonly name: string;
  readonly statement: string;
  readonly source: string;
  readonly principle?: Principle;
};

/** Something said, by the record in which it stands. */
export type Said = CandidateRecord["said"][number];

/**
 * What a statement says, without what does not count: statements that differ in case, spaces and marks alone are one. Plus and
 * number signs behind a word belong to it: C, C++ and C# are three.
 */
export const plainText = (statement: string): string => {
  const words = statement
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/(?:(?<![\p{L}\p{M}\p{N}+#])[+#]+|[^\p{L}\p{M}\p{N}+#]+)+/gu, " ")
    .trim();
  return words === "" ? statement : words;
};

type Seeded = { readonly stage: string; seed(id: string): number };

const recordOf = ({ stage, seed }: Seeded, name: string, parents: readonly string[]) => {
  const id = `${stage}/${name}`;
  return { id, parents: [...parents], stage, seed: seed(id), candidate: name };
};

/** Candidates of proposals, in the order in which they were first made. What could not be read proposes nothing. */
export const mergeProposals = (proposals: readonly ProposalRecord[], seeded: Seeded): CandidateRecord[] => {
  const groups = new Map<string, { readonly statement: string; readonly said: Said[] }>();
  for (const { id: record, user: speaker, statement } of proposals) {
    if (statement === null) continue;
    const key = plainText(statement);
    const group = groups.get(key) ?? { statement, said: [] };
    group.said.push({ record, speaker, said: statement });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ statement, said }, at) => ({
    ...recordOf(
      seeded,
      `principle-${at + 1}`,
      said.map(({ record }) => record),
    ),
    statements: [statement],
    said,
  }));
};

/** Candidates that a file names; of several that say the same the first. */
export const candidatesOfFile = (filed: readonly FiledCandidate[], seeded: Seeded): CandidateRecord[] => {
  const seen = new Set<string>();
  return filed.flatMap(({ name, statement, source }) => {
    const key = plainText(statement);
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ ...recordOf(seeded, name, []), statements: [statement], said: [], source }];
  });
};
