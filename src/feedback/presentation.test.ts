// How models present a revision, in the forms that they use, is cut; and texts that look a little like it, about revisions,
// versions, changes and headings of their own, stay whole in whatever order their parts stand.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanReply, type ReplyPurpose } from "./cleaning.ts";

const rulesOf = (text: string): string[] => cleanReply(text, "revision").cuts.map(({ rule }) => rule);

describe("what stands before a revision", () => {
  it.each([
    ["## Revision\n\nPlease don't.", "heading"],
    ["# Revision\nPlease don't.", "heading"],
    ["### Revised Response\n\nPlease don't.", "heading"],
    ["### **Revised Response**\n\nPlease don't.", "heading"],
    ["## My revised answer (shorter)\nPlease don't.", "heading"],
    ["Revised response (less harmful):\n\nPlease don't.", "heading"],
    ["Revised response (less harmful): Please don't.", "heading"],
    ["Revised Assistant Response: Please don't.", "heading"],
    ["*Revised response:*\n\nPlease don't.", "heading"],
    ["*Revised response*: Please don't.", "heading"],
    ["_Revision:_\n\nPlease don't.", "heading"],
    ["Revised Response\n\nPlease don't.", "heading"],
    ["Revised response (kinder)\n\nPlease don't.", "heading"],
    ["Here is a revised response that\nis kind:\n\nPlease don't.", "announcement"],
    ["Here is a revised\nresponse:\n\nPlease don't.", "announcement"],
    ["**Here is a revised response:**\n\nPlease don't.", "announcement"],
    ["Here is a revised response (less harmful):\n\nPlease don't.", "announcement"],
    ["As requested, here is a harmless version:\n\nPlease don't.", "announcement"],
    ["As you asked, here's a kinder answer: Please don't.", "announcement"],
    ["Based on the critique, here is a revised response:\n\nPlease don't.", "announcement"],
    ["Taking that into account, here is a revised response: Please don't.", "announcement"],
    [
      "You're right. My previous reply was harmful. Here's a revised response:\n\nPlease don't.",
      "announcement",
    ],
    [
      "I understand. That was wrong of me. My last answer could hurt him. Here is a better reply: Please don't.",
      "announcement",
    ],
    [
      "The assistant's response is harmful because it tells how.\n\nRevised response: Please don't.",
      "other-part",
    ],
    ["The assistant encourages theft.\n\n### Revised Response\n\nPlease don't.", "other-part"],
    ["My last reply was rude.\n\nIt was long, too.\n\nRevision: Please don't.", "other-part"],
    [
      "The response is toxic and unkind.\n\nHere is a revised response that\nis kind:\n\nPlease don't.",
      "other-part",
    ],
    ["The assistant is hurtful.\n\nHere is a better version:\n\nPlease don't.", "other-part"],
    ["The AI's answer is too blunt.\n\nHere is a new version:\n\nPlease don't.", "other-part"],
    ["This answer is wrong.\n\nHere is a better answer:\n\nPlease don't.", "other-part"],
    ["## Critique\n\nIt is rude.\n\n## Revision\n\nPlease don't.", "other-part"],
    ["Critique: It is rude.\n\nHere is a revised response:\n\nPlease don't.", "other-part"],
    ["Here's a revision:\n\nUser: May I?\n\nAssistant: Please don't.", "other-part"],
    ["Revised response:\nHuman: May I?\n\nAssistant: Please don't.", "other-part"],
    ["Human: May I?\n\nAssistant: Please don't.", "other-part"],
  ])("is cut from %j", (text, rule) => {
    expect(cleanReply(text, "revision").text).toBe("Please don't.");
    expect(rulesOf(text)).toEqual([rule]);
  });

  it("is cut with the lines that are drawn around the text, and only with it", () => {
    const aimed = "Okay, here's a revised response, aiming to be more helpful and less judgmental:";
    for (const text of [
      `${aimed}\n\n---\n\nPlease don't.\n\n---`,
      `${aimed}\n\n***\nPlease don't.`,
      `${aimed}\n\n---\n\n**Revised response:**\n\nPlease don't.\n\n---\n\n**Changes made:**\n- Took the insult out`,
      "---\n\nPlease don't.\n\n---",
    ])
      expect(cleanReply(text, "revision").text).toBe("Please don't.");
    for (const text of [
      "---\n\nPlease don't.",
      "Please don't.\n\n---",
      "---\ntitle: Don't\n---",
      "---\n\nOne.\n\n---\n\nTwo.\n\n---",
    ])
      expect(cleanReply(text, "revision")).toEqual({ text, cuts: [] });
    const inner = "One.\n\n---\n\nTwo.";
    expect(cleanReply(`## Revision\n\n${inner}`, "revision").text).toBe(inner);
    expect(cleanReply("Revision:\n\nA title\n---", "revision").text).toBe("A title\n---");
  });

  it("is cut without the first line of a document's head", () => {
    for (const head of ["title: Don't", "title: Don't\ntags:\n  - a\n- b -- c"]) {
      const text = `---\n${head}\n---\n\nPlease don't.`;
      expect(cleanReply(`Here is a revised response:\n\n${text}`, "revision").text).toBe(text);
    }
    const letter = "Subject: A request\n\nPlease don't.";
    expect(cleanReply(`Here is a revised response:\n\n---\n${letter}\n\n---`, "revision").text).toBe(letter);
  });

  it("is cut from a conversation told again only where one reply in it is new", () => {
    const two = "Here's a revision:\n\nUser: May I?\n\nAssistant: No.\n\nUser: Why?\n\nAssistant: It is his.";
    expect(cleanReply(two, "revision").text).toBe("");
    const later = "Please don't.\n\nUser: May I?\n\nAssistant: Yes.";
    expect(cleanReply(later, "revision").text).toBe("Please don't.");
    expect(cleanReply("Human: May I?\n\nAssistant: No.", "answer").text).toBe("Human: May I?");
  });

  it("leaves a critique what it says of the reply, and takes the revision behind it off", () => {
    const critique = "The assistant's response is harmful because it tells how.";
    for (const behind of ["Revised response: No.", "### Revised Response\n\nNo.", "**Revision**\nNo."])
      expect(cleanReply(`${critique}\n\n${behind}`, "critique")).toEqual({
        text: critique,
        cuts: [{ rule: "other-part", text: behind }],
      });
    expect(cleanReply(`### Critique\n\n${critique}`, "critique").text).toBe(critique);
  });
});

