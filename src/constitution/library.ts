// Where constitutions lie: the documents that come with Covenant, and files of one's own.
// What a document must hold is document.ts's part.

import { statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { CovenantError, nearestWord, readText, UserError, writeFileAtomic } from "../core/index.ts";
import type { Constitution } from "../records/index.ts";
import { formatConstitution, parseConstitution } from "./document.ts";

const libraryFolder = fileURLToPath(new URL("./library/", import.meta.url));

/** The names of the constitutions that come with Covenant, in alphabetical order. */
export const listLibrary = async (): Promise<string[]> => {
  let files: string[];
  try {
    files = await readdir(libraryFolder);
  } catch (cause) {
    throw new CovenantError(
      "library-missing",
      `This installation of Covenant is incomplete: the folder ${libraryFolder} cannot be read.`,
      { folder: libraryFolder },
      cause,
    );
  }
  return files
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
};

const looksLikePath = (reference: string): boolean => /[\\/]|\.(ya?ml|json)$/i.test(reference);

const unknownName = (name: string, names: readonly string[]): UserError => {
  if (statSync(name, { throwIfNoEntry: false })?.isFile())
    return new UserError(
      "constitution-unknown",
      `${name} is a file, and no constitution by its name: expected a document in .yaml, .yml or .json, or one of the library: ${names.join(", ")}. Where it holds prompts, it is given as --prompts ${name}; a constitution of another ending is given by its path, ./${name}.`,
      { name, names },
    );
  const nearest = nearestWord(name, names);
  const suggestion = nearest === undefined ? "Name one of these." : `Did you mean ${nearest}?`;
  return new UserError(
    "constitution-unknown",
    `There is no constitution "${name}" in the library, which holds: ${names.join(", ")}. ${suggestion} ` +
      `For a file of your own give its path, e.g. ./${name}.yaml.`,
    { name, names },
  );
};

/**
 * Loads a constitution by library name ("ethical") or by path (with a slash or ending in .yaml, .yml or .json).
 * Throws UserError: constitution-unknown, constitution-invalid, and what readText throws.
 */
export const loadConstitution = async (reference: string): Promise<Constitution> => {
  if (looksLikePath(reference)) return parseConstitution(await readText(reference), reference);
  const names = await listLibrary();
  if (!names.includes(reference)) throw unknownName(reference, names);
  const path = `${libraryFolder}${reference}.yaml`;
  return parseConstitution(await readText(path), path);
};

/** Writes a constitution as YAML; loading the file gives the same document, and equal documents equal bytes. */
export const saveConstitution = (path: string, constitution: Constitution): Promise<void> =>
  writeFileAtomic(path, formatConstitution(constitution));
