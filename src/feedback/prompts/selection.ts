// A seeded selection of prompts with caps for areas, kinds and all of them. Which prompts are taken depends on the seed and
// on the prompts themselves, never on their order in a file. What is kept of each stands in flat arrays, 16 bytes a prompt,
// at most twice that while they grow.

import { deriveSeed } from "../../core/index.ts";
import type { PromptRecord } from "../../records/index.ts";

/** Caps; what is not given is not capped. Of those taken, prompts without an area, or without a kind, count as one area or kind. */
export type SelectionCaps = {
  readonly perArea?: number | undefined;
  readonly perKind?: number | undefined;
  readonly total?: number | undefined;
};

/** The places, in the order of takes, of the prompts that are selected. */
export type SelectedPlaces = { readonly size: number; has(place: number): boolean };

/** take: counted prompts, in any order. chosen: which of them are selected, once all are taken. */
export type Selection = {
  take(prompt: Pick<PromptRecord, "id" | "area" | "kind">): void;
  chosen(): SelectedPlaces;
};

/** Names by number, in the order in which they came. */
const createNumbers = () => {
  const numbers = new Map<string, number>();
  return {
    of(name: string): number {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, numbers.size);
      return numbers.size - 1;
    },
    get count(): number {
      return numbers.size;
    },
  };
};

/** Begins a selection. The prompts of lowest rank, a hash of seed and id, go first; of equals the one taken first. */
export const createSelection = (caps: SelectionCaps, seed: number): Selection => {
  const areas = createNumbers();
  const kinds = createNumbers();
  let count = 0;
  // of each prompt rank and place in one number, so that sorting needs nothing beside them; its area and its kind
  let order = new BigUint64Array(1024);
  let groups = new Uint32Array(2 * order.length);
  const grow = (): void => {
    const [oldOrder, oldGroups] = [order, groups];
    order = new BigUint64Array(2 * count);
    order.set(oldOrder);
    groups = new Uint32Array(2 * order.length);
    groups.set(oldGroups);
  };
  return {
    take({ id, area = "", kind = "" }) {
      if (count === order.length) grow();
      order[count] = (BigInt(deriveSeed(seed, "select", id)) << 32n) | BigInt(count);
      groups.set([areas.of(area), kinds.of(kind)], 2 * count);
      count++;
    },
    chosen() {
      const none = Number.POSITIVE_INFINITY;
      const { perArea = none, perKind = none, total = none } = caps;
      const ofArea = new Uint32Array(areas.count);
      const ofKind = new Uint32Array(kinds.count);
      const isChosen = new Uint8Array(count);
      let size = 0;
      for (const key of order.slice(0, count).sort()) {
        if (size >= total) break;
        const place = Number(key & 0xffffffffn);
        const [area, kind] = [groups[2 * place]!, groups[2 * place + 1]!];
        if (ofArea[area]! >= perArea || ofKind[kind]! >= perKind) continue;
        ofArea[area]!++;
        ofKind[kind]!++;
        isChosen[place] = 1;
        size++;
      }
      return { size, has: (place) => isChosen[place] === 1 };
    },
  };
};
