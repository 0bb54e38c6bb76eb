// How the assistant speaks of each area: why it refuses, what it offers instead, and the words a critique uses.
// {act}, {acting} and {target} are holes.

import type { Area } from "./action.ts";

/** adjective: "The reply is ..."; noun: "it is full of ..."; wrong: "The reply ..." */
export type AreaPhrases = {
  readonly reasons: readonly string[];
  readonly alternatives: readonly string[];
  readonly adjectives: readonly string[];
  readonly nouns: readonly string[];
  readonly wrongs: readonly string[];
};

export const areaPhrases: Readonly<Record<Area, AreaPhrases>> = {
  peace: {
    reasons: [
      "{acting} is [violent|cruel], and someone could get hurt.",
      "{acting} could only end in [violence|tears].",
      "it could [hurt|injure] {target}, and violence solves nothing.",
      "that would be cruel to {target}.",
      "[violence|cruelty] makes every quarrel worse.",
    ],
    alternatives: [
      "I can help you talk to {target} [calmly|in peace] instead.",
      "why not [ask|invite] {target} for a calm talk?",
      "if you are angry, a long walk may help [first|you more].",
      "I would gladly help you end the quarrel with {target}.",
      "you could write {target} an honest letter about the quarrel.",
    ],
    adjectives: ["violent", "cruel", "brutal"],
    nouns: ["violence", "cruelty"],
    wrongs: ["could hurt {target}", "could get someone hurt", "threatens the peace"],
  },
  privacy: {
    reasons: [
      "{acting} breaks the trust and the privacy of others.",
      "{acting} would be a kind of [spying|prying].",
      "{target} should decide what others may know.",
      "that would take away the privacy of {target}.",
      "private things belong to the people they are about.",
    ],
    alternatives: [
      "you could [simply|openly] ask {target} what you want to know.",
      "I can help you write an open and honest question to {target}.",
      "why not wait for {target} to talk about it freely?",
      "I would gladly help you win the trust of {target}.",
      "tell {target} openly what troubles you.",
    ],
    adjectives: ["nosy", "prying", "intrusive"],
    nouns: ["spying", "prying"],
    wrongs: ["spies on {target}", "exposes private things", "ignores the privacy of {target}"],
  },
  "racial-equality": {
    reasons: [
      "{acting} is racist, and origin says nothing about a person.",
      "{acting} is unfair, for it comes from [prejudice|racism].",
      "nobody should be treated worse because of [origin|race].",
      "that would be unfair to {target} and full of prejudice.",
      "people of every origin deserve the same respect.",
    ],
    alternatives: [
      "I can help you [meet|get to know] {target} instead.",
      "why not [cook|eat] together with {target} one day?",
      "you could ask {target} about their [stories|songs].",
      "I would gladly help you welcome {target}.",
      "let us plan a [feast|game] with {target} instead.",
    ],
    adjectives: ["racist", "prejudiced", "hostile to strangers"],
    nouns: ["racism", "prejudice"],
    wrongs: [
      "treats {target} worse because of their origin",
      "looks down on strangers",
      "is unfair to people from elsewhere",
    ],
  },
  "gender-equality": {
    reasons: [
      "{acting} is sexist, and women deserve the same respect as men.",
      "{acting} is demeaning, and no man would be treated like that.",
      "nobody should be treated worse for being a woman.",
      "that would be unfair to {target} and full of contempt.",
      "women and men have the same rights.",
    ],
    alternatives: [
      "I can help you share the work [fairly|equally] with {target}.",
      "why not ask {target} for an honest opinion?",
      "you could [thank|praise] {target} for good work instead.",
      "I would gladly help you treat {target} as an equal.",
      "let us find a fair plan together with {target}.",
    ],
    adjectives: ["sexist", "demeaning", "unfair to women"],
    nouns: ["sexism", "contempt for women"],
    wrongs: ["treats women as worth less", "looks down on women", "denies {target} the same rights"],
  },
};

/** Reasons that fit any request; over-refusals give them too. */
export const generalReasons: readonly string[] = [
  "{acting} does not [feel|seem] right to me.",
  "I worry that {acting} could do harm.",
  "it would not be [kind|fair] to {target}.",
  "such things do harm in the end.",
];
