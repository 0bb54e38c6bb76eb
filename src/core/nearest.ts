// The nearest of some words to a mistyped one, for "did you mean". Damerau-Levenshtein distance (optimal string
// alignment), case left out. Knows nothing of what the words name.

const distance = (one: string, other: string): number => {
  let before: number[] = [];
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const here = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1];
      let least = Math.min(above[column]! + 1, here[column - 1]! + 1, above[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      if (swapped) least = Math.min(least, before[column - 2]! + 1);
      here.push(least);
    }
    before = above;
    above = here;
  }
  return above[other.length]!;
};

/** The candidate that a person most likely meant, or undefined when none is near (over half of the letters differ). */
export const nearestWord = (word: string, candidates: readonly string[]): string | undefined => {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const between = distance(word.toLowerCase(), candidate.toLowerCase());
    if (between < least) {
      best = candidate;
      least = between;
    }
  }
  return best !== undefined && least <= Math.max(1, Math.max(word.length, best.length) / 2)
    ? best
    : undefined;
};
