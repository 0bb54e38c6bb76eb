// Which words two texts share and which they do not (longest common subsequence of words). For showing two
// principles beside each other; knows nothing of constitutions.

/** A stretch of words of one text; shared: also in the other text, at the same place in the order. */
export type Stretch = { readonly text: string; readonly shared: boolean };

const wordsOf = (text: string): string[] => text.match(/\S+\s*/g) ?? [];
const key = (word: string): string => word.trim().toLowerCase();

const stretches = (words: readonly string[], shared: readonly boolean[]): Stretch[] => {
  const result: { text: string; shared: boolean }[] = [];
  words.forEach((word, index) => {
    const last = result.at(-1);
    const isShared = shared[index] === true;
    if (last && last.shared === isShared) last.text += word;
    else result.push({ text: word, shared: isShared });
  });
  return result;
};

/** Both texts as stretches; joined again, the stretches of a side give its text (leading space aside). */
export const compareWords = (left: string, right: string): { left: Stretch[]; right: Stretch[] } => {
  const one = wordsOf(left);
  const other = wordsOf(right);
  const lengths = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = one.length - 1; row >= 0; row--) {
    for (let column = other.length - 1; column >= 0; column--) {
      const same = key(one[row] as string) === key(other[column] as string);
      (lengths[row] as Uint16Array)[column] = same
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const inLeft = one.map(() => false);
  const inRight = other.map(() => false);
  for (let row = 0, column = 0; row < one.length && column < other.length; ) {
    if (key(one[row] as string) === key(other[column] as string)) {
      inLeft[row++] = true;
      inRight[column++] = true;
    } else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return { left: stretches(one, inLeft), right: stretches(other, inRight) };
};
