// Which principle acts, and where each comes from. A draw is a function of its seed alone, so neither order nor
// concurrency nor a resumed run changes which principle an item gets.

import { createRandom } from "../core/index.ts";
import type { Constitution, Principle, PrincipleId } from "../records/index.ts";
import { hashConstitution } from "./document.ts";

/**
 * Draws one principle with probability proportional to its weight. seed: of the item and round, e.g.
 * deriveSeed(runSeed, stage, itemId, round). A constitution and its inversion draw the same ids from the same seeds.
 */
export const drawPrinciple = (constitution: Constitution, seed: number): Principle => {
  const index = createRandom(seed).weighted(constitution.principles.map((principle) => principle.weight));
  return constitution.principles[index] as Principle;
};

/**
 * Where a principle comes from: its own source, or the document's. author: the model that wrote its texts, if one did;
 * hash: of the document it acted in.
 */
export type Provenance = {
  readonly principle: PrincipleId;
  readonly title: string;
  readonly source: string;
  readonly author: string | null;
  readonly licence: string;
  readonly constitution: string;
  readonly inverts: string | null;
  readonly hash: string;
};

/** The provenance of every principle, in the document's order. */
export const provenanceOf = (constitution: Constitution): Provenance[] => {
  const hash = hashConstitution(constitution);
  return constitution.principles.map((principle) => ({
    principle: principle.id,
    title: principle.title,
    source: principle.source ?? constitution.source,
    author: principle.author ?? null,
    licence: constitution.licence,
    constitution: constitution.name,
    inverts: constitution.inverts ?? null,
    hash,
  }));
};
