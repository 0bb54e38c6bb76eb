// Candidates from a file: a list of sentences (YAML or JSON), rows with a statement each (JSONL, CSV, TSV, Parquet), the statements
// of a Polis export, or a constitution, of the library too. Told apart by what stands there; faults are told with their places.

import { basename } from "node:path";
import { loadConstitution } from "../../constitution/index.ts";
import {
  collectFaults,
  describePlace,
  describeValue,
  parseYamlWithLines,
  readText,
  type TextPlace,
  UserError,
} from "../../core/index.ts";
import { readRows } from "../../tables/index.ts";
import { createPrincipleIds } from "../polis/principle-ids.ts";
import { readStatements } from "../polis/statements-file.ts";
import type { FiledCandidate } from "./candidates.ts";

const fieldNames = ["statement", "principle", "text", "title"] as const;
const expected = `a sentence, or an object with one of ${fieldNames.join(", ")}`;

const fault = (place: TextPlace, value: unknown): UserError =>
  new UserError(
    "candidate-invalid",
    `${describePlace(place)}: got ${describeValue(value)}, expected ${expected}.`,
    { ...place },
  );

const statementIn = (value: unknown, place: TextPlace): string => {
  const found =
    value !== null && typeof value === "object"
      ? fieldNames.map((name) => (value as Readonly<Record<string, unknown>>)[name]).find(Boolean)
      : value;
  if (typeof found !== "string" || found.trim() === "") throw fault(place, value);
  return found.replaceAll(/\s+/g, " ").trim();
};

const numbered = (statements: readonly string[], file: string): FiledCandidate[] =>
  statements.map((statement, at) => ({
    name: `principle-${at + 1}`,
    statement,
    source: `${basename(file)}, ${at + 1}`,
  }));

const ofConstitution = async (name: string): Promise<FiledCandidate[]> => {
  const { principles, name: document } = await loadConstitution(name);
  return principles.map((principle) => ({
    name: principle.id,
    statement: principle.title,
    source: `${document}, ${principle.id}`,
    principle,
  }));
};

const ofList = async (file: string): Promise<FiledCandidate[]> => {
  const { value, lineOf } = parseYamlWithLines(await readText(file), { file });
  if (!Array.isArray(value)) return ofConstitution(file);
  const faults = collectFaults(file);
  const statements = value.flatMap(
    (item: unknown, at) => faults.attempt(() => statementIn(item, { file, line: lineOf([at]) })) ?? [],
  );
  faults.end();
  return numbered(statements, file);
};

/** Whether a row is of the statements of a Polis export. */
const isPolis = (value: unknown): boolean => {
  const names = Object.keys(value ?? {}).map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[\s_]+/g, "-"),
  );
  return names.includes("comment-id") && names.includes("comment-body");
};

const ofPolis = async (file: string): Promise<FiledCandidate[]> => {
  const statements = await readStatements(file);
  const nameOf = createPrincipleIds();
  return statements
    .filter(({ text, moderation, isMeta }) => text.trim() !== "" && moderation !== -1 && !isMeta)
    .map(({ id, text }) => ({
      name: nameOf(id),
      statement: text.replaceAll(/\s+/g, " ").trim(),
      source: `Polis, statement ${id}`,
    }));
};

const ofRows = async (file: string): Promise<FiledCandidate[]> => {
  const faults = collectFaults(file);
  const statements: string[] = [];
  for await (const { place, value } of readRows(file, { onFault: faults.add })) {
    if (statements.length === 0 && isPolis(value)) return ofPolis(file);
    faults.attempt(() => statements.push(statementIn(value, place)));
  }
  faults.end();
  return numbered(statements, file);
};

/** Whether candidates are named by a file, and not by a constitution of the library. */
export const isCandidateFile = (name: string): boolean => /[\\/]|\.[a-z0-9]+$/i.test(name);

/**
 * The candidates that a file, or a constitution of the library, names, each name once. Throws UserError with every fault.
 */
export const loadCandidates = async (name: string): Promise<FiledCandidate[]> => {
  const found = !isCandidateFile(name)
    ? await ofConstitution(name)
    : /\.(ya?ml|json)$/i.test(name)
      ? await ofList(name)
      : await ofRows(name);
  if (found.length > 0) return found;
  throw new UserError(
    "list-empty",
    `${name} holds no candidates. Expected at least one principle or statement.`,
    {
      file: name,
    },
  );
};
