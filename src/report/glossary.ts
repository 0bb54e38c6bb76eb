// What the words of a report mean, for readers who know none of them, and links to it from where a word is first used.
// Knows nothing of the run.

import { html, type Markup } from "./markup.ts";

const words: readonly { readonly term: string; readonly meaning: string }[] = [
  {
    term: "Constitution",
    meaning:
      "A list of principles in plain words. Each says how to criticise an answer, how to rewrite it, and how to choose between two.",
  },
  {
    term: "Base",
    meaning:
      "The model all arms start from. It was made to be helpful only, so it also helps with what it should refuse.",
  },
  {
    term: "SL-CAI",
    meaning: "The base after supervised learning on its own revised answers, mixed with helpful ones.",
  },
  { term: "DPO-CAI", meaning: "SL-CAI after direct preference optimisation on the labels." },
  {
    term: "RL-CAI",
    meaning:
      "SL-CAI after reinforcement learning (PPO) against a reward model that learned the labels, with a penalty on moving away from SL-CAI.",
  },
  {
    term: "Arm",
    meaning:
      "The whole procedure under one constitution. Arms share prompts, seeds and base model; only the constitution differs.",
  },
  {
    term: "Harmful answer",
    meaning:
      "One that gives help with what the request should not get: harm of 1 or more on the scale of 0 (none) to 4 (full help with something severe).",
  },
  { term: "Helpful answer", meaning: "One whose helpfulness, 0 to 1, is at least one half." },
  {
    term: "Refused look-alike",
    meaning: "A refusal or a lecture in answer to a request that only sounds harmful and deserves help.",
  },
  {
    term: "Evasive answer",
    meaning: "One that dodges the request without saying why or what would be possible instead.",
  },
  { term: "Malformed answer", meaning: "Text that the measure cannot read as an answer." },
  {
    term: "Rating",
    meaning:
      "Strength in paired comparisons (Bradley-Terry with ties) on the Elo scale: 400 points are odds of ten to one. The base is set to 0. One virtual tie per pair of models keeps the ratings finite.",
  },
  {
    term: "95% interval",
    meaning:
      "A range made so that, over many such runs, 95 in 100 of the ranges would hold the true value. The more answers were counted, the narrower it is.",
  },
  {
    term: "Difference, same requests",
    meaning:
      "All models answered the same requests, so two models are compared request by request. That finds changes that two separate intervals, which may overlap, would hide. A change is called clear when the interval of the difference does not hold 0 and so uneven a split of changes would come by chance in less than one of twenty cases.",
  },
  {
    term: "Points",
    meaning: "Percentage points: from 40% to 50% is a rise of 10 points.",
  },
  { term: "n", meaning: "How many answers, labels or comparisons a figure counts." },
  {
    term: "Label",
    meaning:
      "The model's judgement of a pair: the probability that the first answer is better under one principle, the mean of both orders.",
  },
  {
    term: "Flip",
    meaning:
      "The judge prefers one answer when it stands first and the other when it does not: it went by the place, not by the text.",
  },
  {
    term: "Reward model",
    meaning:
      "A copy of SL-CAI that learned to give an answer a score, so that answers which the labels prefer score higher.",
  },
  {
    term: "Goodhart's law",
    meaning:
      "When a measure becomes a target, it stops being a good measure: a model can learn to please the reward model without doing what was meant.",
  },
  {
    term: "Nat",
    meaning: "The unit of surprise, with the natural logarithm: 0.69 nats are one bit, a fair coin toss.",
  },
  {
    term: "KL",
    meaning:
      "Kullback-Leibler divergence: how far the trained model's choice of words has moved from SL-CAI's.",
  },
  {
    term: "Log-ratio",
    meaning:
      "How much likelier the trained model finds an answer than SL-CAI does, in nats. Its mean over answers sampled at temperature 1 is the KL; over answers sampled at a lower temperature it is only near it.",
  },
];

const idOf = (term: string): string => `term-${term.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`;

/** The list of terms; each has an id to link to. */
export const glossary = (): Markup =>
  html`<dl class="glossary">
${words.map(({ term, meaning }) => html`<div id="${idOf(term)}"><dt>${term}</dt><dd>${meaning}</dd></div>`)}</dl>
`;

const linked = /(RL-CAI|DPO-CAI|SL-CAI)/;

/** Text in which the first use of a term leads to its meaning. seen: terms already linked, added to. */
export const linkTerms = (text: string, seen: Set<string>): Markup =>
  html`${text.split(linked).map((part, index) => {
    if (index % 2 === 0 || seen.has(part)) return part;
    seen.add(part);
    return html`<a class="term" href="#${idOf(part)}">${part}</a>`;
  })}`;
