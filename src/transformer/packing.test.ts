// Packing: where items land, who sees whom, and what does not fit. Token ids and masks only; nothing is computed with
// them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assignRows,
  commonShape,
  fillBatches,
  fillBestRows,
  fillShape,
  longestItem,
  type PackedItem,
  packRows,
  predictorOf,
  roundCount,
  roundUp,
  sizeBucket,
} from "./packing.ts";

const lengthOf = ({ trunk, branches }: PackedItem): number =>
  branches.reduce((sum, { length }) => sum + length, trunk.length);

/** Items whose tokens are all different, so that each can be found again. */
const itemsOf = (lengths: readonly (readonly number[])[]): PackedItem[] => {
  let next = 10;
  const take = (length: number) => Array.from({ length }, () => next++);
  return lengths.map(([trunk, ...branches]) => ({ trunk: take(trunk!), branches: branches.map(take) }));
};

const lengths = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })),
  { minLength: 1, maxLength: 12 },
);
const drawn = lengths.map((all) => itemsOf(all.map(([trunk, branches]) => [trunk, ...branches])));

describe("assignRows", () => {
  it("gives every item one row with room for it, and opens no row without need", () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 24, max: 40 }), (items, time) => {
        const rows = assignRows(items, time);
        expect(rows.flat().toSorted((a, b) => a - b)).toEqual(items.map((_, at) => at));
        const used = rows.map((row) => row.reduce((sum, at) => sum + lengthOf(items[at]!), 0));
        for (const [row, total] of used.entries()) {
          expect(total).toBeLessThanOrEqual(time);
          // first fit: what opened this row fitted none of those before
          for (const before of used.slice(0, row))
            expect(before + lengthOf(items[rows[row]![0]!]!)).toBeGreaterThan(time);
        }
      }),
    );
  });

  it("names an item that is longer than a row", () => {
    expect(() => assignRows(itemsOf([[3], [4, 3, 3]]), 9)).toThrow("item 1 has 10 tokens, a row holds 9");
    expect(longestItem(itemsOf([[3], [4, 3, 3]]))).toBe(10);
  });
});

const filledOf = ({ time, batch }: ReturnType<typeof fillBestRows>, items: readonly PackedItem[]): number =>
  items.reduce((sum, item) => sum + lengthOf(item), 0) / (time * batch);

describe("fillBestRows", () => {
  it("gives every item one row with room for it, and never takes more than the shortest rows do", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 190 }), { minLength: 1, maxLength: 90 }), (sizes) => {
        const items = itemsOf(sizes.map((size) => [size]));
        const filled = fillBestRows(items, 192);
        expect(filled.rows.flat().toSorted((a, b) => a - b)).toEqual(items.map((_, at) => at));
        expect(filled.rows.length).toBeLessThanOrEqual(filled.batch);
        expect(filled.time).toBeLessThanOrEqual(512);
        for (const row of filled.rows)
          expect(row.reduce((sum, at) => sum + lengthOf(items[at]!), 0)).toBeLessThanOrEqual(filled.time);
        const shortest = roundCount(assignRows(items, 192).length) * 192;
        expect(filled.batch * filled.time).toBeLessThanOrEqual(shortest);
      }),
    );
  });

  it("takes longer rows where the least have room for one item alone and little beside it", () => {
    const items = itemsOf(Array.from({ length: 60 }, (_, at) => [98 + (at % 5)]));
    const filled = fillBestRows(items, 192);
    expect(filled.time).toBeGreaterThan(192);
    expect(filledOf(filled, items)).toBeGreaterThan(0.75);
  });

  it("keeps to the least length and to few counts where there are few rows", () => {
    const items = itemsOf(Array.from({ length: 10 }, () => [100]));
    expect(fillBestRows(items, 256)).toMatchObject({ time: 256, batch: 6 });
    expect(fillBestRows(itemsOf([[10]]), 64)).toMatchObject({ time: 64, batch: 1 });
  });
});