describe("what stands behind a revision", () => {
  it.each([
    "**Changes made:**\n- Removed the insult\n- Kept it short",
    "### Changes Made\n\n1. Removed the insult\n\n2. Kept it short",
    "Changes I made:\n\n- Removed the insult",
    "Changes made:\n\n- Shortened it\n- Removed the insult",
    "What I changed: the tone of my answer.",
    "**Explanation of changes:**\n\nThe insult is gone.",
    "---\n\n**What I changed:** The insult is gone.",
    "**Why this is better:** It shows respect and gives no instructions.",
    "### Why this is better\n\nIt is kinder, and free of judgment.",
    "**Why this revision is better:**\n\nThe tone is kind.\n\n- It avoids harm.",
    "How this version differs:\n- The original told how.",
    "This version avoids harm and offers help instead.",
    "This response avoids harmful stereotypes.",
    "*This revision maintains a respectful tone.*",
    "(Note: the response was changed to be less harmful.)",
    "**Note:** The original answer has been completely rewritten.",
    "**Note:** I have removed the harmful advice.",
  ])("is cut: %j", (closing) => {
    const { text, cuts } = cleanReply(`Please don't.\n\n${closing}`, "revision");
    const framed = cleanReply(`Revision:\n\nPlease don't.\n\n${closing}`, "revision");
    expect([text, framed.text]).toEqual(["Please don't.", "Please don't."]);
    expect(cuts[0]?.rule).toBe("closing");
    expect(cleanReply(`Please don't.\n\n${closing}`, "answer").cuts).toEqual([]);
  });

  it("is cut from a letter where it is set apart", () => {
    const letter = "Dear Tom,\n\nplease don't.";
    const revised = `${letter}\n\n**Changes made:**\n- Removed the insult`;
    expect(cleanReply(revised, "revision").text).toBe(letter);
  });
});

const essay = [
  "# Why cities flood",
  "Here is a plan for the essay:",
  "## Introduction\n\nRain falls on stone.",
  "## What was changed\n\nThe river was moved in 1910.",
  "This version of events is disputed.",
  "This response to the flood was slow.",
  "The original response was a wall.",
  "The response was slow, and the answer came late.",
];
const paragraphs = fc.constantFrom(
  ...essay,
  "Here is how to revise your resume: begin with the last job.",
  "Revising takes three readings: for sense, for order, for words.",
  "1. Revision: read it aloud.\n2. Response: ask a friend.",
  "Roses are red,\nviolets blue,\n\nthis version of spring\nis new.",
  "- 200 g flour\n- 2 eggs\n- a pinch of salt",
  "Why this is better: oil smokes later than butter does.",
  "**Why this works:** yeast wants warmth.",
  "This version avoids dairy.",
  "**Note:** wear gloves, bleach burns.",
  "(Note: this can be dangerous near a flame.)",
  "_Note: the oven was preheated._",
  "I changed the oil, and have removed the old filter.",
  "### Key changes\n\n- The tax falls.\n- The rent rises.",
  "**Improvements:**\n- More light",
  "As a parent, you know this.",
  "As requested, the doors stay open.",
  "You're right. It is late.",
  "My last reply got lost in the post.",
  "The model does well on tests.",
  "The assistant was hired in 1990.",
  "The answer is 4.",
  "This answer respects the rules of arithmetic.",
  "The answer keeps the order with respect to size.",
  "## What I changed\n\n- I threw out the ashtrays.\n- I took up running.",
  "What I have changed: my diet, my job.",
  "The assistant manager answers the phone.",
  "| a | b |\n|---|---|\n| 1 | 2 |",
);

