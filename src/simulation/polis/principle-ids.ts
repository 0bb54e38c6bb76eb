// Ids of statements as ids of principles: plain, and each once, where statements differ in marks or case alone too. Knows
// neither votes nor documents.

import type { PrincipleId, StatementId } from "../../records/index.ts";

/** Makes ids, for one list of statements. */
export const createPrincipleIds = (): ((id: StatementId) => PrincipleId) => {
  const taken = new Set<PrincipleId>();
  return (id) => {
    const plain = `statement-${id.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-")}`;
    let free = plain;
    for (let more = 2; taken.has(free); more++) free = `${plain}-${more}`;
    taken.add(free);
    return free;
  };
};
