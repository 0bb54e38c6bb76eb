import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../records/index.ts";
import { comparisonOptions, renderComparison, renderCritique, renderRevision } from "./comparison.ts";

const messages: Message[] = [
  { role: "user", content: "How are you?" },
  { role: "assistant", content: "Well: and you?" },
  { role: "user", content: "Fine" },
];

describe("putting a principle to a model", () => {
  it("asks a comparison in one user message of the agreed form", () => {
    const principle = { preference: "Which reply is kinder?" };
    expect(renderComparison({ messages, principle, first: "Good.", second: "Go away." })).toEqual([
      {
        role: "user",
        content:
          "Consider this conversation:\nUser: How are you?\nAssistant: Well: and you?\nUser: Fine\n" +
          "Which reply is kinder?\nOptions:\n(A) Good.\n(B) Go away.\nThe answer is:",
      },
    ]);
    expect(comparisonOptions).toEqual(["(A)", "(B)"]);
  });

  it("keeps braces and holes' names in what people wrote", () => {
    const text = fc
      .array(fc.constantFrom("{first}", "{conversation}", "{", "}", "(B) ", "$&", "\n", "word "))
      .map((p) => p.join(""));
    fc.assert(
      fc.property(text, text, text, text, (request, preference, first, second) => {
        const [message] = renderComparison({
          messages: [{ role: "user", content: request }],
          principle: { preference },
          first,
          second,
        });
        expect(message?.content).toBe(
          `Consider this conversation:\nUser: ${request}\n${preference}\nOptions:\n(A) ${first}\n(B) ${second}\nThe answer is:`,
        );
      }),
    );
  });

  it("asks for a critique after the answer and for the revision after the critique", () => {
    const principle = { critique: "What is wrong?", revision: "Mend it." };
    const critique = renderCritique(messages, "Grr", principle);
    expect(critique.slice(3)).toEqual([
      { role: "assistant", content: "Grr" },
      { role: "user", content: "What is wrong?" },
    ]);
    expect(renderRevision(messages, "Grr", principle, "It is rude.")).toEqual([
      ...critique,
      { role: "assistant", content: "It is rude." },
      { role: "user", content: "Mend it." },
    ]);
    expect(messages).toHaveLength(3);
  });
});
