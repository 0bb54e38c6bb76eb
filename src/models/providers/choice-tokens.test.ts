// Reading the choice between two continuations from a judge's alternatives, token by token, however its tokenizer cuts
// the letters.

import { describe, expect, it } from "vitest";
import { readChoice, type TokenAlternatives } from "./choice-tokens.ts";

const letters = ["(A)", "(B)"];

/** A token with its alternatives by probability; the first is the one that was generated. */
const token = (...shares: readonly (readonly [string, number])[]): TokenAlternatives => {
  const top_logprobs = shares.map(([text, share]) => ({ token: text, logprob: Math.log(share) }));
  return { token: shares[0]?.[0] ?? "", logprob: Math.log(shares[0]?.[1] ?? 1), top_logprobs };
};

const read = (...tokens: readonly TokenAlternatives[]) => {
  const choice = readChoice(tokens, letters);
  if (choice === null) return null;
  const [a = 0, b = 0] = choice.logProbabilities.map(Math.exp);
  return { a, b, bounded: choice.bounded };
};

describe("readChoice", () => {
  it("reads the letter after the bracket", () => {
    const found = read(token(["(", 0.8]), token(["B", 0.7], ["A", 0.2], ["C", 0.05]), token([")", 1]));
    expect(found?.a).toBeCloseTo(0.16);
    expect(found?.b).toBeCloseTo(0.56);
    expect(found?.bounded).toBeUndefined();
  });

  it("reads bracket and letter in one token, and adds up the ways to write a letter", () => {
    const found = read(token(["(A", 0.5], [" (A", 0.1], ["(B", 0.2], ["(A)", 0.05], ["A", 0.1]));
    expect(found?.a).toBeCloseTo(0.65);
    expect(found?.b).toBeCloseTo(0.2);
  });

  it("reads a choice after a few words, and after a line break", () => {
    const leads = [
      "The answer is (",
      "\n(",
      "**(",
      "Answer: (",
      "<think>\n\n</think>\n\n(",
      "So the better reply is:\n(",
    ];
    for (const lead of leads) {
      const found = read(token([lead, 1]), token(["A", 0.6], ["B", 0.3]));
      expect(found?.a).toBeCloseTo(0.6);
      expect(found?.b).toBeCloseTo(0.3);
    }
  });

  it("reads the letters after the bracket also where the model went for something else", () => {
    const found = read(token(["(", 1]), token(["C", 0.6], ["A", 0.25], ["B", 0.15]));
    expect(found?.a).toBeCloseTo(0.25);
    expect(found?.b).toBeCloseTo(0.15);
  });

  it("gives a letter that is not listed the bound of the least probable one, and marks it", () => {
    const found = read(token(["(", 1]), token(["A", 0.9], ["C", 0.05], ["D", 0.01]));
    expect(found?.a).toBeCloseTo(0.9);
    expect(found?.b).toBeCloseTo(0.01);
    expect(found?.bounded).toEqual([false, true]);
  });

  it("counts the generated token when it is not among the alternatives", () => {
    const generated = { ...token(["B", 0.2]), top_logprobs: [{ token: "A", logprob: Math.log(0.7) }] };
    expect(read(token(["(", 1]), generated)?.b).toBeCloseTo(0.2);
  });

  it("reads a bare letter where it begins the reply or follows a lead, and ends a sentence", () => {
    for (const [before, after] of [
      ["", ""],
      ["\n", "."],
      ["**", "**"],
      ["The answer is ", "<|im_end|>"],
      ["", "\n\nIt is kinder."],
      ["", ")"],
    ] as const) {
      const tokens = [token([before, 1]), token(["A", 0.6], ["B", 0.3]), token([after, 1])];
      expect(read(...tokens)?.a).toBeCloseTo(0.6);
      expect(read(...tokens)?.b).toBeCloseTo(0.3);
    }
    expect(read(token([" A", 0.6], ["B", 0.2], ["(B", 0.1], [" Both", 0.1]))?.b).toBeCloseTo(0.3);
  });

  it.each([
    [["A", " good", " reply"]],
    [["A", " and", " B"]],
    [["A", ", B"]],
    [["(", "A", ")", " and", " (", "B", ")"]],
    [["(", "A", ") or (B)"]],
    [["I", " cannot", " choose", " between", " (", "A", ")", " and"]],
    [["Neither", " (", "A", ")", " nor"]],
    [["Both", " (", "A", ")", " and"]],
    [["Not", " (", "A", ")"]],
    [["Well", ", (", "A", ")"]],
    [["See", ":\n(", "A", ")"]],
  ])("takes %j for no choice, however sure the model is of its letter", (words) => {
    const sure = words.map((word) =>
      /[AB]/.test(word) ? token([word, 0.99], [word.replace("A", "B"), 0.01]) : token([word, 1]),
    );
    expect(read(...sure)).toBeNull();
  });

  it("is none where the letters have next to no probability, whatever their ratio", () => {
    const sorry = token(["I'm", 0.99], ["We", 0.009], ["A", 1e-5], ["B", 1e-8]);
    expect(read(token(["(", 1]), sorry, token([" sorry", 1]))).toBeNull();
    expect(read(token(["(", 1]), token(["C", 0.9], ["A", 0.05], ["B", 0.04]))).toBeNull();
    expect(read(token(["(", 1]), token(["C", 0.85], ["A", 0.09], ["B", 0.04]))).not.toBeNull();
  });

  it("is none where the model said neither, or another word", () => {
    expect(read(token(["I", 1]), token([" cannot", 1]))).toBeNull();
    expect(read(token(["(", 1]), token(["Apple", 0.9], ["And", 0.1]), token([")", 1]))).toBeNull();
    expect(read(token(["I", 0.9], ["(A", 0.1]), token([" cannot", 1]))).toBeNull();
    expect(read()).toBeNull();
  });

  it("needs continuations that differ in one place", () => {
    const tokens = [token(["(", 1]), token(["A", 0.9], ["B", 0.1])];
    expect(readChoice(tokens, ["(A)"])).toBeNull();
    expect(readChoice(tokens, ["(A)", "(A)"])).toBeNull();
    expect(readChoice(tokens, ["(A)", "(B)", "(AB)"])).toBeNull();
    expect(readChoice(tokens, ["(B)", "(A)", "(C)"])?.logProbabilities.map(Math.exp)).toEqual([
      expect.closeTo(0.1),
      expect.closeTo(0.9),
      expect.closeTo(0.1),
    ]);
  });
});
