// How much a set of replies varies: distinct-n (Li et al. 2016) and the mean overlap between replies. A policy that
// has collapsed to a few sentences shows here before it shows elsewhere. Words are runs of letters and digits.

export type Diversity = {
  /** Different words (word pairs) as a share of all; null without any. Falls with more text, so compare like sizes. */
  readonly distinctWords: number | null;
  readonly distinctPairs: number | null;
  /** Mean over all pairs of replies of the Jaccard overlap of their word pairs, 0 to 1; null below two replies. */
  readonly similarity: number | null;
  /** Replies whose words another, earlier reply already had in the same order. */
  readonly duplicates: number;
  readonly n: number;
};

const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu) ?? [];

const gramsOf = (words: readonly string[], length: number): string[] =>
  words
    .slice(0, Math.max(0, words.length - length + 1))
    .map((_, at) => words.slice(at, at + length).join(" "));

/** The share of different n-grams among all n-grams of the texts; null when there are none. */
export const distinct = (texts: readonly string[], length: number): number | null => {
  const grams = texts.flatMap((text) => gramsOf(wordsOf(text), length));
  return grams.length === 0 ? null : new Set(grams).size / grams.length;
};

const overlap = (one: ReadonlySet<string>, other: ReadonlySet<string>): number => {
  if (one.size === 0 && other.size === 0) return 1;
  let common = 0;
  for (const gram of one) if (other.has(gram)) common++;
  return common / (one.size + other.size - common);
};

/** The mean Jaccard overlap of the texts' word pairs (single words where a text has one word alone). */
export const selfSimilarity = (texts: readonly string[]): number | null => {
  if (texts.length < 2) return null;
  const sets = texts.map((text) => {
    const words = wordsOf(text);
    return new Set(words.length === 1 ? words : gramsOf(words, 2));
  });
  let total = 0;
  for (let i = 0; i < sets.length; i++) {
    for (let j = i + 1; j < sets.length; j++) total += overlap(sets[i]!, sets[j]!);
  }
  return total / ((sets.length * (sets.length - 1)) / 2);
};

/** All measures of a set of replies. Time grows with the square of their number. */
export const diversityOf = (texts: readonly string[]): Diversity => ({
  distinctWords: distinct(texts, 1),
  distinctPairs: distinct(texts, 2),
  similarity: selfSimilarity(texts),
  duplicates: texts.length - new Set(texts.map((text) => wordsOf(text).join(" "))).size,
  n: texts.length,
});
