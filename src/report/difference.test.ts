import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareWords } from "./difference.ts";

const marked = (stretches: readonly { text: string; shared: boolean }[]): string =>
  stretches.map(({ text, shared }) => (shared ? text : `[${text.trim()}] `)).join("");

describe("word difference", () => {
  it("marks the words that differ and no others", () => {
    const { left, right } = compareWords(
      "Which reply hurts nobody today?",
      "Which reply hurts someone today?",
    );
    expect(marked(left)).toBe("Which reply hurts [nobody] today?");
    expect(marked(right)).toBe("Which reply hurts [someone] today?");
  });

  it("keeps both texts whole and shares the same words on both sides", () => {
    const sentence = fc
      .array(fc.constantFrom("a", "b", "c", "Which", "not"), { maxLength: 12 })
      .map((words) => words.join(" "));
    fc.assert(
      fc.property(sentence, sentence, (one, other) => {
        const { left, right } = compareWords(one, other);
        const whole = (side: typeof left): string => side.map(({ text }) => text).join("");
        const shared = (side: typeof left): string =>
          side
            .filter((stretch) => stretch.shared)
            .map(({ text }) => text.trim())
            .join(" ");
        expect(whole(left)).toBe(one);
        expect(whole(right)).toBe(other);
        expect(shared(left)).toBe(shared(right));
      }),
    );
  });

  it("marks nothing in equal texts and everything in texts without a common word", () => {
    expect(compareWords("the same words", "the same words").left).toEqual([
      { text: "the same words", shared: true },
    ]);
    expect(compareWords("one two", "three").left.every(({ shared }) => !shared)).toBe(true);
  });
});
