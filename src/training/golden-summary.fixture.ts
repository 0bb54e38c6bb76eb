// What golden files hold of tensors that are too large to be kept whole (tools/parity/summary.py), and how far numbers
// are from it.

/** Norm, product with cos of the place, largest magnitude, and some entries by their places. */
export type Summary = {
  readonly norm: number;
  readonly product: number;
  readonly largest: number;
  readonly entries: readonly (readonly [place: number, value: number])[];
};

/** How far values are from a summary, as a share of their size. */
export const shareOff = (values: Float32Array, { norm, product, largest, entries }: Summary): number => {
  const sum = (term: (value: number, at: number) => number): number =>
    values.reduce((all, value, at) => all + term(value, at), 0);
  const offNorm = Math.abs(Math.sqrt(sum((value) => value * value)) - norm);
  const offProduct = Math.abs(sum((value, at) => value * Math.cos(at)) - product);
  const offEntries = entries.map(([place, value]) => Math.abs(values[place]! - value));
  return Math.max(Math.max(offNorm, offProduct) / norm, Math.max(...offEntries) / largest);
};