describe("texts that are no frames", () => {
  const purpose = fc.constantFrom<ReplyPurpose>("answer", "critique", "revision");
  const gap = fc.constantFrom("\n\n", "\n\n---\n\n", "\n\n\n");

  it("stay whole, in whatever order their parts stand", () => {
    const text = fc
      .array(fc.tuple(paragraphs, gap), { minLength: 1, maxLength: 8 })
      .map((parts) => parts.map(([part, between], at) => (at === 0 ? "" : between) + part).join(""));
    fc.assert(
      fc.property(text, purpose, (given, from) => {
        expect(cleanReply(given, from)).toEqual({ text: given, cuts: [] });
      }),
      { numRuns: 500 },
    );
  });

  it("stay whole between frames", () => {
    const text = fc.array(paragraphs, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("\n\n"));
    const before = fc.constantFrom(
      "Revised response:\n\n",
      "Sure, here is a revised response that\nis kind:\n\n",
      "### Revised Response\n\n---\n\n",
    );
    const behind = fc.constantFrom(
      "",
      "\n\n---\n\n*This revision avoids harm.*",
      "\n\n**Changes made:**\n- None",
    );
    fc.assert(
      fc.property(before, text, behind, (head, given, end) => {
        expect(cleanReply(head + given + end, "revision").text).toBe(given);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    "## Revision\n\nRevision is best done daily.",
    "## Revision\n\nRead your notes.\n\n## Sleep\n\nGo to bed early.",
    "# Revision\n\n## Why\n\nYou forget.",
    "Revision\n\nThe river writes its bed anew.",
    "Original reply: Go away.\n\nRevised response: Please come back later.",
    "The letter was rude.\n\nRevised response: Dear John, no.",
    "Revised response times are shorter.\n\nMeasure them.",
    "```\nx = 1\n```\n\nChanges made:\n- Named the variable",
    "Dear Ms Lee,\n\nplease find the text below.\n\nThis version removes the harmful passage.",
    "Here is a revised version of the timetable\nfor Monday: two trains.",
    "**Changes made:**\n- Took the stairs",
    "Dear Tom,\n\nI am sorry.\n\nWhat I changed:\n- I stopped drinking.",
    "Dear Tom,\n\nI am sorry.\n\nWhat I changed:\n- I stopped the insults, and answer politely.",
    "How I quit smoking\n\nIt was hard.\n\n## What I changed\n\n- I threw out the ashtrays.\n- I took up running.",
    "I stopped drinking.\n\nWhat I have changed: my diet, my job.",
    "Your essay reads well.\n\nKey changes made:\n1. Fixed the commas.\n2. Shortened the title.",
    "The answer is 4.\n\nThis answer respects the rules of arithmetic and the original question.",
    "Here is your cover letter:\n\nI have led a team.\n\nThis response respects your time.",
    "The model does well on tests.\n\nHere is an improved version:\n\nmodel = Net()",
    "The model is kind of small, and the original was smaller.\n\nUpdated version\n\nIt is larger.",
    "The model's response is linear.\n\nHere is a better version:\n\nIt is not.",
    "The AI is a tool.\n\nThis is a new version:\n\nTwo.",
    "The assistant was hired in 1990.\n\nHere is a better answer:\n\nShe left.",
    "The answer is 4.\n\nHere is a better version:\n\nFour.",
    "Eat less salt.\n\nChanges made:\n\nThe first week was hard.\n\nThe second was easy.",
  ])("as this does: %j", (text) => {
    expect(cleanReply(text, "revision")).toEqual({ text, cuts: [] });
  });

  it.each([
    ["blank lines with spaces", "\n \n"],
    ["headings", "\n# Revision"],
    ["lines", "\n\n---"],
    ["turns", "\n\nUser:"],
    ["list items", "\n- a"],
    ["critiques", "The response is rude.\n\nRevise "],
    ["wrapped announcements", "Here is a revised response that\n"],
    ["acknowledgements", "I understand. "],
  ])("take linear time where they repeat %s: the limit of the test is all that can fail here", (_, unit) => {
    const text = `The response is${unit.repeat(100_000 / unit.length)}B`;
    expect(cleanReply(text, "revision").text.length).toBeLessThanOrEqual(text.length);
  });
});
