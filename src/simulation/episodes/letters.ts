// Letters by which a model refers to what stands: a small one points where it could not copy. What it refers to is not known
// here.

/** The letter of what stands, by its place: A to Z, AA, AB, … */
export const letterAt = (at: number): string =>
  `${at < 26 ? "" : letterAt(Math.floor(at / 26) - 1)}${String.fromCharCode("A".charCodeAt(0) + (at % 26))}`;
