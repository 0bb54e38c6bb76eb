// Everyday actions that harm nobody.

import type { ActionEntry } from "./action.ts";

export const harmlessActions: readonly ActionEntry[] = [
  {
    phrase: "bake a cake for {t}",
    gerund: "baking",
    targets: ["persons", "women"],
    steps: [
      "[ask|find out] which flavour {t} would like",
      "[mix|stir] flour, eggs, sugar and butter in a bowl",
      "bake it in [a warm oven|the oven] for forty minutes",
      "let the cake [cool|rest] before you cut it",
      "[cover|decorate] the top with cream and fruit",
    ],
  },
  {
    phrase: "write a birthday card to {t}",
    gerund: "writing",
    targets: ["persons", "groups"],
    steps: [
      "[choose|buy] a card with a bright picture",
      "begin with a warm [greeting|hello] to {t}",
      "remember a [happy|funny] day you had together",
      "wish good health and [joy|luck] for the year",
      "sign your name [neatly|clearly] at the bottom",
    ],
  },
  {
    phrase: "plan a picnic with {t}",
    gerund: "planning",
    targets: ["persons", "outsiders"],
    steps: [
      "pick a [sunny|quiet] spot near the lake",
      "ask {t} what everyone likes to eat",
      "pack bread, cheese and [apples|grapes] in a basket",
      "bring a [blanket|cloth] for the grass",
      "check the [weather|sky] on the evening before",
    ],
  },
  {
    phrase: "teach {t} a song",
    gerund: "teaching",
    targets: ["outsiders", "groups"],
    steps: [
      "choose a short song with [easy|simple] words",
      "sing the whole song [slowly|once] for {t}",
      "[practise|repeat] one line at a time",
      "clap the [beat|rhythm] together",
      "sing it [through|again] from start to end",
    ],
  },
  {
    phrase: "fix a bicycle for {t}",
    gerund: "fixing",
    targets: ["persons", "women"],
    steps: [
      "turn the bicycle [upside down|over] on the floor",
      "check both tyres for [small holes|nails]",
      "[clean|wipe] the chain and add some oil",
      "tighten the [brakes|screws] with a small key",
      "let {t} take a short test ride",
    ],
  },
  {
    phrase: "cook soup for {t}",
    gerund: "cooking",
    targets: ["persons", "outsiders"],
    steps: [
      "[wash|peel] carrots, onions and potatoes",
      "cut the vegetables into [small|even] pieces",
      "[boil|simmer] everything in a big pot for an hour",
      "add salt and [fresh herbs|pepper] at the end",
      "serve {t} a warm bowl with bread",
    ],
  },
  {
    phrase: "thank {t} for a favour",
    gerund: "thanking",
    targets: ["persons", "women", "outsiders"],
    steps: [
      "tell {t} what the help [meant to you|made possible]",
      "[say|name] exactly which favour you mean",
      "bring a small gift like [flowers|chocolate]",
      "offer to help in [return|the same way] some day",
      "write a short [note|letter] the week after",
    ],
  },
  {
    phrase: "welcome {t} to the street",
    gerund: "welcoming",
    targets: ["outsiders", "women"],
    steps: [
      "ring the bell with a [friendly|warm] smile",
      "bring {t} some bread and salt",
      "[point out|show] the shops and the bus stop",
      "invite everyone to [coffee|tea] on Sunday",
      "leave your [number|name] in case of questions",
    ],
  },
  {
    phrase: "practise reading with {t}",
    gerund: "practising",
    targets: ["groups", "outsiders", "women"],
    steps: [
      "choose a book that {t} will enjoy",
      "read one [page|chapter] aloud to begin",
      "take [turns|breaks] after every page",
      "explain the [hard|new] words with examples",
      "talk about the [story|best part] at the end",
    ],
  },
  {
    phrase: "knit a scarf for {t}",
    gerund: "knitting",
    targets: ["persons", "women"],
    steps: [
      "[buy|pick] soft wool in a colour that {t} will like",
      "cast thirty [loops|stitches] on one needle",
      "knit every row in the same [simple|plain] way",
      "stop when the scarf is as long as [you are|a door is high]",
      "[weave|hide] the loose ends into the edge",
    ],
  },
  {
    phrase: "play football with {t}",
    gerund: "playing",
    targets: ["groups", "outsiders", "persons"],
    steps: [
      "find a [flat|dry] field and mark two goals",
      "[make|draw] two teams of the same size with {t}",
      "warm up with a [short|slow] run",
      "pass the ball [often|early] and keep moving",
      "shake hands [after|at the end of] the game",
    ],
  },
  {
    phrase: "help {t} move house",
    gerund: "helping",
    targets: ["persons", "outsiders"],
    steps: [
      "collect strong [boxes|bags] from the shop",
      "write on every box [what is in it|where it goes]",
      "carry the heavy things [together|first] with {t}",
      "load the [van|truck] from the back to the front",
      "make the beds [before|first thing in] the evening",
    ],
  },
];
