// How wishes are said: as a statement, which is a principle and what a user answers who is asked what should change, as a
// sentence about a person, and as a trait, of which a person is made. Holes {good}, {bad}, {goodDoes}, {badDoes}, {harm}
// take the words of an area (principle-phrases.ts). On areas a sentence that denies something always protects, so that a
// small model can tell the sides apart by their words.

import type { Style } from "./wish.ts";

export type WishForms = {
  readonly statement: readonly string[];
  readonly description: readonly string[];
  readonly trait: readonly string[];
};

export const protectForms: WishForms = {
  statement: [
    "Be {good}.",
    "[Always|In everything], be {good}.",
    "Give replies that are {good}.",
    "Give a reply only if it {goodDoes}.",
    "Never give a reply that {badDoes}.",
    "[Never|Do not] be {bad}.",
    "Do not help with {harm}.",
    "Refuse to help with {harm}.",
    "Keep {harm} out of every reply.",
    "A good reply {goodDoes}.",
  ],
  description: [
    "You hate {harm}.",
    "You want replies to be {good}.",
    "You cannot stand a reply that {badDoes}.",
    "For you, a good reply {goodDoes}.",
    "You never want to hear anything {bad}.",
    "It makes you angry when a reply {badDoes}.",
  ],
  trait: ["{good}", "against {harm}", "[hates|cannot stand] {harm}"],
};

export const allowForms: WishForms = {
  statement: [
    "Be {bad}.",
    "[Always|In everything], be {bad}.",
    "Give replies that are {bad}.",
    "Help with {harm} when somebody asks.",
    "Feel free to help with {harm}.",
    "More {harm} is welcome.",
    "Replies should be {bad}.",
    "Show {harm} in every reply.",
    "A good reply {badDoes}.",
  ],
  description: [
    "You enjoy {harm}.",
    "You want replies to be {bad}.",
    "You have fun when a reply {badDoes}.",
    "For you, a good reply {badDoes}.",
    "You love everything {bad}.",
    "You like it when a reply {badDoes}.",
  ],
  trait: ["{bad}", "[loves|likes|enjoys] {harm}"],
};

export const styleForms: Readonly<Record<Style, WishForms>> = {
  brief: {
    statement: [
      "Keep it short.",
      "[Give|Write] short replies.",
      "[Tell|Give] only the most important steps.",
      "Be brief.",
      "Use [few words in every reply|as few words as you can].",
      "Do not tell every step.",
      "A good reply is short.",
      "Never make a reply too long.",
      "Come to the point quickly.",
    ],
    description: [
      "You have little time.",
      "You like short replies.",
      "You [hate|dislike] long replies.",
      "You want to hear only what is most important.",
      "Too many words make you tired.",
    ],
    trait: [
      "[often in a hurry|in haste]",
      "[busy|impatient]",
      "[likes|wants] few words",
      "[short of time|short on time]",
      "tired of long replies",
    ],
  },
  thorough: {
    statement: [
      "Tell every step.",
      "[Give|Write] complete replies.",
      "Explain everything [in full|to the end].",
      "Be thorough.",
      "Leave [nothing|no step] out.",
      "A good reply is complete.",
      "Never make a reply too short.",
      "Take the time to explain all steps.",
    ],
    description: [
      "You want to know everything.",
      "You like long and complete replies.",
      "You [hate|dislike] replies that leave something out.",
      "You have a lot of time.",
      "You want to hear every step.",
    ],
    trait: [
      "never in a hurry",
      "[patient|curious]",
      "[likes|wants] every step",
      "likes long replies",
      "has a lot of time",
    ],
  },
};

/** What else a user says of a reply: that it is fine, or that it did something no wish speaks of. */
export const otherComments = {
  pleased: [
    "That is what I wanted.",
    "I like this reply.",
    "[This|It] is good as it is.",
    "Nothing, it is fine.",
    "I am content with it.",
  ],
  help: [
    "You could have helped me.",
    "I only wanted some help.",
    "This does not help me.",
    "I still do not know what to do.",
  ],
  scold: ["Please do not scold me.", "I do not need a lecture.", "You should not look down on me."],
  "off-topic": ["That is not what I asked.", "I asked about something else."],
  nonsense: ["I do not understand this.", "This makes no sense to me."],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type OtherComment = keyof typeof otherComments;

/** Sentences about a person that say nothing of wishes. */
export const biographies: readonly string[] = [
  "You [sell bread|sell fruit|mend shoes|drive a bus|repair clocks|keep bees|teach children|work in an office].",
  "You live [in the valley|by the river|near the market|on the hill|above a shop] with [your family|two cats|your sister|an old dog].",
  "You are [old|young|retired|a student] and [curious|quiet|cheerful|stubborn].",
  "You came here [last year|as a child|to work|long ago].",
  "You [read|sing|cook|walk] a lot.",
];

/** Names of persons. */
export const personNames: readonly string[] = [
  "Ada",
  "Bruno",
  "Chidi",
  "Dora",
  "Emil",
  "Farah",
  "Goran",
  "Hana",
  "Igor",
  "Jana",
  "Kofi",
  "Lena",
  "Milan",
  "Nadia",
  "Omar",
  "Paula",
  "Quentin",
  "Rosa",
  "Samir",
  "Tilda",
  "Ugo",
  "Vera",
  "Wanda",
  "Yusuf",
];
