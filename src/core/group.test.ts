// Items by key against Map.groupBy itself, which the Node of the tests has: same groups, same order.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupBy } from "./index.ts";

type GroupBy = (items: Iterable<number>, keyOf: (item: number) => number) => Map<number, number[]>;

describe("groupBy", () => {
  it("groups as Map.groupBy does, in the same order", () => {
    const native = (Map as unknown as { groupBy: GroupBy }).groupBy;
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 9 }), (items, modulus) => {
        const keyOf = (item: number): number => item % modulus;
        expect([...groupBy(items, keyOf)]).toEqual([...native(items, keyOf)]);
      }),
    );
  });
});
