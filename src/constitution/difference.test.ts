import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differenceOfTexts } from "./difference.ts";

const words = fc
  .array(fc.constantFrom("the ", "harm ", "help. ", "it's ", "(", "a\n", "ä-b ", "?", "  "))
  .map((w) => w.join(""));
const squeeze = (text: string): string => text.replace(/\s+/g, "");

describe("difference of texts", () => {
  it("aligns the longest common run of words", () => {
    expect(differenceOfTexts("Add what harms peace.", "Remove all that harms peace!").runs).toEqual([
      { kind: "removed", text: "Add what " },
      { kind: "added", text: "Remove all that " },
      { kind: "same", text: "harms peace" },
      { kind: "removed", text: "." },
      { kind: "added", text: "!" },
    ]);
  });

  it("takes white space for no difference", () => {
    const result = differenceOfTexts("one  two\nthree", "one two three ");
    expect(result).toEqual({
      runs: [{ kind: "same", text: "one two three " }],
      kept: 3,
      removed: 0,
      added: 0,
    });
  });

  it("loses nothing: runs rebuild both texts", () => {
    fc.assert(
      fc.property(words, words, (before, after) => {
        const { runs } = differenceOfTexts(before, after);
        const join = (kind: string): string =>
          runs
            .filter((run) => run.kind === "same" || run.kind === kind)
            .map((run) => run.text)
            .join("");
        expect(squeeze(join("added"))).toBe(squeeze(after));
        expect(squeeze(join("removed"))).toBe(squeeze(before));
        if (after.trim() === after) expect(join("added")).toBe(after);
      }),
    );
  });
});
