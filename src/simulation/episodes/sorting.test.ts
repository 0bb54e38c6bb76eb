// Comments that are sorted, as text, and what the rules make of them.

import { describe, expect, it } from "vitest";
import { decideByAccord, decideByVotes, type Sorted, sortingText } from "./sorting.ts";

const on = (standing: number, side: "for" | "against" = "for"): Sorted => ({ standing, side });
const like = (comment: number, side: "for" | "against" = "for"): Sorted => ({ comment, side });

describe("a sorting as text", () => {
  it("is a line a comment", () => {
    const sorted = ["new", on(0), like(1, "against"), "nothing", on(27, "against")] as const;
    expect(sortingText(sorted)).toBe("1. new\n2. A for\n3. [1] against\n4. nothing\n5. AB against");
  });
});

describe("a list by votes", () => {
  it("keeps of each matter the side with more, where what stands has a vote, and of a tie what stands or nothing", () => {
    expect(decideByVotes(1, [on(0, "against")], 4)).toEqual([{ standing: 0, from: [] }]);
    expect(decideByVotes(1, [on(0, "against"), "nothing", on(0, "against")], 4)).toEqual([
      { standing: null, from: [1, 3] },
    ]);
    expect(decideByVotes(0, ["new", like(1, "against")], 4)).toEqual([]);
    expect(decideByVotes(0, ["new", "new", like(1, "against"), like(1, "against"), like(2)], 4)).toEqual([
      { standing: null, from: [2, 5] },
      { standing: null, from: [3, 4] },
    ]);
  });

  it("keeps the most wanted, in their order", () => {
    const sorted: Sorted[] = ["new", "new", "new", like(3), on(1)];
    expect(decideByVotes(2, sorted, 3).map(({ standing, from }) => [standing, from])).toEqual([
      [0, []],
      [1, [5]],
      [null, [3, 4]],
    ]);
  });
});

describe("an accord", () => {
  it("makes principles of what nobody speaks against, and clauses of both sides of all else", () => {
    const sorted: Sorted[] = [on(0, "against"), "new", "new", like(3, "against"), on(1), like(2)];
    expect(decideByAccord({ principles: 2, clauses: 0 }, sorted, 10)).toEqual({
      constitution: [
        { standing: 1, from: [5] },
        { standing: null, from: [2, 6] },
      ],
      contract: [
        { standing: 0, from: [] },
        { standing: null, from: [1] },
        { standing: null, from: [3] },
        { standing: null, from: [4] },
      ],
    });
  });

  it("leaves clauses clauses, and keeps so many of each", () => {
    const { constitution, contract } = decideByAccord(
      { principles: 1, clauses: 2 },
      [on(2), "new", "new"],
      2,
    );
    expect(contract).toEqual([
      { standing: 1, from: [] },
      { standing: 2, from: [1] },
    ]);
    expect(constitution).toEqual([
      { standing: 0, from: [] },
      { standing: null, from: [2] },
    ]);
  });
});
