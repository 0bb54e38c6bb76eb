// Comments that a model sorts: every sorting is read back as it was written, others are not read, and what the rules make of it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decideByAccord, decideByVotes, readSorting, type Sorted, sortingText } from "./sorting.ts";

const on = (standing: number, side: "for" | "against" = "for"): Sorted => ({ standing, side });
const like = (comment: number, side: "for" | "against" = "for"): Sorted => ({ comment, side });

describe("a sorting", () => {
  it("is a line a comment", () => {
    const text = "1. new\n2. A for\n3. [1] against\n4. nothing\n5. AB against";
    const sorted = ["new", on(0), like(1, "against"), "nothing", on(27, "against")] as const;
    expect(sortingText(sorted)).toBe(text);
    expect(readSorting(text, { standing: 28, comments: 5 })).toEqual(sorted);
  });

  it("is read back as it was written", () => {
    const side = fc.constantFrom("for" as const, "against" as const);
    const drawn = fc.array(fc.tuple(fc.nat(3), fc.nat(9), side), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(drawn, (choices) => {
        const sorted: Sorted[] = [];
        for (const [kind, place, side] of choices) {
          const first = sorted.flatMap((one, at) => (one === "new" ? [at + 1] : []));
          if (kind === 0) sorted.push("nothing");
          else if (kind === 1) sorted.push({ standing: place % 4, side });
          else if (kind === 2 && first.length > 0)
            sorted.push({ comment: first[place % first.length]!, side });
          else sorted.push("new");
        }
        expect(readSorting(sortingText(sorted), { standing: 4, comments: sorted.length })).toEqual(sorted);
      }),
    );
  });

  const cases: readonly [text: string, problem: RegExp][] = [
    ["1. new", /1 line, expected one for each of 2 comments/],
    ["1. new\n2. new\n3. new", /3 lines, expected one/],
    ["1. new\n3. new", /^line 2 is "3\. new", expected/],
    ["1. new\n2. A", /^line 2 is "2\. A", expected/],
    ["1. new\n2. A for Be kind.", /^line 2 is/],
    ["1. new\n2. C for", /comment 2 is for C, and there are A to B/],
    ["1. new\n2. [2] for", /comment 2 is for comment 2, which is not the first on a matter/],
    ["1. A for\n2. [1] for", /comment 2 is for comment 1, which is not the first/],
  ];
  it.each(cases)("is not %j", (text, problem) => {
    const read = readSorting(text, { standing: 2, comments: 2 });
    expect("problem" in read && read.problem).toMatch(problem);
  });

  it("names no letter where nothing stands", () => {
    expect(readSorting("1. A for", { standing: 0, comments: 1 })).toEqual({
      problem: "comment 1 is for A, and nothing stands",
    });
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
