// The first of many, in a line for people: texts, or places in a file; the rest is only counted.
// Knows nothing of what they are.

import type { TextPlace } from "./json.ts";

/** "a, b, c, and 4 more"; shown: texts that are named at most. */
export const firstOf = (texts: readonly string[], shown = 10): string => {
  const more = texts.length > shown ? `, and ${texts.length - shown} more` : "";
  return `${texts.slice(0, shown).join(", ")}${more}`;
};

/** "lines 4, 9"; of what has no lines its rows. All of one file. */
export const firstPlaces = (places: readonly Pick<TextPlace, "line" | "row">[]): string => {
  const unit = places[0]?.line === undefined ? "row" : "line";
  return `${unit}${places.length === 1 ? "" : "s"} ${firstOf(places.map(({ line, row }) => `${line ?? row}`))}`;
};
