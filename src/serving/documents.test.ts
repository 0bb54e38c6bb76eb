// How tokens are told that have no text of their own, or one that others have, too.

import { describe, expect, it } from "vitest";
import { chatProbabilities, completionProbabilities } from "./documents.ts";
import type { Alternative } from "./reply-engine.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const tree = [...bytesOf("🌳")];
const likely = (id: number, text: string, logProbability: number, bytes = bytesOf(text)): Alternative => ({
  ...{ id, text, bytes, logProbability },
});

describe("log-probabilities of a chat", () => {
  it("have a token's own bytes, which together are the text", () => {
    const parts = [tree.slice(0, 3), tree.slice(3)].map((bytes) => Uint8Array.from(bytes));
    const tokens = [
      { id: 1, text: "a", bytes: bytesOf("a"), logProbability: -1, alternatives: [] },
      { id: 2, text: "", bytes: parts[0]!, logProbability: -2, alternatives: [] },
      { id: 3, text: "🌳", bytes: parts[1]!, logProbability: -3, alternatives: [] },
      { id: 4, text: "", bytes: null, logProbability: -4, alternatives: [] },
    ];
    const { content } = chatProbabilities(tokens, true)!;
    expect(content.map(({ token, bytes }) => [token, bytes])).toEqual([
      ["a", [97]],
      ["\ufffd", tree.slice(0, 3)],
      ["\ufffd", tree.slice(3)],
      ["", null],
    ]);
  });
});

describe("log-probabilities of a completion", () => {
  const told = (text: string, alternatives: Alternative[], logProbability = -0.5) =>
    completionProbabilities([{ id: 7, text, logProbability, alternatives }], 0, true)!.top_logprobs[0];

  it("keep the likeliest of equal texts under that text, and the others under their ids", () => {
    const others = [
      likely(7, "one", -0.5),
      likely(8, "two", -1),
      likely(9, "two", -2),
      likely(10, "two", -3),
    ];
    expect(told("one", others)).toEqual({ one: -0.5, two: -1, "token_id:9": -2, "token_id:10": -3 });
  });

  it("keep the token's own text for the token, though a likelier one has it, too", () => {
    expect(told("one", [likely(8, "one", -0.1), likely(7, "one", -0.5)])).toEqual({
      one: -0.5,
      "token_id:8": -0.1,
    });
  });

  it("name parts of characters by their bytes", () => {
    const part = (id: number, logProbability: number, bytes: number[]): Alternative =>
      likely(id, "\ufffd", logProbability, Uint8Array.from(bytes));
    expect(told("", [part(8, -1, [0xf0, 0x9f]), part(9, -2, [0xe2])])).toEqual({
      "": -0.5,
      "bytes:\\xf0\\x9f": -1,
      "bytes:\\xe2": -2,
    });
  });
});
