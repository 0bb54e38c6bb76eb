// A constitution's YAML text, read and written. Every fault of a document is named with file, line and field, all of
// them at once, so that a person mends the file in one go. Knows no folder: library.ts does.

import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import {
  describeIssues,
  describePath,
  describePlace,
  describeValue,
  describeYamlFault,
  formatYaml,
  hashJson,
  messageOf,
  UserError,
  yamlLineOf,
} from "../core/index.ts";
import {
  type Constitution,
  constitutionSchema,
  groundSchema,
  groupSupportSchema,
  type Principle,
  type PrincipleId,
  principleSchema,
  principleTextSchema,
  revisionExampleSchema,
} from "../records/index.ts";
import { parseQuietly, readPublished } from "./published.ts";

type Path = readonly PropertyKey[];
type Fault = { readonly line: number; readonly field: string; readonly problem: string };
type Source = { readonly root: unknown; readonly lines: LineCounter };

const documentKeys = Object.keys(constitutionSchema.shape);
const principleKeys = Object.keys(principleSchema.shape);
const oppositeKeys = Object.keys(principleSchema.shape.opposite.unwrap().shape);
const supportKeys = Object.keys(groupSupportSchema.shape);
const groundKeys = Object.keys(groundSchema.shape);
const exampleKeys = Object.keys(revisionExampleSchema.shape);

const keysAt = (path: Path): readonly string[] => {
  if (path.length === 0) return documentKeys;
  if (path[0] === "fewShots") return exampleKeys;
  if (path.includes("support")) return supportKeys;
  if (path.includes("grounds")) return groundKeys;
  return path.at(-1) === "opposite" ? oppositeKeys : principleKeys;
};

const lineOf = ({ root, lines }: Source, path: Path): number => yamlLineOf(root, lines, path);

/** A version such as 1.0 without quotes is a number in YAML: the text as it stands in the document, in quotes. */
const unquotedVersion = ({ root }: Source, issue: z.core.$ZodIssue): string | undefined => {
  if (issue.code !== "invalid_type" || describePath(issue.path) !== "version" || !isMap(root))
    return undefined;
  const node = root.get("version", true);
  if (!isScalar(node) || typeof node.value !== "number") return undefined;
  const written = node.source ?? String(node.value);
  return `version: got a number, expected a text; put it in quotes: version: "${written}"`;
};

const faultsOf = (issues: readonly z.core.$ZodIssue[], document: unknown, source: Source): Fault[] =>
  issues.flatMap((issue) => {
    const paths: Path[] =
      issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const version = unquotedVersion(source, issue);
    const problems =
      version === undefined ? describeIssues(new z.ZodError([issue]), document, keysAt) : [version];
    return problems.map((problem, index) => {
      const path = paths[index] ?? issue.path;
      return { line: lineOf(source, path), field: describePath(path), problem };
    });
  });

const duplicateFaults = (principles: readonly Principle[], source: Source): Fault[] => {
  const first = new Map<PrincipleId, number>();
  return principles.flatMap((principle, index) => {
    const path = ["principles", index, "id"];
    const line = lineOf(source, path);
    const earlier = first.get(principle.id);
    if (earlier === undefined) {
      first.set(principle.id, line);
      return [];
    }
    const field = describePath(path);
    const problem = `${field}: got "${principle.id}", which line ${earlier} uses already; ids must differ`;
    return [{ line, field, problem }];
  });
};

/** So many faults are printed; the error carries all that were found. */
const printedFaults = 12;

const rejection = (file: string, faults: readonly Fault[]): UserError => {
  const lines = faults
    .slice(0, printedFaults)
    .map(({ line, problem }) => `  ${describePlace({ file, line })}: ${problem}`);
  if (faults.length > printedFaults) lines.push(`  and ${faults.length - printedFaults} more`);
  return new UserError(
    "constitution-invalid",
    `This constitution cannot be used:\n${lines.join("\n")}\nCorrect the file and try again.`,
    { file, faults },
  );
};

/** Whether a text is rows of JSON, one a line, as data comes in. */
const isJsonl = (text: string): boolean => {
  const [, first, second] = /^\s*(\S.*)\s+(\S.*)/.exec(text) ?? [];
  return [first, second].every((line) => {
    const value = line === undefined ? null : parseQuietly(line);
    return typeof value === "object" && value !== null;
  });
};

/**
 * Reads a constitution from YAML text, or from the JSON in which principles were published; `file` is the name that
 * messages speak of. Throws UserError "constitution-invalid" with every fault as file, line, field and what is
 * expected.
 */
export const parseConstitution = (text: string, file: string): Constitution => {
  const published = readPublished(text, file);
  if (published !== null) return published;
  const lines = new LineCounter();
  const whole = (line: number, problem: string): Fault => ({ line, field: describePath([]), problem });
  if (isJsonl(text)) {
    const problem = `got rows of JSON, one a line, expected one YAML document with the fields ${documentKeys.join(", ")}`;
    throw rejection(file, [whole(1, problem)]);
  }
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // what follows the first fault is often its consequence
  const [broken] = parsed.errors;
  if (broken !== undefined)
    throw rejection(file, [
      whole(lines.linePos(broken.pos[0]).line, `not valid YAML (${describeYamlFault(broken)})`),
    ]);
  const source = { root: parsed.contents, lines };
  let document: unknown;
  try {
    document = parsed.toJS();
  } catch (thrown) {
    throw rejection(file, [whole(1, `not valid YAML (${messageOf(thrown)})`)]);
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    const problem = `got ${describeValue(document ?? undefined)}, expected the fields ${documentKeys.join(", ")}`;
    throw rejection(file, [whole(1, problem)]);
  }
  const checked = constitutionSchema.safeParse(document);
  if (!checked.success) throw rejection(file, faultsOf(checked.error.issues, document, source));
  const duplicates = duplicateFaults(checked.data.principles, source);
  if (duplicates.length > 0) throw rejection(file, duplicates);
  return checked.data;
};

const ordered = (value: object, keys: readonly string[]): Record<string, unknown> => {
  const fields = value as Record<string, unknown>;
  return Object.fromEntries(keys.filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]]));
};

const textKeys = Object.keys(principleTextSchema.shape);

/** The fields that are written: a text that is not there is left out. */
const writtenKeys = (value: object, keys: readonly string[]): string[] =>
  keys.filter((key) => !textKeys.includes(key) || (value as Record<string, unknown>)[key] !== "");

/** The YAML text of a constitution: equal documents give equal bytes, and parseConstitution gives the document back. */
export const formatConstitution = (constitution: Constitution): string =>
  formatYaml({
    ...ordered(constitution, documentKeys),
    principles: constitution.principles.map((principle) => ({
      ...ordered(principle, writtenKeys(principle, principleKeys)),
      ...(principle.support === undefined
        ? {}
        : { support: principle.support.map((group) => ordered(group, supportKeys)) }),
      ...(principle.grounds === undefined
        ? {}
        : { grounds: principle.grounds.map((ground) => ordered(ground, groundKeys)) }),
      ...(principle.opposite === undefined
        ? {}
        : { opposite: ordered(principle.opposite, writtenKeys(principle.opposite, oppositeKeys)) }),
    })),
  });

/** SHA-256 (hexadecimal) of the document's content; independent of the order of fields, comments and layout. */
export const hashConstitution = (constitution: Constitution): string => hashJson(constitution);
