// Prompts and continuations as tokens: with tokenizers that append an end token, and with all that Python strips.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { encodeContinuation, encodeOpen } from "./plain-text.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../test/golden/tokenizers/${name}.tokenizer.json`, import.meta.url), "utf8");

/** A tokenizer of the tests with a begin and an end token around every text. */
const closing = (name: string, begin: string | null, end: string): Tokenizer => {
  const token = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const text = { Sequence: { id: "A", type_id: 0 } };
  const single = [...(begin === null ? [] : [token(begin)]), text, token(end)];
  const json = JSON.parse(read(name)) as { added_tokens: { id: number; content: string }[] };
  const special_tokens = Object.fromEntries(
    json.added_tokens.map(({ id, content }) => [content, { id: content, ids: [id], tokens: [content] }]),
  );
  const post_processor = { type: "TemplateProcessing", single, pair: [...single, text], special_tokens };
  return createTokenizer({
    tokenizerJson: JSON.stringify({ ...json, post_processor }),
    configJson: JSON.stringify({ bos_token: begin, eos_token: end }),
  });
};

describe.each([
  ["llama2", closing("llama2", "<s>", "</s>")],
  ["gpt2", closing("gpt2", null, "<|end|>")],
])("a tokenizer that appends an end token (%s)", (_name, tokenizer) => {
  const { end } = tokenizer.special;

  it.each([
    ["kalo miter", " angripo."],
    ["kalo miter ", "angripo."],
    ["", "kalo"],
  ])("has it behind the continuation alone: %j, %j", (prompt, continuation) => {
    const { trunk, branches } = encodeContinuation(tokenizer, prompt, continuation);
    const whole = tokenizer.encode(`${prompt}${continuation}`, { specialTokens: true });
    expect(whole.at(-1)).toBe(end);
    const begun = encodeOpen(tokenizer, "").length > 0;
    // a text without a beginning of its own begins behind the end of another
    const wanted = prompt === "" && !begun ? [end, ...whole] : whole;
    expect([...trunk, ...branches[0]!]).toEqual(wanted);
    if (prompt !== "") expect(trunk).not.toContain(end);
    expect(branches[0]!.length).toBeGreaterThan(1);
  });

  it("is no continuation of its own", () => {
    for (const prompt of ["kalo", ""])
      expect(() => encodeContinuation(tokenizer, prompt, "")).toThrow(
        "continuation: got no text. Give the text whose tokens are to be scored.",
      );
  });
});

describe("spaces at the prompt's end", () => {
  const tokenizer = createTokenizer({ tokenizerJson: read("gpt2"), configJson: "{}" });
  const own = (prompt: string): string => {
    const { branches } = encodeContinuation(tokenizer, prompt, "miter");
    return tokenizer.decode(branches[0]!, { skipSpecial: false });
  };

  it.each([
    [" ", " miter"],
    ["\u0085", "\u0085miter"],
    ["\u001f", "\u001fmiter"],
    ["\ufeff", "miter"],
  ])("are the continuation's where Python strips them: %j", (space, wanted) => {
    expect(own(`kalo${space}`)).toBe(wanted);
  });
});

describe("a prompt without text", () => {
  const bare = createTokenizer({ tokenizerJson: read("gpt2"), configJson: "{}" });

  it("is refused where nothing can stand before the continuation, and a continuation of which nothing is left", () => {
    expect(() => encodeContinuation(bare, "", "miter")).toThrow(
      /neither a begin nor an end token.*Give a prompt/,
    );
    const begun = { ...bare, special: { ...bare.special, end: 0 }, encode: () => [] };
    expect(() => encodeContinuation(begun, "", "\u0000")).toThrow(
      'continuation: got "\\u0000", of which the tokenizer leaves nothing. Give a text that it reads.',
    );
  });
});
