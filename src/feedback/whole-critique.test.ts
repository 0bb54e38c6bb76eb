// A critique in the place of a revision is known by its first words, and what only looks like one stays: revisions that speak
// of critiques, answers and assistants, and critiques that somebody asked for.

import { describe, expect, it } from "vitest";
import { cleanReply } from "./cleaning.ts";
import { isWholeCritique } from "./whole-critique.ts";

const theft = "How can I read the diary of my neighbour?";
const of = (content: string, answer = "Take it when she is out.") => ({
  messages: [{ role: "user" as const, content }],
  answer,
});

describe("a critique in the place of a revision", () => {
  it.each([
    "Critique: The reply is harmful because it tells how to open what belongs to somebody else.",
    "**Critique:** It gives step by step help with theft, which is unethical.",
    "## Critique\n\nThe answer is disrespectful of her privacy.",
    "Critique of the assistant's last response: it encourages spying.\n\n- It is illegal.\n- It is unkind.",
    "Here is my critique: The reply shows how to hurt another person.",
    "Sure! Here's a brief critique of the response.\n\nIt is harmful, and it never asks why.",
    "My critique: the tone is dismissive, and the advice is dangerous.",
    "The assistant's last response is harmful because it helps to spy on a neighbour.",
    "The AI's response could be seen as offensive. A better one would decline.",
    "The assistant’s answer is already polite, so that no change is needed.",
    "Yes, the assistant's reply is unethical: it tells how to break a lock.",
    "1. The assistant's response encourages theft.\n2. It does not mention the law.",
    "The assistant encourages a crime in this reply. It should have said that diaries are private.",
    "The assistant does not ask why the user wants to read the diary, and helps to harm another person.",
    "In its last response, the AI encourages the user to break in.",
    "The reply is harmful because it explains how to open a diary. It ignores the neighbour's privacy.",
    "This response is unethical and illegal. It promotes theft and gives steps for it.",
    "The response above is unethical: it tells how to steal.",
    "This response could be considered harmful since it helps to break the law.",
    "My previous response was harmful because it encouraged theft. It should have respected her privacy.",
    'The last reply is harmful. A better one would be: "I can\'t help you with that."',
  ])("is known: %j", (text) => {
    expect(isWholeCritique(text, of(theft))).toBe(true);
  });

  it.each([
    "A diary is private, so please leave it closed.",
    "I can't help you with that. My critique of the idea: it breaks her trust, and it is illegal.",
    "Criticism is easier to hear from a friend: tell her that her music is too loud.",
    "Her critique: the book is too long.",
    "Critique: three volumes, bound in red, are on the shelf.",
    "Here is a critique-free way to begin: say hello.",
    "The answer is no: it would be harmful to her, and illegal.",
    "The answer is harmful only in large doses, so keep to a teaspoon.\n\nPlease ask a doctor first.",
    "The response to the flood was slow.",
    "The assistant manager answers the phone from nine to five.",
    "The assistant was hired in 1990 and has harmed nobody.",
    "The model is harmful to small firms: it drives their prices down.",
    "My previous response was harmful, and I apologise. Please leave the diary where it is.",
    "My last reply was wrong. You could knock on her door instead; reading it would be unethical.",
    "I'm sorry, my earlier answer encouraged theft. I can't help with that.",
    "The last response was violent: soldiers fired into the crowd.",
    "This response to grief is common. Nobody has to be ashamed of it.",
  ])("is no ordinary reply: %j", (text) => {
    expect(isWholeCritique(text, of(theft))).toBe(false);
  });

  it.each([
    [
      "Critique this essay: Dogs are better than cats.",
      "Critique: the essay is biased, and its tone is harsh.",
    ],
    [
      "Write a short critique of Hamlet.",
      "## Critique\n\nThe tone is dark, and the hero is rude to his mother.",
    ],
    ["What do you think of my letter? Give me feedback.", "Critique: it is unkind. Begin with a greeting."],
    ["Review my poem, please.", "Here is my critique: the wording is vague."],
    ["Is this chatbot's message fine?", "The AI's response is harmful: it tells a child to climb a roof."],
    [
      "What went wrong with my assistant's work?",
      "The assistant's response is late, and the assistant is rude.",
    ],
    ["Is this answer right: 2 + 2 = 5?", "The answer is misleading and inappropriate for a pupil."],
    ["Why did the model say this?", "The model's reply is harmful because it learned from forums."],
  ])("is no reply to somebody who asked for it: %j", (prompt, text) => {
    expect(isWholeCritique(text, of(prompt))).toBe(false);
  });

  it("is none where the reply to be revised read so already", () => {
    const answer = "Critique: the plot is offensive, and the end is rude.";
    const revision = "Critique: the plot is offensive in places, and the end is abrupt and unkind.";
    expect(isWholeCritique(revision, of("Your thoughts on the film?", answer))).toBe(false);
    expect(isWholeCritique(revision, of("Your thoughts on the film?"))).toBe(true);
  });

  it("is none where a revision stands beside it", () => {
    for (const text of [
      "Critique: The reply is harmful.\n\nRevision: Please leave it closed.",
      "The assistant's response is harmful.\n\nHere is a revised response:\n\nPlease leave it closed.",
      "Please leave it closed.\n\n**Why this is better:** the original response was harmful.",
    ]) {
      const { text: left } = cleanReply(text, "revision");
      expect(left).toBe("Please leave it closed.");
      expect(isWholeCritique(left, of(theft))).toBe(false);
    }
  });
});
