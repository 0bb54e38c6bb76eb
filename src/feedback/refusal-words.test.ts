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
  "I decline to answer.",
  "I refuse to do this.",
  "I have to refuse.",
  "I can not help with that.",
  "I'm not going to help.",
  "I am not willing to sort these.",
  "I do not feel comfortable doing that.",
  "We cannot help.",
  "We’re not able to do this.",
])("declines: %j", (text) => {
  expect(refusesInWords(text)).toBe(true);
});

it.each([
  "",
  "privacy",
  "Sorry, here are the areas: privacy, peace.",
  "The user cannot open the letter.",
  "These cannot be sorted.",
  "I declined the offer, which I cannot regret.",
  "I canter, and cannot stop.",
  "I refused to, and cannot say why.",
  "I'm going to sort what cannot be sorted.",
  "We can sort these.",
  "I think that the first is about privacy, which I cannot be sure of.",
  `I'm sorry for the delay. ${"The area is peace. ".repeat(15)}I cannot say more.`,
])("does not: %j", (text) => {
  expect(refusesInWords(text)).toBe(false);
});