describe("commonShape", () => {
  const batchesOf = (sizes: readonly (readonly number[])[]) =>
    sizes.map((own) => itemsOf(own.map((size) => [size])));
  const leastOf = (items: readonly PackedItem[]): number => Math.max(192, roundUp(longestItem(items), 64));
  const short = (count: number) => Array.from({ length: count }, (_, at) => 60 + ((at * 37) % 100));

  it("has room for every batch that is not too long for it, and for most of them", () => {
    const size = fc.integer({ min: 1, max: 190 });
    const lists = fc.array(size, { minLength: 40, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(lists, { minLength: 2, maxLength: 5 }), (sizes) => {
        const batches = batchesOf(sizes);
        const shape = commonShape(batches, leastOf);
        if (shape === undefined) return;
        for (const items of batches)
          expect(fillShape(items, shape) === undefined).toBe(longestItem(items) > shape.time);
      }),
    );
  });

  it("holds the batch that needs most rows, wherever it stands", () => {
    for (const sizes of [
      [short(60), short(100), short(60)],
      [short(60), short(60), short(100)],
      [short(100), short(60), short(60)],
    ]) {
      const batches = batchesOf(sizes);
      const shape = commonShape(batches, leastOf)!;
      for (const items of batches) expect(fillShape(items, shape)).toMatchObject(shape);
    }
  });

  it("is made no longer by one item that is", () => {
    const many = Array.from({ length: 6 }, () => short(128));
    const shape = commonShape(batchesOf(many), leastOf)!;
    expect(commonShape(batchesOf([...many, [...short(127), 1600]]), leastOf)).toEqual(shape);
    expect(shape.time).toBeLessThanOrEqual(512);
  });

  it("is none where rows are few, and of some where batches differ so that long ones are better alone", () => {
    expect(commonShape(batchesOf([short(4), short(5)]), leastOf)).toBeUndefined();
    const unlike = [Array<number>(200).fill(20), Array<number>(24).fill(500), Array<number>(12).fill(1000)];
    expect(commonShape(batchesOf([...unlike, ...unlike]), leastOf)?.time).toBe(64);
  });
});

describe("fillShape", () => {
  const items = itemsOf([[5], [5], [5]]);
  it("fills rows of the shape, and says where items do not fit", () => {
    expect(fillShape(items, { time: 10, batch: 3 })).toEqual({ time: 10, batch: 3, rows: [[0, 1], [2]] });
    expect(fillShape(items, { time: 10, batch: 1 })).toBeUndefined();
    expect(fillShape(items, { time: 4, batch: 9 })).toBeUndefined();
  });
});

describe("fillBatches", () => {
  const batchesOf = (sizes: readonly number[], tokens: number) => {
    const items = itemsOf(sizes.map((size) => [size]));
    return fillBatches(items, tokens).map(({ places, filled }) => ({
      ...filled,
      places,
      sizes: filled.rows.map((row) => row.map((at) => sizes[places[at]!]!)),
    }));
  };

  it("gives every item one place in a row with room for it, and batches of few tokens", () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 2000 }));
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 80 }), (sizes) => {
        const batches = batchesOf(sizes, 1024);
        expect(batches.flatMap(({ places }) => places).toSorted((a, b) => a - b)).toEqual([...sizes.keys()]);
        for (const { time, batch, rows, sizes: filled, places } of batches) {
          expect(rows.flat().toSorted((a, b) => a - b)).toEqual([...places.keys()]);
          expect(rows.length).toBeLessThanOrEqual(batch);
          // with the rows that a count is rounded up by
          expect(rows.length === 1 || rows.length * time <= 1024).toBe(true);
          for (const row of filled) expect(row.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(time);
        }
      }),
    );
  });

  it("have full rows of one shape", () => {
    const batches = batchesOf(
      Array.from({ length: 300 }, (_, at) => 80 + ((at * 37) % 50)),
      4096,
    );
    const [first] = batches;
    for (const { time, batch } of batches.slice(0, -1))
      expect({ time, batch }).toEqual({ time: first!.time, batch: first!.batch });
    const tokens = batches.reduce((sum, { time, batch }) => sum + time * batch, 0);
    expect(tokens).toBeLessThan((300 * 105) / 0.85);
  });

  it("keep short items out of the rows of long ones", () => {
    const batches = batchesOf([1900, ...Array<number>(60).fill(40), 700, 500, 1200], 4096);
    for (const { time, sizes } of batches)
      if (sizes.flat().includes(40)) expect(time).toBeLessThanOrEqual(512);
    expect(Math.max(...batches.map(({ time }) => time))).toBe(1920);
  });
});

