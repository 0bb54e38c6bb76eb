// The words of a command line that are a bench's own, apart from those that it hands on to `covenant run`.
// By place, not by value: the same word can be both.

import { UserError } from "../src/core/index.ts";

/** withValue: own options that take a value ("--out runs/a" or "--out=runs/a"); flags: those that take none. */
export const splitWords = (
  words: readonly string[],
  withValue: readonly string[],
  flags: readonly string[],
): { readonly ownWords: string[]; readonly runWords: string[] } => {
  const ownWords: string[] = [];
  const runWords: string[] = [];
  let valueIsOwn = false;
  for (const word of words) {
    const [name, value] = word.split(/=(.*)/s);
    const takesValue = withValue.some((own) => name === `--${own}`);
    const isOwn = valueIsOwn || takesValue || flags.some((own) => word === `--${own}`);
    (isOwn ? ownWords : runWords).push(word);
    valueIsOwn = !valueIsOwn && takesValue && value === undefined;
  }
  return { ownWords, runWords };
};

/** The whole number in an option's text. Throws UserError for any other text, and below `least`. */
export const readWholeNumber = (option: string, text: string, least: number): number => {
  const number = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(number) && number >= least) return number;
  const message = `${option}: got "${text}", expected a whole number of at least ${least}.`;
  throw new UserError("value-invalid", message, { option, text });
};
