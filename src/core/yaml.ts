// YAML with places: a malformed document is told with its file and line, in the same words as JSON's, and values are
// written so that they read back as they were. Runs in a browser; reads no file itself.

import { parse, stringify, YAMLParseError } from "yaml";
import { messageOf, UserError } from "./errors.ts";
import { describePlace, type TextPlace } from "./json.ts";

/** Parses one YAML document. Throws UserError with file and line. */
export const parseYaml = (text: string, place: TextPlace): unknown => {
  try {
    return parse(text, { prettyErrors: true });
  } catch (cause) {
    const line = cause instanceof YAMLParseError ? cause.linePos?.[0].line : undefined;
    const where = line === undefined ? place : { ...place, line };
    const what = messageOf(cause)
      .split("\n")[0]
      ?.replace(/ at line \d+, column \d+:?$/, "");
    throw new UserError(
      "yaml-malformed",
      `${describePlace(where)}: not valid YAML (${what}). Check indentation, colons and quotes there.`,
      { ...where },
      cause,
    );
  }
};

/** A value as YAML text; what parseYaml gives back is equal to it. */
export const formatYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 100, aliasDuplicateObjects: false });