describe("packRows", () => {
  it("lets each token see exactly its own trunk, branch and past", () => {
    fc.assert(
      fc.property(drawn, (items) => {
        const time = 26;
        const rows = assignRows(items, time);
        const batch = rows.length + 1;
        const packed = packRows(items, rows, { batch, time, padding: 3 });
        // what every column of every row is: item, branch (-1 trunk), place
        const owner = new Map<number, { item: number; branch: number; position: number }>();
        for (const [item, { trunk, branches }] of items.entries()) {
          const { row, trunk: start, branches: starts } = packed.placements[item]!;
          trunk.forEach((token, at) => {
            owner.set(row * time + start + at, { item, branch: -1, position: at });
            expect(packed.tokens[row * time + start + at]).toBe(BigInt(token));
          });
          for (const [branch, ids] of branches.entries()) {
            ids.forEach((token, at) => {
              const place = row * time + starts[branch]! + at;
              owner.set(place, { item, branch, position: trunk.length + at });
              expect(packed.tokens[place]).toBe(BigInt(token));
              const before = predictorOf(items[item]!, packed.placements[item]!, branch, at, time);
              expect(owner.get(before)?.position).toBe(trunk.length + at - 1);
            });
          }
        }
        for (let query = 0; query < batch * time; query++) {
          const own = owner.get(query);
          expect(packed.positions[query]).toBe(BigInt(own?.position ?? 0));
          if (own === undefined) expect(packed.tokens[query]).toBe(3n);
          const row = Math.floor(query / time);
          for (let column = 0; column < time; column++) {
            const key = row * time + column;
            const other = owner.get(key);
            const sees =
              own === undefined
                ? key === query
                : other !== undefined &&
                  other.item === own.item &&
                  (other.branch === own.branch || other.branch === -1) &&
                  other.position <= own.position;
            expect(packed.bias[query * time + column] === 0).toBe(sees);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("refuses more rows than the batch has", () => {
    const items = itemsOf([[3], [3]]);
    expect(() => packRows(items, [[0], [1]], { batch: 1, time: 4, padding: 0 })).toThrow(
      "2 rows do not fit a batch of 1",
    );
  });
});

describe("rounding to few shapes", () => {
  it("takes fine steps first, then two for each doubling", () => {
    expect([1, 64, 65, 256, 257, 384, 385, 513, 700, 2000].map((size) => sizeBucket(size, 64, 4))).toEqual([
      64, 64, 128, 256, 384, 384, 512, 768, 768, 2048,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (size) => {
        expect(sizeBucket(size, 64, 4)).toBeGreaterThanOrEqual(size);
        expect(sizeBucket(size, 64, 4)).toBeLessThan(Math.max(size + 64, size * 1.5));
      }),
    );
  });

  it("never rounds down, and wastes at most a third", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 9, 13, 17, 25].map(roundCount)).toEqual([
      1, 2, 3, 4, 6, 6, 8, 12, 16, 24, 32,
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300 }), (count, step) => {
        expect(roundCount(count)).toBeGreaterThanOrEqual(count);
        expect(roundCount(count)).toBeLessThan(count * 1.5 + 0.5);
        expect(roundUp(count, step) % step).toBe(0);
        expect(roundUp(count, step) - count).toBeLessThan(step);
      }),
    );
  });
});
