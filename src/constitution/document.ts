// A constitution's YAML text, read and written. Every fault of a document is named with file, line and field, all of
// them at once, so that a person mends the file in one go. Knows no folder: library.ts does.

import { createHash } from "node:crypto";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import type { z } from "zod";
import { messageOf, UserError } from "../core/index.ts";
import { type Constitution, constitutionSchema, type Principle, principleSchema } from "../records/index.ts";
import { nearestName } from "./nearest.ts";

type Path = readonly (string | number)[];
type Fault = { readonly line: number; readonly field: string; readonly text: string };
type Source = { readonly root: unknown; readonly lines: LineCounter };

const documentKeys = Object.keys(constitutionSchema.shape);
const principleKeys = Object.keys(principleSchema.shape);
const oppositeKeys = ["title", "critique", "revision", "preference"];

const keysAt = (path: Path): readonly string[] => {
  if (path.length === 0) return documentKeys;
  return path.at(-1) === "opposite" ? oppositeKeys : principleKeys;
};

const fieldName = (path: Path): string =>
  path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");

/** The line of the deepest part of the path that exists in the document; a field counts from its key. */
const lineOf = ({ root, lines }: Source, path: Path): number => {
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

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a group of fields" : `the ${typeof value} ${String(value)}`;
};

const valueAt = (document: unknown, path: Path): unknown => {
  let value = document;
  for (const part of path) value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  return value;
};

const wanted: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  array: "a list",
  object: "a group of fields",
};

const describe = (issue: z.core.$ZodIssue, document: unknown): string => {
  const value = valueAt(document, issue.path as Path);
  if (issue.code === "invalid_type") {
    if (value === undefined) return "is missing";
    const quotes = issue.expected === "string" && typeof value === "number" ? "; put it in quotes" : "";
    return `must be ${wanted[issue.expected] ?? issue.expected}, got ${kindOf(value)}${quotes}`;
  }
  if (issue.code === "too_small" && typeof value === "string") return "must not be empty";
  if (issue.code === "too_small" && typeof value === "number") return `must be above 0, got ${value}`;
  if (issue.code === "invalid_format") {
    return `${JSON.stringify(value)} is not allowed: ${issue.message}, beginning with a letter or digit`;
  }
  return issue.message;
};

const faultsOf = (issues: readonly z.core.$ZodIssue[], document: unknown, source: Source): Fault[] =>
  issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code !== "unrecognized_keys") {
      return [{ line: lineOf(source, path), field: fieldName(path), text: describe(issue, document) }];
    }
    return issue.keys.map((key) => {
      const valid = keysAt(path);
      const nearest = nearestName(key, valid);
      const advice =
        nearest === undefined ? `valid fields are ${valid.join(", ")}` : `did you mean "${nearest}"?`;
      const at = [...path, key];
      return { line: lineOf(source, at), field: fieldName(at), text: `is not a field here; ${advice}` };
    });
  });

const duplicateFaults = (principles: readonly Principle[], source: Source): Fault[] => {
  const first = new Map<string, number>();
  return principles.flatMap((principle, index) => {
    const path = ["principles", index, "id"];
    const line = lineOf(source, path);
    const earlier = first.get(principle.id);
    if (earlier === undefined) {
      first.set(principle.id, line);
      return [];
    }
    return [
      {
        line,
        field: fieldName(path),
        text: `"${principle.id}" is already used in line ${earlier}; ids must differ`,
      },
    ];
  });
};

const reject = (file: string, faults: readonly Fault[]): never => {
  const lines = faults.map(
    ({ line, field, text }) => `  ${file}:${line}: ${field === "" ? "" : `${field} `}${text}`,
  );
  throw new UserError(
    "constitution-invalid",
    `${file} is not a constitution that can be used:\n${lines.join("\n")}\nCorrect the file and try again.`,
    { file, faults },
  );
};

/**
 * Reads a constitution from YAML text; `file` is the name that messages speak of. Throws UserError
 * "constitution-invalid" with every fault as file, line, field and what is expected.
 */
export const parseConstitution = (text: string, file: string): Constitution => {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (parsed.errors.length > 0) {
    return reject(
      file,
      parsed.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        field: "",
        text: `is not YAML: ${error.message}`,
      })),
    );
  }
  const source = { root: parsed.contents, lines };
  let document: unknown;
  try {
    document = parsed.toJS();
  } catch (thrown) {
    return reject(file, [{ line: 1, field: "", text: `is not YAML: ${messageOf(thrown)}` }]);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    const text = `expected a document with the fields ${documentKeys.join(", ")}, got ${kindOf(document)}`;
    return reject(file, [{ line: 1, field: "", text }]);
  }
  const checked = constitutionSchema.safeParse(document);
  if (!checked.success) return reject(file, faultsOf(checked.error.issues, document, source));
  const duplicates = duplicateFaults(checked.data.principles, source);
  return duplicates.length > 0 ? reject(file, duplicates) : checked.data;
};

const ordered = (value: object, keys: readonly string[]): Record<string, unknown> => {
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(keys.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]));
};

/** The document with its fields in the schema's order and nothing undefined: the form that is written and hashed. */
const canonical = (constitution: Constitution): Record<string, unknown> => ({
  ...ordered(constitution, documentKeys),
  principles: constitution.principles.map((principle) => ({
    ...ordered(principle, principleKeys),
    ...(principle.opposite === undefined ? {} : { opposite: ordered(principle.opposite, oppositeKeys) }),
  })),
});

/** The YAML text of a constitution: equal documents give equal bytes, and parseConstitution gives the document back. */
export const formatConstitution = (constitution: Constitution): string =>
  stringify(canonical(constitution), { lineWidth: 110, aliasDuplicateObjects: false });

/** SHA-256 (hexadecimal) of the document's content; independent of the order of fields, comments and layout. */
export const hashConstitution = (constitution: Constitution): string =>
  createHash("sha256")
    .update(JSON.stringify(canonical(constitution)))
    .digest("hex");
