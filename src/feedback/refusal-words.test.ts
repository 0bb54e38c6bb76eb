// Which texts decline in plain words, and which only begin with an apology or speak of what cannot be.

import { expect, it } from "vitest";
import { refusesInWords } from "./refusal-words.ts";

it.each([
  "I am sorry, but I cannot help with that request.",
  "I'm sorry, I can’t sort these.",
  "I’m very sorry. That is something I will not do.",
  "I can't assist with that.",
  "I cannot help with harmful requests.",
  "Unfortunately, I am not able to do this.",
  "Sorry, but I must decline.",
  "As an AI, I am not comfortable with this.",
  "I would rather not.",
  "I'd rather not say.",
  "  I'm unable to do so.",
])("declines: %j", (text) => {
  expect(refusesInWords(text)).toBe(true);
});

it.each([
  "",
  "privacy",
  "Sorry, here are the areas: privacy, peace.",
  "The user cannot open the letter.",
  "These cannot be sorted.",
  "I think that the first is about privacy, which I cannot be sure of.",
  `I'm sorry for the delay. ${"The area is peace. ".repeat(15)}I cannot say more.`,
])("does not: %j", (text) => {
  expect(refusesInWords(text)).toBe(false);
});
