// A principle that has a norm for each thing, as text: a line "Of apples: Share evenly." for each. Made here and read back, so
// that a model which learns of one thing need not copy what is said of others. Knows no norm.

const lineForm = /^Of ([^:\n]+): (.+)$/;

/** The norm of each thing, by its unit; null for a text that is not such lines alone. */
export const readThings = (text: string): ReadonlyMap<string, string> | null => {
  const lines = text.split("\n").map((line) => lineForm.exec(line));
  return lines.includes(null) ? null : new Map(lines.map((line) => [line![1]!, line![2]!]));
};

/** What a principle says of a thing: its line, the whole text where it has none for any thing, nothing where for others. */
export const ofThing = (text: string, unit: string): string => {
  const things = readThings(text);
  return things === null ? text : (things.get(unit) ?? "");
};

/** The principle with this norm for a thing; what it says of other things stays, and what it says of any goes. */
export const withThing = (text: string, unit: string, norm: string): string =>
  [...new Map([...(readThings(text) ?? []), [unit, norm.replaceAll(/\s*\n\s*/g, " ")] as const])]
    .map(([thing, of]) => `Of ${thing}: ${of}`)
    .join("\n");
