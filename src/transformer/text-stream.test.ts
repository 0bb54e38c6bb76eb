// Text while it comes: whole characters, the same text as all tokens together, stop strings wherever they lie.

import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTextStream, textsOf } from "./text-stream.ts";
import { createTokenizer } from "./tokenizer.ts";

const folder = new URL("../../test/golden/llama-random/tied/", import.meta.url);
const tokenizer = createTokenizer({
  tokenizerJson: await readFile(new URL("tokenizer.json", folder), "utf8"),
  configJson: await readFile(new URL("tokenizer_config.json", folder), "utf8"),
});
const encode = (text: string): number[] =>
  tokenizer.encode(text, { specialTokens: false, parseSpecial: false });

const read = (ids: readonly number[], stops: readonly string[] = []) => {
  const stream = createTextStream(tokenizer, stops);
  const parts: string[] = [];
  const pieces: string[] = [];
  let count = 0;
  for (const id of ids) {
    count++;
    const { text, stopped } = stream.push(id);
    pieces.push(text);
    parts.push(stream.take());
    if (stopped) break;
  }
  const whole = stream.end();
  parts.push(stream.take());
  return { whole, parts, pieces, count, stopped: stream.stopped };
};

const text = fc.string({ unit: "grapheme", maxLength: 30 });

describe("a stream of text", () => {
  it("gives the text of all tokens, in whole characters", () => {
    fc.assert(
      fc.property(text, (given) => {
        const { whole, parts, pieces } = read(encode(given));
        expect(whole).toBe(given);
        expect(parts.join("")).toBe(given);
        // what looks like a character of which bytes are missing comes with the next token, or with the end
        const told = pieces.join("");
        expect(given.startsWith(told)).toBe(true);
        expect(told === given || given.endsWith("\uFFFD")).toBe(true);
        for (const part of parts) expect(part.isWellFormed()).toBe(true);
      }),
    );
  });

  it("gives a replacement character that the text itself holds", () => {
    expect(read(encode("a\uFFFDb"))).toMatchObject({ whole: "a\uFFFDb" });
    const { whole, parts, pieces } = read(encode("ab\uFFFD"));
    expect(whole).toBe("ab\uFFFD");
    expect(parts.join("")).toBe("ab\uFFFD");
    expect(pieces.join("")).toBe("ab");
  });

  it("ends with what is left of a character that never became whole", () => {
    const ids = encode("a🌳").slice(0, -1);
    expect(ids.length).toBeGreaterThan(2);
    expect(read(ids).whole).toMatch(/^a\uFFFD+$/);
  });

  it("leaves out control tokens, and ids that no token has", () => {
    const ids = [...encode("one"), 0, tokenizer.vocabularySize + 3, ...encode(" two")];
    expect(read(ids).whole).toBe("one two");
    expect(textsOf(tokenizer, ids).join("")).toBe("one<|end|> two");
  });

  it("ends before the first stop string, and nothing of it is given early", () => {
    fc.assert(
      fc.property(text, text, fc.array(text.filter((stop) => stop !== "")), (before, after, stops) => {
        const given = `${before}STOP${after}`;
        const all = ["STOP", ...stops];
        const { whole, parts, stopped, count } = read(encode(given), all);
        // the first that is complete ends the text, before the first place where one of those begins
        let end = 1;
        while (!all.some((stop) => given.slice(0, end).includes(stop))) end++;
        expect(stopped).toBe(true);
        expect(given.startsWith(whole)).toBe(true);
        expect(all.some((stop) => whole.includes(stop))).toBe(false);
        expect(parts.join("")).toBe(whole);
        expect(count).toBeLessThanOrEqual(encode(given).length);
        expect(whole.length).toBeLessThan(end);
      }),
    );
  });

  it("finds a stop string that lies across tokens, and gives back what only looked like one", () => {
    const ids = encode("go on. END of it");
    expect(read(ids, ["ND o"])).toMatchObject({ whole: "go on. E", stopped: true });
    const looked = read(ids, ["END of all"]);
    expect(looked.whole).toBe("go on. END of it");
    expect(looked.parts.join("")).toBe("go on. END of it");
    expect(looked.stopped).toBe(false);
  });
});
