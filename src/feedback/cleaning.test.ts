// What cleaning cuts from replies, by rule, and what it must leave alone: ordinary text in any language, twice cleaned
// as once.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanReply, type ReplyPurpose } from "./cleaning.ts";

const rulesOf = (text: string, purpose: ReplyPurpose): string[] =>
  cleanReply(text, purpose).cuts.map((cut) => cut.rule);

describe("cleanReply", () => {
  it.each([
    ["Assistant: I can't help with that.", "I can't help with that.", ["role-marker"]],
    ["\n\nAssistant: Hello.", "Hello.", ["role-marker"]],
    ["<|assistant|>\nHello.", "Hello.", ["role-marker"]],
    ["Sure.\n\nHuman: And then?\n\nAssistant: Then this.", "Sure.", ["next-turn"]],
    ["Sure.\n\n\nUser: And then?", "Sure.", ["next-turn"]],
    ["Hello.<EOT>", "Hello.", ["end-token"]],
    ["Hello.<|im_end|>\n", "Hello.", ["end-token"]],
    ["Hello.</s>", "Hello.", ["end-token"]],
    ["Assistant: Hi.\n\nHuman: x<EOT>", "Hi.", ["end-token", "role-marker", "next-turn"]],
    ["\n\nHuman: what?", "", ["next-turn"]],
    ["No.\n\nCritiqueRequest: Say what is wrong.\n\nCritique: Nothing.", "No.", ["next-turn"]],
    ["No.\n\nRevisionRequest: Mend it.\n\nRevision: Never.", "No.", ["next-turn"]],
    ["Hi.<|im_end|>\n<|im_start|>user\nAnd then?", "Hi.", ["next-turn", "end-token"]],
    ["<|im_start|>assistant\nHi.", "Hi.", ["role-marker"]],
    ["<|start_header_id|>assistant<|end_header_id|>\n\nHi.<|eot_id|>", "Hi.", ["end-token", "role-marker"]],
    ["<start_of_turn>model\nHi.<end_of_turn>", "Hi.", ["end-token", "role-marker"]],
    ["Hi. [INST] And then? [/INST] Then this.", "Hi.", ["next-turn"]],
    ["AI: Hi.", "Hi.", ["role-marker"]],
  ])("takes role markers and foreign turns out of %j", (text, expected, rules) => {
    expect(cleanReply(text, "answer").text).toBe(expected);
    expect(rulesOf(text, "answer")).toEqual(rules);
  });

  it.each([
    "Here is a revised response: Please don't.",
    "Sure, here's a rewritten response that avoids the harm: Please don't.",
    "Here’s a revised version of the assistant's last response:\n\nPlease don't.",
    "Certainly! Here is my improved answer:\nPlease don't.",
    "Below is the revised reply:\n\nPlease don't.",
    "Here is a possible revision of the response, without the insult: Please don't.",
    "Here is a more polite and revised version of my answer: Please don't.",
    "Okay, this is a corrected answer to the question: Please don't.",
    "Revised response: Please don't.",
    "**Revised Response:**\nPlease don't.",
    "Revision:\n\nPlease don't.",
    '"Please don\'t."',
    'Here is a revised response:\n\n"Please don\'t."',
    "You're right, that was careless of me. Here is a revised response: Please don't.",
    "I apologize for what I said before. Here's a rewritten answer without it:\n\nPlease don't.",
    "Thank you for the feedback! Sure, here is an improved reply: Please don't.",
    "Please don't.\n\nThis revised response takes out the steps and stays friendly.",
    "Please don't.\n\n(Note: In this rewritten version I left out what could hurt someone.)",
    'Assistant: Here is the revised answer: "Please don\'t."\n\nHuman: Thanks!',
  ])("takes announcements out of the revision %j", (text) => {
    const { text: cleaned, cuts } = cleanReply(text, "revision");
    expect(cleaned).toBe("Please don't.");
    expect(cuts.length).toBeGreaterThan(0);
  });

  it.each([
    "I'm sorry to hear that. Here is what may help: rest.",
    "You're right. It is late.",
    "One.\n\nThis answer is short.\n\nTwo.",
    "This revised response is all there is.",
    "Aim: be kind.\n\nAI: what it is and is not",
    "Here is a list of revised building codes: one, two.",
    "Here is the revised budget: rent 500, food 300.",
    "Here is a revised version of your essay: Once upon a time.",
    "Here is how I would answer: slowly.",
    "This is a better world: everyone shares.",
    '"Yes" is what I said, and you said "no"',
    "He said “stop” and left.",
    "Assistant professors earn less.",
    "The assistant: a play in one act",
    "Notes:\nHuman: a mammal\nUser: a person at a computer",
    "Revision is the best way to learn: do it daily.",
    "Revision: the only way to learn.",
    "Use <s>old</s>",
    "Set {name} to {value} and {principle} stays.",
    "Critique: of pure reason",
    "A human: that is what I am.\n\nHumans: all of us.",
    "Here is how I would phrase one much better answer: slowly.",
    "😀 {} 💡",
  ])("does not touch %j", (text) => {
    expect(cleanReply(text, "revision")).toEqual({ text, cuts: [] });
    expect(cleanReply(text, "answer")).toEqual({ text, cuts: [] });
  });

  it("keeps announcements and quotes of ordinary answers", () => {
    for (const text of ["Here is a revised response: no.", '"To be or not to be"', "Revised answer: 42"]) {
      expect(cleanReply(text, "answer")).toEqual({ text, cuts: [] });
    }
  });

  it("takes the heading off a critique alone", () => {
    expect(cleanReply("Critique: It is rude.", "critique")).toEqual({
      text: "It is rude.",
      cuts: [{ rule: "heading", text: "Critique:" }],
    });
    expect(cleanReply("Here is a revised response: x", "critique").cuts).toEqual([]);
  });

  it.each([
    ["a phrase", "Here is a revised "],
    ["blank lines", "\n"],
    ["spaces", " "],
    ["markers", "\nHuman:"],
    ["paragraphs", "\n\nThis is "],
    ["apologies", "I'm sorry. "],
  ])("reads long runs of %s unchanged", (_, unit) => {
    const text = `A${unit.repeat(100_000 / unit.length)}B`;
    expect(cleanReply(text, "revision")).toEqual({ text, cuts: [] });
  });

  const piece = fc.constantFrom(
    "Assistant:",
    "\n\nHuman:",
    "\n\n",
    " ",
    '"',
    "“",
    "”",
    "Here is a revised response: ",
    "Revision:",
    "<EOT>",
    "</s>",
    "word",
    "A sentence.",
  );
  const purpose = fc.constantFrom<ReplyPurpose>("answer", "critique", "revision");

  it("is done after one pass, and only takes text away", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), purpose, (pieces, from) => {
        const text = pieces.join("");
        const once = cleanReply(text, from);
        expect(cleanReply(once.text, from)).toEqual({ text: once.text, cuts: [] });
        expect(text).toContain(once.text);
        expect(once.cuts.length === 0).toBe(once.text === text.trim());
      }),
    );
  });

  it("passes text without markers unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), purpose, (text, from) => {
        fc.pre(!/[:"“”«»<[]/.test(text));
        expect(cleanReply(text, from)).toEqual({ text: text.trim(), cuts: [] });
      }),
    );
  });
});
