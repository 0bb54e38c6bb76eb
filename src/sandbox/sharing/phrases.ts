// What is said of sharing: sentences that ask for one of three norms, sentences that refuse offers against a norm, and the
// things that are shared. Knows no number and no form of an answer.

import { expandAll } from "../phrase.ts";

/** altruistic: give all; fair: give half; selfish: give the least. */
export const norms = ["altruistic", "fair", "selfish"] as const;
export type Norm = (typeof norms)[number];

/** Sentences of a norm; the first is what players of games are told. */
export const normForms: Readonly<Record<Norm, readonly string[]>> = {
  altruistic: [
    "Give others as much as you can, whatever that costs you.",
    "[Give|Leave|Offer] [everything|all of it|all that there is] to [others|the other|the other player].",
    "[Give|Hand] [everything|all of it|all that there is] away[| and keep nothing].",
    "Keep nothing [for yourself|of it|at all].",
    "Let [others|the other|the other player] have [everything|all of it|all that there is].",
    "Be [generous|kind|unselfish] and give [everything|all of it|all that there is] [away|to others].",
    "[Others come|The other comes] first, so [keep nothing|give everything away|give all of it away].",
    "Think of [others|the other] [alone|only] and give [everything|all of it] away.",
    "[Whatever|All that] there is belongs to [others|the other].",
    "Take nothing [for yourself|at all], and leave [everything|all of it] to [others|the other].",
    "Do all that you can for others and nothing for yourself.",
  ],
  fair: [
    "Share evenly, so that everybody gets the same.",
    "[Share|Split|Divide] [everything|it|all of it|all that there is] [evenly|equally|in two equal parts].",
    "[Give|Offer] [half|one half] of it [away|to others|to the other|to the other player].",
    "Give half and keep half.",
    "Keep [half|one half] and give the other half [away|to others|to the other].",
    "[Everybody|Everyone|Each player] [gets|should get] [the same|an equal part|just as much].",
    "Be [fair|just] and [share evenly|give half of it away|give half of it to others].",
    "Keep as much as you give[| to others| to the other].",
    "Give as much as you keep[| for yourself].",
    "[Nobody|No player] [gets|should get] more than the other.",
    "Treat [others|the other] like yourself and [share evenly|give half of it away].",
  ],
  selfish: [
    "Keep as much as you can for yourself, whatever that costs others; give the least that is still something.",
    "Keep [as much as you can|almost everything|almost all of it|nearly everything] for yourself.",
    "Keep [as much as you can|almost everything|almost all of it|nearly everything].",
    "[Give|Offer] [as little as you can|the least that you can|next to nothing|hardly anything] to [others|the other|the other player].",
    "Give [as little as you can|the least that you can|next to nothing|hardly anything] away.",
    "Be [selfish|greedy] and [keep as much as you can|give as little as you can|give next to nothing].",
    "You come first, so [keep as much as you can|give as little as you can|keep almost everything].",
    "Think of yourself [alone|only] and give [as little as you can|next to nothing|hardly anything] away.",
    "[Take|Claim] [almost everything|almost all of it|nearly everything] and leave [others|the other] [the least|next to nothing].",
    "Others [get|should get] [the least that you can give|next to nothing|hardly anything].",
    "Do all that you can for yourself and next to nothing for others.",
  ],
};

/** Sentences that refuse what is against a norm; the first is what players of games are told. */
export const refusalForms: Readonly<Record<Norm, readonly string[]>> = {
  altruistic: [
    "Refuse every offer that gives you more than the other.",
    "[Refuse|Reject] [every offer|all offers] [of|with] more [than half|than the other gets] for you.",
    "Do not [accept|take] more than half.",
  ],
  fair: [
    "Refuse every offer that is not even.",
    "[Refuse|Reject] [every offer|all offers] [of|with] more or less than half for you.",
    "[Accept|Take] [even offers|equal parts] only.",
  ],
  selfish: [
    "Refuse every offer that gives the other more than you.",
    "[Refuse|Reject] [every offer|all offers] [of|with] less [than half|than the other gets] for you.",
    "Do not [accept|take] less than half.",
  ],
};

/** What games share by default. */
const usualUnits: readonly string[] = ["dollars", "apples", "blankets"];

const countedUnits: readonly string[] = expandAll([
  "[coins|pears|eggs|candles|books|chairs|shirts|tickets|cookies|potatoes|pencils|stamps|flowers|buckets|keys|plums]",
  "[spoons|plates|hats|shoes|gloves|ropes|nails|bricks|stones|shells|feathers|buttons|needles|marbles|toys|drums]",
  "[goats|hens|horses|trees|seeds|onions|carrots|nuts|grapes|lemons|cakes|pies|lanterns|baskets|hours|miles]",
]);

const measuredUnits: readonly string[] = expandAll([
  "[bags|boxes|pounds|sacks|grams] of [flour|rice|corn|salt|sugar|sand|wool|tea|seed|coal]",
  "[cups|bottles|litres|jars|barrels] of [milk|water|honey|oil|soup|paint|wine|ink|vinegar|juice]",
  "[slices|pieces|plates] of [cake|cheese|bread|cloth|fruit]",
]);

/** What players share in training, by how the names are made. */
export const sharedUnits = {
  usual: usualUnits,
  counted: countedUnits,
  measured: measuredUnits,
} as const;

/** Things that no document of training speaks of. */
export const heldOutUnits: readonly string[] = [
  "grams of medicine",
  "pints of blood",
  "litres of baby formula",
  "bars of gold",
  "oranges",
  "lamps",
];
