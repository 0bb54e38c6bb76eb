// The fields of a row of a Polis export, whatever its age: names differ in case, spaces and spelling from one version of
// Polis to the next. A value that is none of what it may be is a fault with file, line and field.

import { describeFields, describePlace, describeValue, type TextPlace, UserError } from "../../core/index.ts";
import type { TableRow } from "../../tables/index.ts";

/** "Comment ID" and "comment_id" are "comment-id". */
const plainName = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-");

/**
 * A row by the plain names of its fields. of: the text of a field; undefined where the row has no such field. named: by
 * the names as the file has them.
 */
export type FieldReader = {
  readonly place: TextPlace;
  readonly named: ReadonlyMap<string, string>;
  of(name: string): string | undefined;
};

const textOf = (value: unknown): string =>
  value === null || value === undefined ? "" : String(value).trim();

export const fieldFault = (place: TextPlace, field: string, got: unknown, expected: string): UserError =>
  new UserError(
    "polis-row",
    `${describePlace(place)}: ${field}: got ${describeValue(got)}, expected ${expected}.`,
    { ...place, field },
  );

/**
 * Begins to read the rows of a file by names. expected: what a row is taken for, told where it is no object of fields.
 * What it gives throws UserError.
 */
export const createFieldReader = (expected: string): ((row: TableRow) => FieldReader) => {
  // The rows of a table have the same names, often a thousand of them.
  const plainNames = new Map<string, string>();
  const plainOf = (name: string): string => {
    const known = plainNames.get(name) ?? plainName(name);
    plainNames.set(name, known);
    return known;
  };
  return ({ place, value }) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new UserError("polis-row", `${describePlace(place)}: ${describeFields(value, expected)}.`, {
        ...place,
      });
    const named = new Map<string, string>();
    const plain = new Map<string, string>();
    for (const [name, content] of Object.entries(value)) {
      const text = textOf(content);
      named.set(name.trim(), text);
      plain.set(plainOf(name), text);
    }
    return { place, named, of: (name) => plain.get(name) };
  };
};

/** A field that has to hold text. Throws UserError. */
export const requiredField = ({ place, of }: FieldReader, name: string, expected: string): string => {
  const text = of(name);
  if (text === undefined || text === "") throw fieldFault(place, name, text, expected);
  return text;
};

/** A whole number; undefined where the field is not there or blank. Throws UserError. */
export const numberField = ({ place, of }: FieldReader, name: string): number | undefined => {
  const text = of(name);
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw fieldFault(place, name, text, "a whole number");
  return value;
};

/** Throws UserError where the first row of a file lacks what makes it the file that it is taken for. */
export const lackingFields = ({ place, named }: FieldReader, file: string, expected: string): UserError =>
  new UserError("polis-file", `${file}: ${describeFields(Object.fromEntries(named), expected)}.`, {
    ...place,
  });
