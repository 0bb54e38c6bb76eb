// Replies of models that were asked for JSON, read strictly as to what they say and kindly as to what stands around it: a
// thought, a fence, a sentence before. Or, from models that write no JSON, lines "Name: value". What names mean is not
// known here.

import { withoutLeadingThought } from "../models/index.ts";

/** The text without what a model thought before it answered, and in <think> anywhere in it, closed or not. */
export const withoutThought = (text: string): string =>
  withoutLeadingThought(text)
    .replace(/<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/g, "")
    .trim();

/** The keys of the outermost object of a JSON text, as often as they stand there. */
const outerKeys = (json: string): string[] => {
  const keys: string[] = [];
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const here = json[at];
    if (here === "{" || here === "[") depth++;
    else if (here === "}" || here === "]") depth--;
    else if (here === '"') {
      let end = at + 1;
      while (end < json.length && json[end] !== '"') end += json[end] === "\\" ? 2 : 1;
      if (depth === 1 && /^\s*:/.test(json.slice(end + 1, end + 40)))
        keys.push(JSON.parse(json.slice(at, end + 1)) as string);
      at = end;
    }
  }
  return keys;
};

/** An object of a reply. repeated: keys that stand in it more than once, of whose values JSON keeps the last. */
export type ReplyObject = {
  readonly value: Readonly<Record<string, unknown>>;
  readonly repeated: ReadonlySet<string>;
};

const objectIn = (json: string): ReplyObject | null => {
  try {
    const value: unknown = JSON.parse(json);
    if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
    const keys = outerKeys(json);
    const repeated = new Set(keys.filter((key, at) => keys.indexOf(key) !== at));
    return { value: value as Record<string, unknown>, repeated };
  } catch {
    return null;
  }
};

/** The one JSON object of a reply; null where there is none, or text that is none stands between several. */
export const readObject = (text: string): ReplyObject | null => {
  const whole = objectIn(text);
  if (whole !== null) return whole;
  const [start, end] = [text.indexOf("{"), text.lastIndexOf("}")];
  return start < 0 || end < start ? null : objectIn(text.slice(start, end + 1));
};

/** A line without marks of lists, headings and emphasis. */
const bare = (line: string): string =>
  line
    .replaceAll(/\*\*|__/g, "")
    .replace(/^\s*(?:#+|[-*•])\s+/, "")
    .trim();

/**
 * The values of lines "Name: value", by the names asked for, which count in upper and lower case alike. A value goes on
 * over the lines below it up to the next name where `long` holds for the name, and ends with its line otherwise.
 */
export const readLabels = (
  text: string,
  names: readonly string[],
  long: (name: string) => boolean,
): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  let open: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const plain = bare(line);
    const name = names.find((one) => plain.toLowerCase().startsWith(`${one.toLowerCase()}:`));
    if (name !== undefined) {
      found.set(name, [...(found.get(name) ?? []), plain.slice(name.length + 1).trim()]);
      open = long(name) ? name : null;
    } else if (open !== null) {
      const values = found.get(open)!;
      values[values.length - 1] += `\n${line}`;
    }
  }
  for (const [name, values] of found)
    found.set(
      name,
      values.map((value) => value.trim()),
    );
  return found;
};
