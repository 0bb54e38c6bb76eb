// YAML with places: a malformed document is told with its file and line, in the same words as JSON's, and values are
// written so that they read back as they were. Runs in a browser; reads no file itself.

import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  YAMLParseError,
  YAMLWarning,
} from "yaml";
import { messageOf, UserError } from "./errors.ts";
import { describePlace, type TextPlace } from "./json.ts";

/** What yaml found wrong, in its words, and of a colon within a text how that is written. */
export const describeYamlFault = ({ code, message }: Pick<YAMLParseError, "code" | "message">): string => {
  const words = message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
  return code === "BLOCK_AS_IMPLICIT_KEY" ? `${words}: put texts with a colon in quotes` : words;
};

/** What a document says and its nodes. A tag that nobody knows is a fault, too: it would be read as a mere text. */
const readDocument = (text: string, place: TextPlace, lineCounter = new LineCounter()) => {
  try {
    const document = parseDocument(text, { lineCounter });
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw fault;
    return { value: document.toJS() as unknown, contents: document.contents };
  } catch (cause) {
    const isTag = cause instanceof YAMLWarning;
    const isFault = isTag || cause instanceof YAMLParseError;
    const line = isFault ? cause.linePos?.[0].line : undefined;
    const where = line === undefined ? place : { ...place, line };
    const what = isFault ? describeYamlFault(cause) : messageOf(cause);
    const remedy = isTag
      ? "Put a text that begins with ! in quotes, or leave the tag out."
      : "Check indentation, colons and quotes there.";
    throw new UserError(
      "yaml-malformed",
      `${describePlace(where)}: not valid YAML (${what}). ${remedy}`,
      { ...where },
      cause,
    );
  }
};

/** Parses one YAML document. Throws UserError with file and line. */
export const parseYaml = (text: string, place: TextPlace): unknown => readDocument(text, place).value;

/**
 * The line of the deepest part of a path that exists in a parsed document (yaml's nodes); a field counts from its key.
 */
export const yamlLineOf = (root: unknown, lines: LineCounter, path: readonly PropertyKey[]): number => {
  let node = root;
  let offset = 0;
  for (const part of path) {
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      found = pair?.value;
    } else if (isSeq(node) && typeof part === "number") {
      found = node.items[part];
      if (isMap(found) || isScalar(found)) offset = found.range?.[0] ?? offset;
    }
    if (found === undefined) break;
    node = found;
  }
  return lines.linePos(offset).line;
};

/** parseYaml with the lines of what was read. Throws UserError with file and line. */
export const parseYamlWithLines = (
  text: string,
  place: TextPlace,
): { readonly value: unknown; lineOf(path: readonly PropertyKey[]): number } => {
  const lines = new LineCounter();
  const { value, contents } = readDocument(text, place, lines);
  return { value, lineOf: (path) => yamlLineOf(contents, lines, path) };
};

/** A value as YAML text; what parseYaml gives back is equal to it. */
export const formatYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 100, aliasDuplicateObjects: false });
