// Which texts lie outside a small model's language: letters that stand alone are parts of words, and no words.

import { expect, it } from "vitest";
import { createForeignTextCheck } from "./small-language.ts";

/** Knows some words and each letter, as a vocabulary of bytes does. */
const words = ["say", "the", "garden", "which", "answer", "a"];
const check = createForeignTextCheck({
  vocabularySize: 1024,
  encode: (text) => (words.includes(text.trim()) || /^ ?\w$/.test(text) ? [1] : [1, 2]),
});

it("takes a small letter that stands alone for no word, but for the one that is one", () => {
  expect(check(["say {a} and [b] 😀"])).toMatchObject({ words: ["and", "b"] });
  expect(check(["say b"])).toMatchObject({ share: 0.5 });
  expect(check(["say a garden"])).toBeNull();
  expect(check(["say the garden's answer", "the garden’s"])).toBeNull();
});

it("makes nothing of two words of a dozen, and something of three, or of a quarter", () => {
  const garden = "say the garden which answer a garden the answer say";
  expect(check([`${garden} makes sense`])).toBeNull();
  expect(check([`${garden} makes no sense`])).toMatchObject({ words: ["makes", "no", "sense"] });
  expect(check(["say the garden makes sense"])).toMatchObject({ share: 0.4 });
  expect(check(["say the garden which answer makes sense"])).toMatchObject({ words: ["makes", "sense"] });
});

it("takes capital letters for labels", () => {
  expect(check(["which answer (A) (B)"])).toBeNull();
});
