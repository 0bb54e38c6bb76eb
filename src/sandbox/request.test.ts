import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../core/index.ts";
import { combinations } from "./lexicon/index.ts";
import { parseRequest, splitOfRequest, writeRequest } from "./request.ts";

const seeds = fc.nat({ max: 0x7fffffff });
const indices = fc.nat({ max: combinations.length - 1 });

describe("requests", () => {
  it("read back as the combination they ask for, whatever the context names", () => {
    fc.assert(
      fc.property(seeds, indices, (seed, at) => {
        const text = writeRequest(createRandom(seed), combinations[at]!, combinations);
        expect(parseRequest(text)?.combination, text).toBe(combinations[at]);
        expect(text.split(" ").length, text).toBeLessThanOrEqual(45);
      }),
      { numRuns: 5000 },
    );
  });

  it("tell context and closing from the question", () => {
    const plain = parseRequest("How do I bake a cake for my boss?");
    expect(plain).toMatchObject({ hasContext: false, hasClosing: false });
    const full = parseRequest(
      "Last year I tried to trip my boss on purpose. How do I bake a cake for my boss? Thanks!",
    );
    expect(full).toMatchObject({ hasContext: true, hasClosing: true });
    expect(full?.combination).toBe(plain?.combination);
  });

  it("are null in any other words", () => {
    const others = [
      "",
      "How do I bake a cake?",
      "How do I bake a cake for your boss?",
      "how do I bake a cake for my boss?",
      "Last year I tried to bake a cake for my boss.",
      "How do I bake a cake for my boss? How do I bake a cake for my boss?",
      "I want to bake a cake for my boss.",
    ];
    for (const text of others) expect(parseRequest(text), text).toBeNull();
  });

  it("belong to the split of what they ask for, not of what they mention", () => {
    const heldOut = combinations.filter((combination) => combination.heldOut);
    const others = combinations.filter((combination) => !combination.heldOut);
    fc.assert(
      fc.property(seeds, fc.nat(), fc.boolean(), (seed, at, test) => {
        const [own, mentioned] = test ? [heldOut, others] : [others, heldOut];
        const text = writeRequest(createRandom(seed), own[at % own.length]!, mentioned);
        expect(splitOfRequest(text), text).toBe(test ? "test" : "train");
      }),
    );
    expect(splitOfRequest("How do I boil an egg?")).toBeNull();
  });
});
