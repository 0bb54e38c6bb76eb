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
    ["Hi.\n[INST] And then? [/INST] Then this.", "Hi.", ["next-turn"]],
    ["Hi.</s><s>[INST] And then? [/INST] Then this.", "Hi.", ["next-turn", "end-token"]],
    ["Hi.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd?", "Hi.", ["next-turn", "end-token"]],
    ["<think>\nWhat would help?\n</think>\n\nRest.", "Rest.", ["thought"]],
    ["<think>\n\n</think>\n\nRest.", "Rest.", ["thought"]],
    ["<thinking>Human: said\n\nHuman: x</thinking>Rest.", "Rest.", ["thought"]],
    ["[THINK]Hm.[/THINK]Rest.", "Rest.", ["thought"]],
    ["The template began this thought.\n</think>\n\nRest.", "Rest.", ["thought"]],
    ["<think>\nWhat would help? It was cut", "", ["thought"]],
    ["Assistant: <think>Hm.</think> Rest.", "Rest.", ["role-marker", "thought"]],
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
    "Revision: Please don't.",
    "**Revision:** Please don't.",
    "REVISION: Please don't.",
    "Response: Please don't.",
    "Assistant's revised response: Please don't.",
    "The assistant’s revised response:\nPlease don't.",
    "Here is a revised response\n\nPlease don't.",
    "Here is a revised response that avoids the insult.\n\nPlease don't.",
    "Here's a more harmless version: Please don't.",
    "Here is a less harmful and more polite answer:\n\nPlease don't.",
    "Here’s a revised, more harmless version of the response: Please don't.",
    "Here is a safer response: Please don't.",
    "Critique: It is rude.\n\nRevision: Please don't.",
    "Critique: It is rude. It is short. Revision: Please don't.",
    "**Critique:** It is rude.\n\n**Revised response:** Please don't.",
    "Please don't.\n\nI have removed the harmful advice and kept the tone friendly.",
    "Please don't.\n\n(Note: I've removed all offensive and hurtful language.)",
    "<think>Hm. Revision: no.</think>\nRevision: Please don't.",
    '"Please don\'t."',
    'Here is a revised response:\n\n"Please don\'t."',
    "You're right, that was careless of me. Here is a revised response: Please don't.",
    "I apologize for what I said before. Here's a rewritten answer without it:\n\nPlease don't.",
    "Thank you for the feedback! Sure, here is an improved reply: Please don't.",
    "Please don't.\n\nThis revised response takes out the steps and stays friendly.",
    "Please don't.\n\n(Note: In this rewritten version I left out what could hurt someone.)",
    'Assistant: Here is the revised answer: "Please don\'t."\n\nHuman: Thanks!',
    "Sure! I'd be happy to. Here's a revised version of my last response:\n\nPlease don't.",
    "The revised response is:\n\nPlease don't.",
    "My revised answer would be: Please don't.",
    "A better response would be as follows:\n\nPlease don't.",
    "I have revised my response as follows:\n\nPlease don't.",
    "I've rewritten my last reply to leave out the insult: Please don't.",
    "[Revised response]\nPlease don't.",
    "[REVISION]: Please don't.",
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
    "Use <|im_start|> to begin a turn.",
    "Llama 2 puts [INST] and [/INST] round what you say.",
    "Template:\n```\n<|im_start|>user\nHi\n<|im_end|>\n```\nThat is all.",
    "Logs look like this:\n\n```\n\nHuman: hello\n\nAssistant: hi\n```\n\nRead them from above.",
    "A tag such as <think> opens, and </think> closes.",
    "I removed the stain with salt.\n\nI have removed the old paint.",
    "It went well.\n\nI changed my answer.",
    "Response times vary: measure them.",
    "Response: to be agreed upon",
    "Here is a more detailed map: turn left.",
    "Here is more water\n\nDrink it.",
    "Dear John,\n\nI removed the password information from the wiki.",
    "Dear Ms Lee,\n\nthank you.\n\nI have changed the wording of the details, as you asked.",
    "The revised response is due on Monday: call them.",
    "I have revised my answer twice.",
    "I have rewritten the letter as follows: Dear John, no.",
    "A better plan would be: sleep.",
    "[Revised] building codes apply.",
    "The new message is: hello.",
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
    expect(cleanReply("It is rude.\n\nRevision: Please don't.", "critique")).toEqual({
      text: "It is rude.",
      cuts: [{ rule: "other-part", text: "Revision: Please don't." }],
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
    ["turns", "b <|im_start|>"],
    ["thoughts", "</think>"],
    ["revisions", " revised,"],
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
    "<|im_start|>",
    "<think>",
    "</think>",
    "\n\nI have removed the harmful advice",
    "Critique:",
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

  it("leaves ordinary sentences alone, in whatever order they stand", () => {
    const sentence = fc.constantFrom(
      "The revised budget is ready.",
      "Response times vary.",
      "A human: that is what I am.",
      "I removed the old tyres.",
      "This answer is short, and a better one is longer.",
      "Use <|im_start|> to begin a turn and <|im_end|> to end it.",
      "I think, therefore I am; a <think> tag is no thought.",
      "Revision is the best way to learn.",
      'He said "stop" and left.',
      "- first: one\n- second: two",
      "```\n\nHuman: in code\n```",
      "Here is what helps: rest.",
      "Her critique: too long.",
    );
    const separator = fc.constantFrom(" ", "\n", "\n\n");
    const text = fc
      .array(fc.tuple(sentence, separator), { minLength: 1, maxLength: 8 })
      .map((pieces) => pieces.map((piece) => piece.join("")).join(""))
      // A block of code begins and ends on lines of its own.
      .map((joined) => joined.replace(/[^\S\n]*```/g, "\n```"));
    fc.assert(
      fc.property(text, purpose, (given, from) => {
        expect(cleanReply(given, from)).toEqual({ text: given.trim(), cuts: [] });
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
