import { describe, expect, it } from "vitest";
import { differenceOfTexts } from "../../constitution/index.ts";
import { countDifference, isReadable, markDifference } from "./word-difference.ts";

const change = differenceOfTexts("Add what harms peace.", "Remove all that harms peace!");

describe("a difference for people", () => {
  it("is marked as git marks words, or in colours", () => {
    expect(markDifference(change)).toBe("[-Add what-] {+Remove all that+} harms peace[-.-]{+!+}");
    expect(markDifference(change, true)).toContain("\u001b[32mRemove all that\u001b[0m harms peace");
    expect(markDifference(differenceOfTexts("a b", "a b"))).toBe("a b");
    expect(markDifference(differenceOfTexts("take it as a joke.", "take it."))).toBe(
      "take it [-as a joke-].",
    );
  });

  it("is counted in words", () => {
    expect(countDifference(change)).toBe("2 words removed, 3 added, 2 kept");
    expect(countDifference(differenceOfTexts("so  it is", "so it\nis"))).toBe("nothing");
  });

  it("is shown only where enough of the text stayed", () => {
    expect(isReadable(change)).toBe(true);
    expect(isReadable(differenceOfTexts("one two three four", "five six seven one"))).toBe(false);
    expect(isReadable(differenceOfTexts("same", "same"))).toBe(false);
  });
});
