// What cleaning leaves out and why, and that it changes nothing inside of a prompt.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyText } from "../../core/any-text.fixture.ts";
import type { PromptRecord } from "../../records/index.ts";
import { createDigestMap } from "./digests.ts";
import { createTidy, noTidyCounts, type TidySettings } from "./tidying.ts";

const promptOf = (content: string): PromptRecord => ({
  id: content.slice(0, 20) || "none",
  parents: [],
  stage: "prompts",
  seed: 1,
  messages: [{ role: "user", content }],
  split: "train",
});

const tidy = (texts: readonly string[], settings: Partial<TidySettings> = {}) => {
  const counts = noTidyCounts();
  const clean = createTidy({ ends: true, duplicates: "words", ...settings }, counts);
  const kept = texts.flatMap((text) => clean(promptOf(text))?.messages[0]?.content ?? []);
  return { kept, counts };
};

describe("cleaning prompts", () => {
  it("takes white space and control characters off the ends and leaves the inside alone", () => {
    const { kept, counts } = tidy(["\u0000\ufeff  a\u0007b \r\n c\u200b\n", "fine"]);
    expect(kept).toEqual(["a\u0007b \r\n c", "fine"]);
    expect(counts.ends).toBe(1);
    expect(tidy([" a "], { ends: false }).kept).toEqual([" a "]);
  });

  it("leaves out what is empty, too long, and of the same words, and counts each", () => {
    const texts = [
      "How do I bake?",
      "\u0000 ",
      "how do i BAKE",
      "x".repeat(50),
      "Ｈow do I bake!!",
      "😀",
      "😀 ",
    ];
    const { kept, counts } = tidy(texts, { maxCharacters: 40 });
    expect(kept).toEqual(["How do I bake?", "😀"]);
    expect(counts).toMatchObject({ empty: 1, overlong: 1, "same-words": 3 });
    expect(tidy(["a b", "a, b"], { duplicates: "exact" }).kept).toHaveLength(2);
  });

  it("leaves out near-duplicates over the threshold alone", () => {
    const base = "please tell me how i can bake a loaf of rye bread in an old oven without a tin";
    const texts = [base, base.replace("rye", "wheat"), base.replace("tin", "pan"), "bake bread"];
    const { kept, counts } = tidy(texts, { near: 0.8 });
    expect(kept).toEqual([base, texts[1], "bake bread"]);
    expect(counts.near).toBe(1);
    expect(tidy(texts, { near: 0.6 }).kept).toEqual([base, "bake bread"]);
  });

  it("changes no prompt but at its ends", () => {
    fc.assert(
      fc.property(anyText({ maxLength: 60 }), (text) => {
        const [kept] = tidy([text]).kept;
        if (kept !== undefined) expect(text).toContain(kept);
        expect(tidy([`x${text}x`]).kept).toEqual([`x${text}x`]);
      }),
    );
  });
});

describe("createDigestMap", () => {
  it("tells as a Map does what was there before", () => {
    const keys = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.nat(1000)), { maxLength: 200 });
    fc.assert(
      fc.property(keys, (entries) => {
        const plain = new Map<string, number>();
        const digests = createDigestMap();
        for (const [key, number] of entries) {
          expect(digests.add(key, number)).toBe(plain.get(key));
          if (!plain.has(key)) plain.set(key, number);
        }
        expect(digests.size).toBe(plain.size);
      }),
    );
    const many = createDigestMap();
    for (let index = 0; index < 5000; index++) expect(many.add(`key ${index}`, index)).toBeUndefined();
    for (let index = 0; index < 5000; index++) expect(many.add(`key ${index}`, 0)).toBe(index);
  });
});
