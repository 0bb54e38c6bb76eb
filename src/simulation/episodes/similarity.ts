// How alike texts are by their words: the cosine of TF-IDF vectors, with smoothed document frequencies, as scikit-learn has
// them. No meaning is seen, only words; a local model's embeddings would see more.

const wordsOf = (text: string): string[] =>
  Array.from(text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu), ([word]) => word);

type Vector = ReadonlyMap<string, number>;

const lengthOf = (vector: Vector): number =>
  Math.sqrt([...vector.values()].reduce((sum, weight) => sum + weight * weight, 0));

const cosine = (one: Vector, other: Vector): number => {
  const lengths = lengthOf(one) * lengthOf(other);
  if (lengths === 0) return 0;
  let product = 0;
  for (const [word, weight] of one) product += weight * (other.get(word) ?? 0);
  return Math.min(1, product / lengths);
};

/** Vectors of texts: counts of words, weighed by ln((1 + n) / (1 + texts with the word)) + 1. */
const vectorsOf = (texts: readonly string[]): Vector[] => {
  const counts = texts.map((text) => {
    const count = new Map<string, number>();
    for (const word of wordsOf(text)) count.set(word, (count.get(word) ?? 0) + 1);
    return count;
  });
  const frequencies = new Map<string, number>();
  for (const count of counts)
    for (const word of count.keys()) frequencies.set(word, (frequencies.get(word) ?? 0) + 1);
  const weightOf = (word: string): number => Math.log((1 + texts.length) / (1 + frequencies.get(word)!)) + 1;
  return counts.map((count) => new Map([...count].map(([word, times]) => [word, times * weightOf(word)])));
};

/** How alike two texts are, 0 to 1; equal texts with a word in them are at 1. */
export const similarity = (one: string, other: string): number => {
  const [first, second] = vectorsOf([one, other]);
  return cosine(first!, second!);
};

/** Of each text how alike it is to each of the others: rows for texts, columns for others. */
export const similarities = (texts: readonly string[], others: readonly string[]): number[][] => {
  const vectors = vectorsOf([...texts, ...others]);
  return texts.map((_, at) =>
    others.map((__, column) => cosine(vectors[at]!, vectors[texts.length + column]!)),
  );
};

/** So many texts are shown in a table at most: each is compared with each. */
export const mostCompared = 30;

/** How alike texts are, two by two, each pair by itself as similarity has it: rows for texts, columns for the same. */
export const similarityTable = (texts: readonly string[]): number[][] => {
  const lower = texts.map((one, at) => texts.slice(0, at + 1).map((other) => similarity(other, one)));
  return texts.map((_, at) => texts.map((__, column) => lower[Math.max(at, column)]![Math.min(at, column)]!));
};
