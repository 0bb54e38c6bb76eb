// Two sequences laid side by side by their longest common subsequence (Wagner & Fischer 1974). Knows nothing of what
// the items are; they are equal when their keys are. Runs in a browser.

/** An item that both sequences have, or that only the first (removed) or only the second (added) has; by its places. */
export type AlignedItem =
  | { readonly kind: "same"; readonly before: number; readonly after: number }
  | { readonly kind: "removed"; readonly before: number }
  | { readonly kind: "added"; readonly after: number };

/** lengths[row * (columns + 1) + column]: the longest common subsequence of the items from there on. */
const commonLengths = (before: readonly string[], after: readonly string[]): Uint32Array => {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? lengths[(row + 1) * width + column + 1]! + 1
          : Math.max(lengths[(row + 1) * width + column]!, lengths[row * width + column + 1]!);
    }
  }
  return lengths;
};

/** Every item of both sequences once, in order; where there is a choice, what was removed comes first. */
export const alignSequences = (before: readonly string[], after: readonly string[]): AlignedItem[] => {
  const lengths = commonLengths(before, after);
  const width = after.length + 1;
  const aligned: AlignedItem[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const isRemovable = row < before.length;
    const isAddable = column < after.length;
    if (isRemovable && isAddable && before[row] === after[column]) {
      aligned.push({ kind: "same", before: row++, after: column++ });
    } else if (
      isRemovable &&
      (!isAddable || lengths[(row + 1) * width + column]! >= lengths[row * width + column + 1]!)
    ) {
      aligned.push({ kind: "removed", before: row++ });
    } else aligned.push({ kind: "added", after: column++ });
  }
  return aligned;
};
