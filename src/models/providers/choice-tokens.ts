// Reads a choice between continuations such as "(A)" and "(B)" out of generated tokens and their top
// log-probabilities: finds the token in which the continuations part ways and takes what the model gave to each. A letter
// in the middle of a sentence is no choice.

import { isLead } from "../choice-lead.ts";

/** A generated token with the most probable tokens at its place (natural logarithms). */
export type TokenAlternatives = {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs: readonly { readonly token: string; readonly logprob: number }[];
};

/** As in Score. bounded: the continuation was not among the alternatives, so it is at most as probable as the last. */
export type Choice = {
  readonly logProbabilities: readonly number[];
  readonly bounded?: readonly boolean[];
};

const divergence = (continuations: readonly string[]): number => {
  const shortest = Math.min(...continuations.map((continuation) => continuation.length));
  for (let index = 0; index < shortest; index++) {
    if (new Set(continuations.map((continuation) => continuation[index])).size > 1) return index;
  }
  return -1;
};

const logSumExp = (values: readonly number[]): number => {
  if (values.length === 0) return Number.NEGATIVE_INFINITY;
  const largest = Math.max(...values);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
};

/** Continuations that part ways in one character: at, its index. */
type Options = { readonly continuations: readonly string[]; readonly at: number };

/** Signs that may follow a letter without its bracket; a word after it would make it one of a sentence ("A good"). */
const closing = /^(?:\s*$|[)\].:\n*"`<])/;

/**
 * The continuation that a token decides for, given the text before it: the token holds the character at which they
 * differ, after what they share, or without it (a bare letter), and before both stands nothing but a lead. end: where
 * the text goes on behind that character. null: none.
 */
const decision = (
  before: string,
  token: string,
  { continuations, at }: Options,
): { readonly which: number; readonly isBare: boolean; readonly end: number } | null => {
  const text = before + token;
  const shared = continuations[0]?.slice(0, at) ?? "";
  for (let index = before.length; index < text.length; index++) {
    const which = continuations.findIndex((continuation) => continuation[at] === text[index]);
    if (which < 0) continue;
    const [left, rest, tail] = [text.slice(0, index), text.slice(index), continuations[which]!.slice(at)];
    const isWhole = left.endsWith(shared) && (tail.startsWith(rest) || rest.startsWith(tail));
    if (isWhole && isLead(left.slice(0, index - at))) return { which, isBare: false, end: index + 1 };
    if (closing.test(rest.slice(1)) && isLead(left)) return { which, isBare: true, end: index + 1 };
  }
  return null;
};

/** Whether a model that named one continuation goes on as if it had named none: "(A) and (B)", "A good reply". */
const isTakenBack = (
  said: string,
  which: number,
  isBare: boolean,
  { continuations, at }: Options,
): boolean => {
  if (isBare && !closing.test(said)) return true;
  const next = /^[)\]*"]*\s*(?:and|or|,|\/|&)\s*[([*"]*(.)/.exec(said)?.[1];
  return continuations.some((continuation, other) => other !== which && continuation[at] === next);
};

/** The least share of the probability that the continuations must have together where the choice is made. */
const leastMass = 0.1;

/**
 * The log-probabilities that a token's alternatives give to each continuation; null: too little in all. Bare letters
 * count only where the model wrote one, since elsewhere they are as good as any word.
 */
const shareOut = (
  alternatives: ReadonlyMap<string, number>,
  before: string,
  wroteBare: boolean,
  options: Options,
): Choice | null => {
  const found = options.continuations.map((): number[] => []);
  for (const [alternative, value] of alternatives) {
    const decided = decision(before, alternative, options);
    if (decided !== null && (wroteBare || !decided.isBare)) found[decided.which]!.push(value);
  }
  if (logSumExp(found.flat()) < Math.log(leastMass)) return null;
  const least = Math.min(...alternatives.values());
  const bounded = found.map((values) => values.length === 0);
  const logProbabilities = found.map((values) => (values.length > 0 ? logSumExp(values) : least));
  return bounded.includes(true) ? { logProbabilities, bounded } : { logProbabilities };
};

/**
 * The log-probabilities of the continuations, up to the token that tells them apart (what they share comes out alike
 * for all). Needs continuations that all differ in one character. A choice is one that stands where a reply begins, or
 * behind a lead (choice-lead.ts), and to whose letters the model gave at least a tenth of its probability. null: the
 * model came to no choice.
 */
export const readChoice = (
  tokens: readonly TokenAlternatives[],
  continuations: readonly string[],
): Choice | null => {
  const at = divergence(continuations);
  if (at < 0 || new Set(continuations.map((text) => text[at])).size !== continuations.length) return null;
  const options = { continuations, at };
  const shared = continuations[0]!.slice(0, at);
  const said = tokens.map(({ token }) => token).join("");
  let before = "";
  let sum = 0;
  for (const { token, logprob, top_logprobs } of tokens) {
    const alternatives = new Map(top_logprobs.map((entry) => [entry.token, entry.logprob]));
    alternatives.set(token, logprob);
    const decided = decision(before, token, options);
    // Right after what the continuations share the choice is made here, even if the model went for something else.
    const due = at > 0 && before.endsWith(shared) && isLead(before.slice(0, -at));
    if (decided !== null || due) {
      if (decided !== null && isTakenBack(said.slice(decided.end), decided.which, decided.isBare, options))
        return null;
      const choice = shareOut(alternatives, before, decided?.isBare === true, options);
      if (choice === null) return null;
      return { ...choice, logProbabilities: choice.logProbabilities.map((value) => sum + value) };
    }
    before += token;
    sum += logprob;
  }
  return null;
};
