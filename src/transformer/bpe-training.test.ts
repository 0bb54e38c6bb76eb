// Training of byte-level BPE: the same tokenizer as Hugging Face's trainer makes of the same texts, whatever their
// order, and files that open as they are.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CovenantError } from "../core/index.ts";
import { type BpeTrainingOptions, trainBpe, trainTokenizer } from "./bpe-training.ts";
import { createTokenizer } from "./tokenizer.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../test/golden/tokenizers/${name}`, import.meta.url), "utf8"));
const { texts, special } = read("training.json") as { texts: string[]; special: string[] };
const options: BpeTrainingOptions = { vocabularySize: 420, specialTokens: special };

describe("trainBpe", () => {
  it("learns the vocabulary and merges that Hugging Face's trainer learns", () => {
    const { model } = read("byte-level.tokenizer.json") as {
      model: { vocab: Record<string, number>; merges: [string, string][] };
    };
    const trained = trainBpe(texts, options);
    expect(trained.merges).toEqual(model.merges);
    expect(Object.fromEntries(trained.vocabulary.map((token, id) => [token, id]))).toEqual(model.vocab);
  });

  it("does not depend on the order of the texts", () => {
    expect(trainBpe([...texts].reverse(), options)).toEqual(trainBpe(texts, options));
  });

  it("merges overlapping repeats from the left and stops when pairs are rare", () => {
    const { merges, vocabulary } = trainBpe(["aaaaa aaaaa", "b"], { vocabularySize: 300, specialTokens: [] });
    expect(merges).toEqual([
      ["a", "a"],
      // ("aa", "a") and ("aa", "aa") are equally frequent: the smaller pair of ids goes first.
      ["aa", "a"],
      ["aa", "aaa"],
    ]);
    expect(vocabulary.length).toBe(259);
  });

  it("does not learn from control tokens written in the texts", () => {
    const withTokens = texts.map((text) => `<|user|>${text}<|end|>`);
    expect(trainBpe(withTokens, options).merges.flat().join("")).not.toContain("|");
  });

  it("refuses a vocabulary without room for the bytes, and roles for unknown tokens", () => {
    expect(() => trainBpe(texts, { ...options, vocabularySize: 260 })).toThrow(/at least 261/);
    expect(() => trainTokenizer(texts, { ...options, end: "<|stop|>" })).toThrow(CovenantError);
  });
});

describe("trainTokenizer", () => {
  it("writes files that open again and give every text back", () => {
    const files = trainTokenizer(texts, { ...options, end: "<|end|>", pad: "<|pad|>", maxPositions: 64 });
    const tokenizer = createTokenizer(files);
    expect(tokenizer.vocabularySize).toBe(420);
    expect(tokenizer.special).toMatchObject({ end: 0, pad: 1, begin: null });
    expect(JSON.parse(files.configJson)).toMatchObject({ model_max_length: 64, eos_token: "<|end|>" });
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const ids = tokenizer.encode(text, { specialTokens: false });
        expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(text);
      }),
    );
  });
});
