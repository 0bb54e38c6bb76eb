// Whether text lies outside the language of a small model. covenant-tiny knows the sandbox's few hundred words, each a
// token of its own; a word that falls into pieces is one it has never read, and what it says to such text is nonsense.
// Measured on the first 400 red-team prompts of HH-RLHF: in the median a quarter of the words is unknown; in the
// sandbox's own prompts none is. Knows no roles and no templates.

import { oneLine } from "../../core/index.ts";

/** What has to be known of a tokenizer. */
export type WordEncoder = {
  readonly vocabularySize: number;
  encode(
    text: string,
    options: { readonly specialTokens: boolean; readonly parseSpecial?: boolean },
  ): readonly number[];
};

/** Models with more tokens than this read words in pieces as a matter of course; nothing is said about them. */
const smallVocabulary = 8192;
/** Share of unknown words from which text counts as outside the language. */
const unknownShare = 0.15;
/** Two words are little to go by: of a text of a dozen, they are no more than this. */
const fewUnknown = 2;
const fewShare = 0.25;
const shownWords = 6;

/** share: of the words that are unknown; words: the first of them. */
export type ForeignText = { readonly share: number; readonly words: readonly string[] };

/** Whether a tokenizer's model knows a language of few words alone. */
export const isSmallLanguage = ({ vocabularySize }: WordEncoder): boolean =>
  vocabularySize <= smallVocabulary;

/** A word as it is read, or its end behind an apostrophe ("'s"), which is one even where it is a letter. */
const withoutApostrophe = (word: string): string => word.replace(/^['’]/, "");

/**
 * Makes what tells whether texts, read together, lie outside a tokenizer's language; null: they do not. from: the share of
 * unknown words from which they do; 0: a single one is enough.
 */
export const createForeignTextCheck = (
  tokenizer: WordEncoder,
  from = unknownShare,
): ((texts: readonly string[]) => ForeignText | null) => {
  if (!isSmallLanguage(tokenizer)) return () => null;
  const known = new Map<string, boolean>();
  const isOneToken = (text: string): boolean =>
    tokenizer.encode(text, { specialTokens: false, parseSpecial: false }).length === 1;
  const isKnown = (word: string): boolean => {
    const before = known.get(word);
    if (before !== undefined) return before;
    // every vocabulary has the letters, as parts of words; capitals are the labels of what is to be chosen from
    const isPart = /^[b-z]$/.test(word);
    const letters = withoutApostrophe(word);
    const found = !isPart && (isOneToken(` ${letters}`) || isOneToken(letters));
    known.set(word, found);
    return found;
  };
  return (texts) => {
    const words = texts.flatMap((text) => text.match(/(?:(?<=\p{L})['’])?\p{L}+/gu) ?? []);
    const unknown = words.filter((word) => !isKnown(word));
    const share = unknown.length / Math.max(1, words.length);
    const isFew = from === unknownShare && unknown.length <= fewUnknown && share < fewShare;
    return unknown.length === 0 || share < from || isFew
      ? null
      : { share, words: [...new Set(unknown.map(withoutApostrophe))].slice(0, shownWords) };
  };
};

const shownLetters = 80;

const quoted = (text: string): string => {
  const line = oneLine(text);
  return JSON.stringify(line.length > shownLetters ? `${line.slice(0, shownLetters)}…` : line);
};

/**
 * Makes what looks at each request that a model is given and tells once, of the first that lies outside its language: how
 * many of those so far do, what the first says, and `instead`, what to do about it. A request is the texts of whoever
 * asks; one that is foreign makes it so.
 */
export const createForeignTextWatch = (
  tokenizer: WordEncoder,
  id: string,
  instead: string,
  tell: (text: string) => void,
): ((requests: readonly (readonly string[])[]) => void) => {
  const check = createForeignTextCheck(tokenizer);
  let seen = 0;
  let told = false;
  return (requests) => {
    if (told) return;
    seen += requests.length;
    const foreign = requests.flatMap((texts) => texts.find((text) => check([text]) !== null) ?? []);
    const [first] = foreign;
    if (first === undefined) return;
    told = true;
    const words = (check([first])?.words ?? []).join(", ");
    const share = seen === 1 ? "the request" : `${foreign.length} of ${seen} requests so far`;
    tell(
      `${id} knows a small language only, and ${share} ${foreign.length === 1 ? "is" : "are"} not in it: ${quoted(first)} (not known: ${words}). What it says to that is nonsense. ${instead}`,
    );
  };
};
