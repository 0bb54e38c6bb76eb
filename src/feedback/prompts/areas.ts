// The areas that prompts are sorted into: those of a constitution's principles, or a list of names; and one more for
// what belongs to none of them.

import { UserError } from "../../core/index.ts";
import type { Constitution } from "../../records/index.ts";

/** An area. description: what belongs to it, in words for a model. */
export type Area = { readonly name: string; readonly description: string };

/** Areas of a constitution, with the titles of their principles; a principle without an area is one by itself. */
export const areasOf = ({ principles }: Constitution): readonly Area[] => {
  const titles = new Map<string, string[]>();
  for (const { area, title } of principles) {
    const name = area ?? title;
    titles.set(name, [...(titles.get(name) ?? []), title]);
  }
  return [...titles].map(([name, all]) => ({
    name,
    description: all.filter((title) => title !== name).join("; "),
  }));
};

/**
 * Areas from a list of names, "name" or "name: what belongs to it". Throws UserError for none, for one that is there twice, and
 * for one that begins with a quote, which was meant to hold a comma in.
 */
export const areasNamed = (names: readonly string[]): readonly Area[] => {
  const areas = names.map((text) => {
    const colon = text.indexOf(":");
    const [name, description] = colon < 0 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
    return { name: name.trim(), description: description.trim() };
  });
  if (names.length === 0)
    throw new UserError("areas", "Areas: there is none. Expected names with commas between: privacy,peace.");
  const quoted = areas.find(({ name }) => /^["'“]/.test(name));
  if (quoted !== undefined)
    throw new UserError(
      "areas",
      `Areas: ${quoted.name} begins with a quote. Expected names without; a comma inside of an area needs the form of a list: --areas '["cars: theft, robbery", "diary"]'.`,
      { names },
    );
  const twice = areas.find(({ name }, at) => areas.findIndex((other) => other.name === name) !== at);
  if (twice === undefined && areas.every(({ name }) => name !== "")) return areas;
  const what = twice === undefined ? "one has no name" : `"${twice.name}" is there twice`;
  throw new UserError("areas", `Areas: ${what}. Expected names that differ, with commas between.`, { names });
};

/** What is said of the area of what belongs to none; a row that says so of its area is known by it, whatever the name. */
export const belongsToNone = "what belongs to none of the others";

/** The areas with one for what belongs to none, where a name for it is given and is not among them. */
export const withOther = (areas: readonly Area[], other: string): readonly Area[] =>
  other === "" || areas.some(({ name }) => name === other)
    ? areas
    : [...areas, { name: other, description: belongsToNone }];

/** An area as a model reads it. */
export const describeArea = ({ name, description }: Area): string =>
  description === "" ? name : `${name}: ${description}`;
