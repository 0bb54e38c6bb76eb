// The one JSON parser and the one way to say what is wrong with a value: every message names the file, the line and
// the field, what was got and what was expected. Runs in a browser; reads no file itself.

import type { z } from "zod";
import { messageOf, UserError } from "./errors.ts";
import { nearestWord } from "./nearest.ts";

/** Where a text came from. line counts from 1, and so does row, which stands for it in files without lines. */
export type TextPlace = { readonly file: string; readonly line?: number; readonly row?: number };

/** "answers.jsonl, line 3"; "answers.parquet, row 3". */
export const describePlace = ({ file, line, row }: TextPlace): string => {
  if (line !== undefined) return `${file}, line ${line}`;
  return row === undefined ? file : `${file}, row ${row}`;
};

/** Parses JSON. Throws UserError with the place and the beginning of what was there. */
export const parseJson = (text: string, place: TextPlace): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const start = text.trim().slice(0, 60);
    // of a line, Node counts in it: it is no line 1 of the file
    const said =
      place.line === undefined
        ? messageOf(cause)
        : messageOf(cause).replace(/ at position \d+ \(line 1 column (\d+)\)$/, " at column $1");
    const got = start === "" ? "nothing" : `"${start}${text.trim().length > 60 ? "…" : ""}"`;
    throw new UserError(
      "json-malformed",
      `${describePlace(place)}: not valid JSON (${said}). Got ${got}, expected one whole JSON value.`,
      { ...place },
      cause,
    );
  }
};

/** JSON with sorted keys and no spaces; keys whose value is undefined are left out. Equal values give equal texts. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sortKeys(value)) ?? "null";

const sortKeys = (value: unknown): unknown => {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  if ("toJSON" in value && typeof value.toJSON === "function") return value.toJSON();
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
};

/** "a.b[2].c"; the empty path is "(whole)". */
export const describePath = (path: readonly PropertyKey[]): string => {
  if (path.length === 0) return "(whole)";
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`,
    )
    .join("");
};

/** A value as a short text for a message: `"abc"`, `12`, `a list of 3`, `nothing`. */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  return value.length > 60 ? `"${value.slice(0, 60)}…"` : JSON.stringify(value);
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown => {
  let here = value;
  for (const part of path) {
    if (here === null || typeof here !== "object") return undefined;
    here = (here as Record<PropertyKey, unknown>)[part];
  }
  return here;
};

/** What was got in place of a row with the right fields, and what was expected. */
export const describeFields = (row: unknown, expected: string): string => {
  if (Array.isArray(row)) return `got a list, expected an object with ${expected}`;
  if (typeof row !== "object" || row === null)
    return `got ${describeValue(row)}, expected an object with ${expected}`;
  const names = Object.keys(row);
  const isSemicolon = names.length === 1 && names[0]!.includes(";");
  const hint = isSemicolon ? ", separated by commas (not by semicolons)" : "";
  return `got the fields: ${names.slice(0, 8).join(", ") || "none"}; expected ${expected}${hint}`;
};

type Issue = z.core.$ZodIssue;

const expectation = (issue: Issue): string => {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${withArticle(issue.expected)}`;
    case "invalid_value":
      return `expected ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((one) => String(one)).join(", ")}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)}`;
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    default:
      return `expected: ${issue.message.replace(/^Invalid input: (expected )?/, "")}`;
  }
};

/** A schema that words its own message ("a constitution needs ...") is quoted; Zod's stock messages are not. */
const isStock = (issue: Issue): boolean => /^(Invalid|Too (small|big)|Unrecognized)/.test(issue.message);

const needsText = (issue: Issue): boolean =>
  issue.code === "too_small" && issue.origin === "string" && issue.minimum === 1;

const withArticle = (name: string): string => {
  const word = name === "int" ? "integer" : name === "record" ? "object" : name === "array" ? "list" : name;
  return word === "nonoptional" ? "a value" : `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
};

const unitOf = (origin: string): string =>
  origin === "string" ? " characters" : origin === "array" || origin === "set" ? " elements" : "";

const nested = (issue: Issue, prefix: readonly PropertyKey[], value: unknown, keys: KeyLister): string[] => {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const near = nearestWord(key, keys(path));
      return `${describePath([...path, key])}: unknown key${near === undefined ? "" : ` (did you mean ${near}?)`}`;
    });
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that came furthest is the one that was meant.
    const depth = (branch: readonly Issue[]): number => Math.max(0, ...branch.map((one) => one.path.length));
    const meant = [...issue.errors].sort(
      (one, other) => depth(other) - depth(one) || one.length - other.length,
    )[0];
    if (meant !== undefined && depth(meant) > 0)
      return meant.flatMap((one) => nested(one, path, value, keys));
    if (!isStock(issue))
      return [`${describePath(path)}: got ${describeValue(valueAt(value, path))}, but ${issue.message}`];
    const choices = [
      ...new Set(issue.errors.flat().map((one) => expectation(one).replace(/^expected:? /, ""))),
    ];
    return [
      `${describePath(path)}: got ${describeValue(valueAt(value, path))}, expected ${choices.join(" or ")}`,
    ];
  }
  const said = !isStock(issue) ? issue.message : needsText(issue) ? "it must hold text" : undefined;
  const wanted = said === undefined ? expectation(issue) : `but ${said}`;
  return [`${describePath(path)}: got ${describeValue(valueAt(value, path))}, ${wanted}`];
};

/** The keys that are valid at a path, for suggestions. */
export type KeyLister = (path: readonly PropertyKey[]) => readonly string[];

/** Zod's issues as lines "field: got what was got, expected what was expected". value: what was checked. */
export const describeIssues = (
  error: z.core.$ZodError,
  value: unknown,
  keys: KeyLister = () => [],
): string[] => error.issues.flatMap((issue) => nested(issue, [], value, keys));

/** The value when it fits the schema. Throws UserError with the place and one line a field. */
export const checkValue = <Value>(
  schema: z.ZodType<Value>,
  value: unknown,
  place: TextPlace,
  keys?: KeyLister,
): Value => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = describeIssues(result.error, value, keys);
  const separator = problems.length === 1 ? " " : "\n  ";
  throw new UserError("value-invalid", `${describePlace(place)}:${separator}${problems.join("\n  ")}`, {
    ...place,
    fields: result.error.issues.map((issue) => describePath(issue.path)),
  });
};

/** JSON text that must fit a schema. Throws UserError with file, line and field. */
export const parseJsonAs = <Value>(schema: z.ZodType<Value>, text: string, place: TextPlace): Value =>
  checkValue(schema, parseJson(text, place), place);
