// Which words two texts share and which they do not (longest common subsequence of words). For showing two
// principles beside each other; knows nothing of constitutions.

import { alignSequences } from "../core/index.ts";

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
  const inLeft = one.map(() => false);
  const inRight = other.map(() => false);
  for (const item of alignSequences(one.map(key), other.map(key))) {
    if (item.kind !== "same") continue;
    inLeft[item.before] = true;
    inRight[item.after] = true;
  }
  return { left: stretches(one, inLeft), right: stretches(other, inRight) };
};
