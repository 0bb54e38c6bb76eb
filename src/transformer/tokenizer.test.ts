// The tokenizer against ids from Hugging Face's tokenizers, against the library it wraps on random text, and its
// handling of control tokens in user text.
import { readFileSync } from "node:fs";
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CovenantError, UserError } from "../core/index.ts";
import { createTokenizer } from "./tokenizer.ts";
import type { LibraryTokenizer as Library } from "./tokenizer-library.ts";

const golden = new URL("../../test/golden/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(`tokenizers/${name}`, golden), "utf8");

type Row = {
  text: string;
  withSpecialTokens: number[];
  ids: number[];
  literal: number[];
  decoded: string;
  decodedWithoutSpecial: string;
  decodedCut: string;
};

describe.each(["byte-level", "sequence"])("%s", (name) => {
  const tokenizer = createTokenizer({
    tokenizerJson: read(`${name}.tokenizer.json`),
    configJson: '{"eos_token": "<|end|>", "bos_token": {"content": "<|begin|>", "special": true}}',
  });
  const { rows } = JSON.parse(read(`${name}.golden.json`)) as { rows: Row[] };

  it.each(rows.map((row) => [row.text, row] as const))("gives the original's ids for %j", (text, row) => {
    expect(tokenizer.encode(text, { specialTokens: false })).toEqual(row.ids);
    expect(tokenizer.encode(text, { specialTokens: true })).toEqual(row.withSpecialTokens);
    expect(tokenizer.encode(text, { specialTokens: false, parseSpecial: false })).toEqual(row.literal);
    expect(tokenizer.decode(row.ids, { skipSpecial: false })).toBe(row.decoded);
    expect(tokenizer.decode(row.ids, { skipSpecial: true })).toBe(row.decodedWithoutSpecial);
    const cut = row.ids.slice(0, Math.floor(row.ids.length / 2));
    expect(tokenizer.decode(cut, { skipSpecial: false })).toBe(row.decodedCut);
  });

  it("knows its tokens", () => {
    expect(tokenizer.vocabularySize).toBe(420);
    expect(tokenizer.special).toEqual({ begin: 4, end: 0, pad: null, unknown: null });
    expect([...tokenizer.specialIds]).toEqual([0, 1, 2, 3, 4]);
    expect(tokenizer.tokenOf(3)).toBe("<|user|>s");
    expect(tokenizer.tokenOf(420)).toBeNull();
    expect(tokenizer.idOf("<|nobody|>")).toBeNull();
    expect(tokenizer.decode(Int32Array.of(), { skipSpecial: true })).toBe("");
    expect(() => tokenizer.decode([420], { skipSpecial: true })).toThrow(CovenantError);
  });
});

describe.each(["gpt2", "llama3", "qwen2", "llama2", "llama2-metaspace", "gemma"])("as %s has it", (name) => {
  const tokenizer = createTokenizer({ tokenizerJson: read(`${name}.tokenizer.json`), configJson: "{}" });
  const { rows } = JSON.parse(read(`${name}.golden.json`)) as { rows: Row[] };

  it.each(rows.map((row) => [row.text, row] as const))("gives the original's ids for %j", (text, row) => {
    expect(tokenizer.encode(text, { specialTokens: false })).toEqual(row.ids);
    expect(tokenizer.encode(text, { specialTokens: true })).toEqual(row.withSpecialTokens);
    expect(tokenizer.encode(text, { specialTokens: false, parseSpecial: false })).toEqual(row.literal);
    expect(tokenizer.encodeMarked({ text, literal: [], marks: [] }).ids).toEqual(row.ids);
    const literal = [[0, text.length]] as const;
    expect(tokenizer.encodeMarked({ text, literal, marks: [] }).ids).toEqual(row.literal);
  });

  it.each(rows.map((row) => [row.text, row] as const))("has its tokens' own bytes for %j", (_text, row) => {
    const bytes = Buffer.concat(row.ids.map((id) => tokenizer.bytesOf(id)!));
    const whole = bytes.toString();
    // a space in front of the first word is dropped by some
    expect([whole, whole.replace(/^ /, "")]).toContain(row.decoded);
    expect(tokenizer.bytesOf(tokenizer.vocabularySize)).toBeNull();
  });

  it.each(rows.map((row) => [row.text, row] as const))("and its text for %j", (_text, row) => {
    expect(tokenizer.decode(row.ids, { skipSpecial: false })).toBe(row.decoded);
    expect(tokenizer.decode(row.ids, { skipSpecial: true })).toBe(row.decodedWithoutSpecial);
    const cut = row.ids.slice(0, Math.floor(row.ids.length / 2));
    expect(tokenizer.decode(cut, { skipSpecial: false })).toBe(row.decodedCut);
  });
});

const files = { tokenizerJson: read("byte-level.tokenizer.json"), configJson: "{}" };
const tokenizer = createTokenizer(files);
const library = new LibraryTokenizer(JSON.parse(files.tokenizerJson), {}) as Library;
const fragments = ["<|end|>", "<|user|>", "<|user|>s", "<|", "ka", "'s", " ", "  ", "\n", "7", "é", "😀"];
// The library takes U+FEFF for white space and U+0085 not, unlike the original; the golden rows hold those two.
const text = fc
  .array(fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: "binary", maxLength: 5 })), {
    maxLength: 12,
  })
  .map((parts) => parts.join("").replace(/[\ufeff\u0085]/g, ""));

describe("the shorter way", () => {
  it("gives the library's ids and texts, met before or not", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const expected = library.encode(sample, { add_special_tokens: false }).ids;
        expect(tokenizer.encode(sample, { specialTokens: false })).toEqual(expected);
        expect(tokenizer.encode(sample, { specialTokens: false })).toEqual(expected);
        expect(tokenizer.decode(expected, { skipSpecial: false })).toBe(sample);
      }),
      { numRuns: 500 },
    );
  });

  it("never makes a control token of literal text, and decodes to the same text", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const ids = tokenizer.encode(sample, { specialTokens: false, parseSpecial: false });
        expect(ids.filter((id) => tokenizer.specialIds.has(id))).toEqual([]);
        expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(sample);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps tokens of a literal range text, and only there", () => {
    const marked = { text: "<|user|>a<|end|>b<|end|>", literal: [[8, 17]] as const, marks: [8, 17, 24] };
    const { ids, places } = tokenizer.encodeMarked(marked);
    const inside = tokenizer.encode("a<|end|>b", { specialTokens: false, parseSpecial: false });
    expect(ids).toEqual([2, ...inside, 0]);
    expect(places.map(({ first }) => first)).toEqual([1, ids.length - 1, ids.length]);
  });
});

describe("broken files", () => {
  it.each([
    ["{", /tokenizer\.json.*not valid JSON/],
    ["{}", /tokenizer\.json.*model/],
    [
      '{"model": {"type": "Nonsense"}}',
      /tokenizer\.json.*cannot be used.*Expected .*Fetch the model again, or write the file/,
    ],
    ['{"model": {"type": "BPE"}, "added_tokens": [{"id": -1, "content": "x"}]}', /added_tokens\[0\]\.id/],
  ])("%s", (tokenizerJson, message) => {
    expect(() => createTokenizer({ tokenizerJson, configJson: "{}" }, "folder")).toThrow(UserError);
    expect(() => createTokenizer({ tokenizerJson, configJson: "{}" }, "folder")).toThrow(message);
  });
});
