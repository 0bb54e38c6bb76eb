// A seeded selection of prompts with caps for areas, kinds and all of them. Which prompts are taken depends on the seed and
// on the prompts themselves, never on their order in a file.

import { deriveSeed } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";

/** Caps; what is not given is not capped. Prompts without an area, or without a kind, count as one area or kind. */
export type SelectionCaps = {
  readonly perArea?: number | undefined;
  readonly perKind?: number | undefined;
  readonly total?: number | undefined;
};

/** What is kept of a prompt to select by. */
type Candidate = { readonly at: number; readonly rank: number; readonly area: string; readonly kind: string };

/** take: counted prompts, in any order. chosen: the places (in the order of takes) of those that are selected. */
export type Selection = {
  take(prompt: Pick<PromptRecord, "id" | "area" | "kind">): void;
  chosen(): ReadonlySet<number>;
};

/** Begins a selection. The prompts of lowest rank, a hash of seed and id, go first. */
export const createSelection = (caps: SelectionCaps, seed: number): Selection => {
  const candidates: Candidate[] = [];
  const names = new Map<string, string>();
  /** One string for all prompts of an area, so that a million of them hold a few. */
  const shared = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    names.set(name, name);
    return name;
  };
  return {
    take({ id, area = "", kind = "" }) {
      const rank = deriveSeed(seed, "select", id);
      candidates.push({ at: candidates.length, rank, area: shared(area), kind: shared(kind) });
    },
    chosen() {
      const none = Number.POSITIVE_INFINITY;
      const { perArea = none, perKind = none, total = none } = caps;
      const byArea = new Map<string, number>();
      const byKind = new Map<string, number>();
      const chosen = new Set<number>();
      const ranked = [...candidates].sort((one, other) => one.rank - other.rank || one.at - other.at);
      for (const { at, area, kind } of ranked) {
        const [ofArea, ofKind] = [byArea.get(area) ?? 0, byKind.get(kind) ?? 0];
        if (chosen.size >= total) break;
        if (ofArea >= perArea || ofKind >= perKind) continue;
        byArea.set(area, ofArea + 1);
        byKind.set(kind, ofKind + 1);
        chosen.add(at);
      }
      return chosen;
    },
  };
};
