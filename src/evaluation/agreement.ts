// How far judges agree beyond chance: Cohen's kappa for two (Cohen 1960) and Krippendorff's alpha for any number with
// gaps (Krippendorff 2004, nominal). 1 is full agreement, 0 chance. Both are null where chance leaves nothing to
// explain, i.e. when only one category was ever used.

/** Cohen's kappa of two judges' categories for the same items, in the same order. */
export const cohensKappa = (first: readonly string[], second: readonly string[]): number | null => {
  if (first.length !== second.length) {
    throw new RangeError(`cohensKappa: ${first.length} and ${second.length} judgements`);
  }
  const n = first.length;
  const count = (categories: readonly string[], category: string): number =>
    categories.filter((one) => one === category).length;
  const agreeing = first.filter((category, index) => category === second[index]).length;
  // Counts stay whole until the end, so that full agreement by chance is recognised exactly.
  const chance = [...new Set(first)].reduce(
    (total, category) => total + count(first, category) * count(second, category),
    0,
  );
  return n === 0 || chance === n * n ? null : (agreeing * n - chance) / (n * n - chance);
};

/** Krippendorff's alpha. units: for every item the categories its judges gave; items with fewer than two count not. */
export const krippendorffsAlpha = (units: readonly (readonly string[])[]): number | null => {
  const totals = new Map<string, number>();
  let n = 0;
  let disagreement = 0;
  for (const unit of units) {
    if (unit.length < 2) continue;
    n += unit.length;
    for (const category of unit) totals.set(category, (totals.get(category) ?? 0) + 1);
    const differing = unit.reduce(
      (total, category) => total + unit.filter((other) => other !== category).length,
      0,
    );
    disagreement += differing / (unit.length - 1);
  }
  const same = [...totals.values()].reduce((total, count) => total + count * (count - 1), 0);
  const expected = n * (n - 1) - same;
  return expected === 0 ? null : 1 - ((n - 1) * disagreement) / expected;
};
