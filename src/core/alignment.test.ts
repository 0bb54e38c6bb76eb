// The alignment of two sequences: nothing is lost or moved, and as much as possible is shared.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignSequences } from "./index.ts";

/** The longest common subsequence by trying every choice. */
const longest = (one: readonly string[], other: readonly string[]): number => {
  if (one.length === 0 || other.length === 0) return 0;
  if (one[0] === other[0]) return 1 + longest(one.slice(1), other.slice(1));
  return Math.max(longest(one.slice(1), other), longest(one, other.slice(1)));
};

describe("alignment", () => {
  it("says what was removed before what was added in its place", () => {
    expect(alignSequences(["a", "b", "d"], ["a", "c", "d"])).toEqual([
      { kind: "same", before: 0, after: 0 },
      { kind: "removed", before: 1 },
      { kind: "added", after: 1 },
      { kind: "same", before: 2, after: 2 },
    ]);
  });

  it("holds every item of both once, in order, and shares as many as can be", () => {
    const items = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 7 });
    fc.assert(
      fc.property(items, items, (one, other) => {
        const aligned = alignSequences(one, other);
        expect(aligned.flatMap((item) => (item.kind === "added" ? [] : [item.before]))).toEqual([
          ...one.keys(),
        ]);
        expect(aligned.flatMap((item) => (item.kind === "removed" ? [] : [item.after]))).toEqual([
          ...other.keys(),
        ]);
        const shared = aligned.flatMap((item) => (item.kind === "same" ? [item] : []));
        expect(shared.every(({ before, after }) => one[before] === other[after])).toBe(true);
        expect(shared).toHaveLength(longest(one, other));
      }),
    );
  });
});
