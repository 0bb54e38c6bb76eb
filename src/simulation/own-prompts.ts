// Prompts of one's own: a YAML or JSON file with a map from a prompt's name to the text that stands in its place. A prompt goes
// by the name of its file here. A text must have exactly the holes of the one whose place it takes. Every fault is told with file,
// line and name. What prompts are for is not known here.

import { parseTemplate, type Template } from "../constitution/index.ts";
import {
  CovenantError,
  collectFaults,
  describePlace,
  describeValue,
  nearestWord,
  parseYamlWithLines,
  readText,
  type TextPlace,
  UserError,
} from "../core/index.ts";

/** Texts that may be one's own, by what they are for. */
export type Prompted = { readonly texts: Readonly<Record<string, Template>> };

const nameOf = ({ name }: Template): string => name.replace(/\.txt$/, "");

/** The prompt with this text. Throws UserError where that is no text, or has other holes. */
const withText = (known: Template, given: unknown, place: TextPlace): Template => {
  const name = nameOf(known);
  const facts = { ...place, prompt: name };
  if (typeof given !== "string" || given.trim() === "")
    throw new UserError(
      "prompt-text",
      `${describePlace(place)}: ${name}: got ${describeValue(given)}, expected a text.`,
      facts,
    );
  try {
    return parseTemplate(name, given.replaceAll("\r\n", "\n").replace(/\n$/, ""), known.holes);
  } catch (thrown) {
    if (!(thrown instanceof CovenantError)) throw thrown;
    throw new UserError("prompt-holes", `${describePlace(place)}: ${thrown.message}`, {
      ...thrown.facts,
      ...facts,
    });
  }
};

const unknownPrompt = (name: string, asked: readonly string[], place: TextPlace): UserError => {
  const near = nearestWord(name, asked);
  const which =
    asked.length === 0 ? "It asks for no text that may be one's own" : `Its own are: ${asked.join(", ")}`;
  return new UserError(
    "prompt-unknown",
    `${describePlace(place)}: this run has no prompt "${name}".${near === undefined ? "" : ` Did you mean ${near}?`} ${which}. Which prompts a run has depends on its command, wording and settings.`,
    { ...place, prompt: name },
  );
};

/** The file as a map, with the lines of its texts. Throws UserError where it is none, or nothing is in it. */
const readMap = async (file: string) => {
  const { value, lineOf } = parseYamlWithLines(await readText(file), { file });
  const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isMap || Object.keys(value).length === 0)
    throw new UserError(
      "map-expected",
      `${file}: got ${isMap ? "an empty map" : describeValue(value)}, expected a map from names of prompts to their texts, each beginning with "name: |".`,
      { file },
    );
  return Object.entries(value).map(([name, text]: [string, unknown]) => ({
    ...{ name, text },
    place: { file, line: lineOf([name]) },
  }));
};

/**
 * The same with the texts of a file in place of those that it names. asked: what the run asks of them; a text for another is
 * refused, too. Throws UserError with every fault.
 */
export const withOwnTexts = async <Of extends Prompted>(
  known: Of,
  file: string,
  asked: readonly (keyof Of["texts"] & string)[],
): Promise<Of> => {
  const faults = collectFaults(file);
  const keys = new Map(asked.map((key) => [nameOf(known.texts[key]!), key]));
  const texts: Record<string, Template> = { ...known.texts };
  for (const { name, text, place } of await readMap(file))
    faults.attempt(() => {
      const key = keys.get(name);
      if (key === undefined) throw unknownPrompt(name, [...keys.keys()], place);
      texts[key] = withText(known.texts[key]!, text, place);
    });
  faults.end();
  return { ...known, texts };
};
