// Statements that people agreed on as a constitution: a draft that somebody reads and edits before it is used. Each
// principle says where it comes from and how every group voted on it.

import { textsOfStatement } from "../../constitution/index.ts";
import { oneLine } from "../../core/index.ts";
import type { Constitution, GroupId, Principle, PrincipleId } from "../../records/index.ts";
import type { StatementSupport } from "./consensus.ts";
import { createPrincipleIds } from "./principle-ids.ts";

/** source and licence: of the statements. groups: ids, in the order of each statement's tallies. */
export type DraftOptions = {
  readonly name: string;
  readonly description: string;
  readonly source: string;
  readonly licence: string;
  readonly groups: readonly GroupId[];
};

const principleOf = (
  { statement, groups }: StatementSupport,
  id: PrincipleId,
  ids: readonly GroupId[],
): Principle => ({
  id,
  title: oneLine(statement.text),
  weight: 1,
  ...textsOfStatement(statement.text),
  source: `Polis, statement ${statement.id}: ${oneLine(statement.text)}`,
  support: groups.map(({ agree, disagree, pass }, at) => ({ group: ids[at]!, agree, disagree, pass })),
});

/** The document. supports: at least one, the strongest first. */
export const draftConstitution = (
  supports: readonly StatementSupport[],
  { name, description, source, licence, groups }: DraftOptions,
): Constitution => {
  const idOf = createPrincipleIds();
  const principles = supports.map((support) => principleOf(support, idOf(support.statement.id), groups));
  return { name, version: "1", description, source, licence, principles };
};
