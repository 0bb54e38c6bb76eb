// The two wordings byte by byte, with and without examples, and people's text in them unchanged.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../records/index.ts";
import { ownForm, paperForm } from "./label-form.ts";

const messages: Message[] = [
  { role: "user", content: "How are you?" },
  { role: "assistant", content: "Well: and you?" },
  { role: "user", content: "Fine " },
];
const principle = { preference: "Which is kinder?" };
const comparison = { messages, principle, first: "Good.", second: "Go away." };
const example = {
  messages: [{ role: "user" as const, content: "Hi" }],
  principle: { preference: "\nWhich is truer? Options:" },
  first: "No.",
  second: "Yes.",
  better: 1 as const,
};
const question = "Consider this:\n\nH: Hi\n\n{}\n (A) [[[No.]]]\n (B) [[[Yes.]]]";
const reasoned = {
  text: `Human: ${question}\n\nAssistant: Let's see: {x}\n\nHuman:\nSo the answer is: (B)`,
  question,
  reasoning: "Let's see: {x}",
  letter: "(B)" as const,
  principle: { preference: "Which is truer?" },
};

const paperQuestion =
  "\n\nConsider the following conversation between a human and an assistant:\n\nHuman: How are you?\n\nAssistant: Well: and you?\n\nHuman: Fine \n\n\nWhich is kinder? Options:\n (A) [[[Good.]]]\n (B) [[[Go away.]]]\n\nThe answer is:";

describe("the paper's wording", () => {
  it("is one text, answered with a letter and the space before it", () => {
    expect(paperForm.choice(comparison, [])).toEqual([{ role: "user", content: paperQuestion }]);
    expect(paperForm.options).toEqual([" (A)", " (B)"]);
  });

  it("puts answered examples before the question, each under its own principle", () => {
    const before =
      "\n\nConsider the following conversation between a human and an assistant:\n\nHuman: Hi\n\n\nWhich is truer? Options:\n (A) [[[No.]]]\n (B) [[[Yes.]]]\n\nThe answer is: (B)";
    expect(paperForm.choice(comparison, [example])).toEqual([
      { role: "user", content: `${before}${paperQuestion}` },
    ]);
  });

  it("reasons as a transcript and asks for the letter in a turn of the human's", () => {
    const asked = paperForm.reasoning(comparison, [reasoned]);
    const text =
      "\n\nHuman: Consider this:\n\nH: Hi\n\n\nWhich is truer? Options:\n (A) [[[No.]]]\n (B) [[[Yes.]]]\n\nAssistant: Let's see: {x}\n\nHuman:\nSo the answer is: (B)" +
      "\n\nHuman: Consider the following conversation between a human (H) and an assistant (A):\n\nH: How are you?\n\nA: Well: and you?\n\nH: Fine \n\n\nWhich is kinder? Options:\n (A) [[[Good.]]]\n (B) [[[Go away.]]]\n\nAssistant: Let's think step by step:";
    expect(asked).toEqual([{ role: "user", content: text }]);
    expect(paperForm.verdict(asked, "It is.")).toEqual([
      { role: "user", content: `${text} It is.\n\nHuman:\nSo the answer is:` },
    ]);
    expect(paperForm.stop).toEqual(["\n\nHuman:"]);
  });

  it("keeps braces, markers and emoji of people", () => {
    const text = fc
      .array(
        fc.constantFrom(
          "{first}",
          "{}",
          "{principle}",
          "Human:",
          "[[[",
          "]]]",
          "$&",
          "🙂",
          "\u0007",
          "word ",
        ),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, text, text, (request, first, second) => {
        const [message] = paperForm.choice(
          { messages: [{ role: "user", content: request }], principle, first, second },
          [],
        );
        expect(message?.content).toBe(
          `\n\nConsider the following conversation between a human and an assistant:\n\nHuman: ${request}\n\n\nWhich is kinder? Options:\n (A) [[[${first}]]]\n (B) [[[${second}]]]\n\nThe answer is:`,
        );
        const [, reply] = ownForm.verdict([{ role: "user", content: request }], first);
        expect(reply).toEqual({ role: "assistant", content: first });
      }),
    );
  });
});

describe("our own wording", () => {
  it("is a chat, with examples as turns that were answered", () => {
    const chat = ownForm.choice(comparison, [example]);
    expect(chat.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    expect(chat[1]?.content).toBe("(B)");
    expect(chat[2]).toEqual(ownForm.choice(comparison, [])[0]);
    const thought = ownForm.reasoning(comparison, [reasoned]);
    expect(thought.map(({ content }) => content).slice(0, 4)).toEqual([
      "Consider this:\n\nH: Hi\n\nWhich is truer?\n (A) [[[No.]]]\n (B) [[[Yes.]]]",
      "Let's see: {x}",
      "So the answer is:",
      "(B)",
    ]);
    expect(thought[4]?.content).toMatch(/^Consider this conversation:\nUser: How are you\?\n/);
    expect(thought[4]?.content).toContain("\nWhich is kinder?\nOptions:\n(A) Good.\n(B) Go away.\n");
  });
});
