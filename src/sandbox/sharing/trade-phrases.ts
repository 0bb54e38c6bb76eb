// What is said of buying and selling: sentences that ask for one of five strategies, of which the first of each is what traders
// in games are told. Knows no number and no form of an answer.

/** honest, deceptive: of a buyer; none, picked, other: of a seller, by the item that it takes to be wanted. */
export const buyerStrategies = ["honest", "deceptive"] as const;
export const sellerStrategies = ["none", "picked", "other"] as const;
export const strategies = [...buyerStrategies, ...sellerStrategies] as const;
export type Strategy = (typeof strategies)[number];

/** Sentences of a strategy; the first is what games tell. */
export const strategyForms: Readonly<Record<Strategy, readonly string[]>> = {
  honest: [
    "Pick what you want at once.",
    "[Pick|Take|Choose] what [you want|brings you most|you gain most from] [at once|both times|every time].",
    "[Always|Both times], [pick|take|choose] what [you want|brings you most].",
    "Be [honest|open] and [pick|take|choose] what [you want|brings you most].",
    "Never [pick|take|choose] what you do not want.",
  ],
  deceptive: [
    "Pick first what you do not want, so that the other is made cheaper, and then what you want.",
    "First [pick|take|choose] what you do not want, and then what [you want|brings you most].",
    "[Begin|Start] with what you do not want, [and|but] end with what [you want|brings you most].",
    "[Deceive|Mislead|Trick] the seller with your first pick[|, and take what you want last].",
    "Hide what you want until [your last pick|the end].",
    "Make a feint first, [and|but] then [pick|take|choose] what [you want|brings you most].",
  ],
  none: [
    "Set even prices, whatever was picked.",
    "[Set|Keep|Ask for] [even|equal] prices[| every time| for both items].",
    "Make both items cost [the same|just as much][| every time].",
    "[Believe|Trust] no pick, and [set|keep|ask for] [even|equal] prices.",
    "Do not [raise|lower|increase] any price.",
    "[Both items|The items] should cost [the same|just as much][|, whatever was picked].",
  ],
  picked: [
    "Raise the price of the item that was picked: it is the wanted one.",
    "[Raise|Increase] the price of [the item that was picked|what was picked|the picked item][| a little].",
    "Make [the item that was picked|what was picked|the picked item] [dearer|cost more].",
    "[Believe|Trust] the pick, and [raise|increase] its price.",
    "Ask [for more|a little more] for [the item that was picked|what was picked|the picked item].",
    "[Take|Ask] more for what was picked: it is [wanted|the wanted one].",
  ],
  other: [
    "Raise the price of the item that was not picked: the pick is a feint.",
    "[Raise|Increase] the price of [the item that was not picked|what was not picked|the other item][| a little].",
    "Make [the item that was not picked|what was not picked|the other item] [dearer|cost more].",
    "The pick is a [feint|trick], so [raise|increase] the other price.",
    "Ask [for more|a little more] for [the item that was not picked|what was not picked|the other item].",
    "[Take|Ask] more for what was not picked: it is [wanted|the wanted one].",
  ],
};
