// What a model is asked, in both forms, with and without examples; and that nobody's words are ever taken for a
// template, changed or lost.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message, RevisionExample } from "../records/index.ts";
import { renderCritique, renderRevision } from "./comparison.ts";
import { readOpposite, renderOpposite } from "./opposite.ts";
import { readRecheck, renderRecheck } from "./recheck.ts";
import { revisionPrompts } from "./revision-prompts.ts";

const principle = { critique: "Is it kind?", revision: "Make it kind." };
const messages: Message[] = [{ role: "user", content: "Hello" }];
const revised = { messages, answer: "Go away." };
const example: RevisionExample = {
  messages: [
    { role: "user", content: "Bye" },
    { role: "assistant", content: "Finally." },
  ],
  critiqueRequest: "Is it warm?",
  critique: "It is cold.",
  revisionRequest: "Make it warm.",
  revision: "See you!",
};
const shownTranscript =
  "\n\nHuman: Bye\n\nAssistant: Finally.\n\nCritiqueRequest: Is it warm?\n\nCritique: It is cold.\n\nRevisionRequest: Make it warm.\n\nRevision: See you!";

describe("the chat form", () => {
  it("without examples asks as it always did", () => {
    const prompts = revisionPrompts("chat");
    expect(prompts.critique(revised, principle)).toEqual(renderCritique(messages, "Go away.", principle));
    expect(prompts.revision(revised, principle, "No.")).toEqual(
      renderRevision(messages, "Go away.", principle, "No."),
    );
    expect(prompts.stop).toEqual([]);
  });

  it("shows examples as earlier messages, after what the system is told", () => {
    const system: Message = { role: "system", content: "Be brief." };
    const asked = revisionPrompts("chat", [example]).critique(
      { messages: [system, ...messages], answer: "Go away." },
      principle,
    );
    expect(asked.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "system: Be brief.",
      "user: Bye",
      "assistant: Finally.",
      "user: Is it warm?",
      "assistant: It is cold.",
      "user: Make it warm.",
      "assistant: See you!",
      "user: Hello",
      "assistant: Go away.",
      "user: Is it kind?",
    ]);
  });

  it("leaves critiques out of everything when it revises directly", () => {
    const asked = revisionPrompts("chat", [example]).revision(revised, principle, null);
    expect(asked.map(({ content }) => content)).toEqual([
      ...["Bye", "Finally.", "Make it warm.", "See you!", "Hello", "Go away.", "Make it kind."],
    ]);
  });
});

describe("the transcript form", () => {
  const prompts = revisionPrompts("transcript", [example]);

  it("is one text that the model goes on with", () => {
    const begin = `${shownTranscript}\n\nHuman: Hello\n\nAssistant: Go away.`;
    const critique = `${begin}\n\nCritiqueRequest: Is it kind?\n\nCritique:`;
    expect(prompts.critique(revised, principle)).toEqual([{ role: "user", content: critique }]);
    expect(prompts.revision(revised, principle, "No.")).toEqual([
      { role: "user", content: `${critique} No.\n\nRevisionRequest: Make it kind.\n\nRevision:` },
    ]);
    const direct = prompts.revision(revised, principle, null)[0]?.content;
    expect(direct).toBe(
      "\n\nHuman: Bye\n\nAssistant: Finally.\n\nRevisionRequest: Make it warm.\n\nRevision: See you!\n\nHuman: Hello\n\nAssistant: Go away.\n\nRevisionRequest: Make it kind.\n\nRevision:",
    );
    expect(prompts.stop).toHaveLength(4);
  });
});

const people = fc
  .array(
    fc.constantFrom(
      "{principle}",
      "{conversation}",
      "{revision}",
      "{first}",
      "{",
      "}",
      "$&",
      "\n\nHuman:",
      "\n\nRevision:",
      "Assistant:",
      "Title:",
      "\u0007",
      "😀",
      " word",
    ),
    { minLength: 1 },
  )
  .map((parts) => parts.join(""));

