// Letters by which a model refers to what stands.

/** The letter of what stands, by its place: A to Z, AA, AB, … */
export const letterAt = (at: number): string =>
  `${at < 26 ? "" : letterAt(Math.floor(at / 26) - 1)}${String.fromCharCode("A".charCodeAt(0) + (at % 26))}`;
