// Names that have to fit a place: what is too long loses its middle, since names of one kind differ at their ends.
// Knows nothing of what is named.

/** The name in at most so many characters. */
export const shortName = (name: string, most: number): string => {
  if (name.length <= most) return name;
  const kept = Math.max(2, most - 1);
  const end = Math.ceil(kept / 2);
  return `${name.slice(0, kept - end).trimEnd()}…${name.slice(-end).trimStart()}`;
};