describe("people's words", () => {
  it("stand in every request exactly as they are", () => {
    fc.assert(
      fc.property(people, people, people, people, (request, answer, critique, revision) => {
        const texts = { critique, revision };
        const conversation = { messages: [{ role: "user" as const, content: request }], answer };
        const transcript = revisionPrompts("transcript").revision(conversation, texts, "so");
        expect(transcript[0]?.content).toBe(
          `\n\nHuman: ${request}\n\nAssistant: ${answer}\n\nCritiqueRequest: ${critique}\n\nCritique: so\n\nRevisionRequest: ${revision}\n\nRevision:`,
        );
        const chat = revisionPrompts("chat", [example]).revision(conversation, texts, "so");
        expect(chat.slice(-5).map(({ content }) => content)).toEqual([
          request,
          answer,
          critique,
          "so",
          revision,
        ]);
        const question = renderRecheck({ ...conversation, reply: answer, principle: texts, order: 1 });
        expect(question[0]?.content).toBe(
          `Consider this conversation:\nUser: ${request}\nAssistant: ${answer}\nIs the last reply of the assistant already as this request wants it, so that nothing has to change?\nRequest: ${revision}\nOptions:\n(A) No, it has to change.\n(B) Yes, nothing has to change.\nThe answer is:`,
        );
      }),
    );
  });

  it("of a principle stand in the request for its opposite", () => {
    fc.assert(
      fc.property(people, (text) => {
        fc.pre(text.trim() !== "");
        const own = { id: "x", title: "x", weight: 1, critique: text, revision: "Mend it.", preference: "" };
        expect(renderOpposite(own)[0]?.content).toContain(
          `\nCritique: ${text.replaceAll(/\s+/g, " ").trim()}\nRevision: Mend it.\n\n`,
        );
      }),
    );
  });
});

describe("a written verdict", () => {
  it.each([
    ["(A)", true],
    ["B", false],
    ["The answer is: (B)", false],
    ["(A) Yes, nothing has to change.", true],
    ["**(B)** No, it has to change.", false],
    ["Yes", true],
    ["No, it has to change.", false],
    ["(A) No, it has to change.", null],
    ["(A) or (B)", null],
    ["A better reply would be kinder.", null],
    ["Yes and no", null],
    ["I cannot say.", null],
    ["", null],
  ])("%j says %j", (text, kept) => {
    expect(readRecheck(text, 0)).toBe(kept);
  });

  it("is turned round with the options", () => {
    expect([readRecheck("(A)", 1), readRecheck("(B)", 1), readRecheck("Yes", 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe("a written opposite", () => {
  const own = { id: "kind", title: "Be kind", weight: 1, ...principle, preference: "Which is kinder?" };
  const good =
    "Title: Be unkind\n\n**Critique:** Is it too kind?\nRevision: Make it unkind: truly.\nPreference: Which is less kind?";

  it("is read line by line", () => {
    expect(readOpposite(good, own)).toEqual({
      type: "read",
      opposite: {
        title: "Be unkind",
        critique: "Is it too kind?",
        revision: "Make it unkind: truly.",
        preference: "Which is less kind?",
      },
    });
  });

  it.each([
    ["small letters", (name: string) => name.toLowerCase()],
    ["capitals", (name: string) => name.toUpperCase()],
    ["bold capitals", (name: string) => `**${name.toUpperCase()}**`],
    ["a space before the colon", (name: string) => `${name} `],
  ])("is read with names in %s, and once each", (_, write) => {
    const text = good.replace(/^\w+(?=:)/gm, write);
    expect(text).not.toBe(good);
    expect(readOpposite(text, own)).toEqual(readOpposite(good, own));
    expect(readOpposite(`${text}\nTitle: Once more`, own)).toMatchObject({ problem: "Title is there twice" });
  });

  it("is asked only for the texts that there are", () => {
    const revising = { ...own, title: "kind", preference: "" };
    expect(renderOpposite(revising)[0]?.content).toMatch(/\nCritique: \.\.\.\nRevision: \.\.\.$/);
    expect(readOpposite("Critique: Too kind?\nRevision: Be rude.", revising)).toMatchObject({
      opposite: { title: "opposite of kind", critique: "Too kind?", preference: "" },
    });
  });

  it.each([
    ["words before it", `Here it is:\n${good}`, /without a name/],
    ["a text that is missing", good.replace(/\nPreference.*/, ""), /Preference is missing/],
    ["a text twice", `${good}\nTitle: Once more`, /Title is there twice/],
    ["an empty text", good.replace("Be unkind", ""), /Title has no text/],
    ["the form itself", good.replace("Be unkind", "..."), /Title has no text/],
    ["the same text", good.replace("Is it too kind?", "is it kind?"), /Critique is the same/],
    ["a refusal in words", "I'm sorry, but I can't help with that.", /without a name/],
  ])("with %s is not taken", (_, text, problem) => {
    const reading = readOpposite(text, own);
    expect(reading.type === "unreadable" && reading.problem).toMatch(problem);
  });
});
