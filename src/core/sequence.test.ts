// Sequences: read as often as one likes, and walked in step with rows that belong to their items.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect, inStep, matching, sequence, sequenceOf, skipFirst, takeFirst } from "./index.ts";

describe("sequences", () => {
  it("give their items anew each time", async () => {
    let reads = 0;
    const items = sequence(2, () => {
      reads++;
      return ["a", "b"];
    });
    expect([await collect(items), await collect(items), items.count, reads]).toEqual([
      ["a", "b"],
      ["a", "b"],
      2,
      2,
    ]);
  });

  it("are cut and sifted as lists are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9)), fc.nat(12), async (list, count) => {
        const isOdd = (value: number): boolean => value % 2 === 1;
        expect(await collect(skipFirst(sequenceOf(list), count))).toEqual(list.slice(count));
        expect(await collect(takeFirst(sequenceOf(list), count))).toEqual(list.slice(0, count));
        expect(await collect(matching(sequenceOf(list), isOdd))).toEqual(list.filter(isOdd));
      }),
    );
  });
});

describe("inStep", () => {
  it("gives every item its rows, however many it has", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3)), async (counts) => {
        const items = counts.map((_, at) => at);
        const rows = counts.flatMap((count, item) =>
          Array.from({ length: count }, (_, at) => ({ item, at })),
        );
        const walked = await collect(
          inStep(sequenceOf(items), sequenceOf(rows), (row, item) => row.item === item),
        );
        expect(walked).toEqual(items.map((item) => [item, rows.filter((row) => row.item === item)]));
      }),
    );
  });

  it("says so when a row belongs to no item in their order", async () => {
    for (const rows of [
      [2, 1],
      [1, 2, 9],
    ])
      await expect(
        collect(inStep(sequenceOf([1, 2]), sequenceOf(rows), (row, item) => row === item)),
      ).rejects.toMatchObject({ code: "out-of-step" });
  });
});
