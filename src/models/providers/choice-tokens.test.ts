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
    for (const lead of ["The answer is (", "\n(", "**("]) {
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

  it("is none where the model said neither, named no bracket, or another word", () => {
    expect(read(token(["I", 1]), token([" cannot", 1]))).toBeNull();
    expect(read(token(["A", 0.9], ["B", 0.1]))).toBeNull();
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
