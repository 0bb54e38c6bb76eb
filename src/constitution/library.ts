// Where constitutions lie: the documents that come with Covenant, and files of one's own.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { messageOf, UserError } from "../core/index.ts";
import type { Constitution } from "../records/index.ts";
import { formatConstitution, parseConstitution } from "./document.ts";
import { nearestName } from "./nearest.ts";

const libraryFolder = new URL("./library/", import.meta.url);

/** The names of the constitutions that come with Covenant, in alphabetical order. */
export const listLibrary = (): string[] =>
  readdirSync(libraryFolder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();

const looksLikePath = (reference: string): boolean => /[\\/]|\.(ya?ml|json)$/i.test(reference);

const unknownName = (name: string): UserError => {
  const names = listLibrary();
  const nearest = nearestName(name, names);
  return new UserError(
    "constitution-unknown",
    `There is no constitution "${name}" in the library, which holds: ${names.join(", ")}. ` +
      `${nearest === undefined ? "Name one of these" : `Did you mean "${nearest}"?`} For a file of your own give its path, e.g. ./${name}.yaml.`,
    { name, names },
  );
};

/**
 * Loads a constitution by library name ("ethical") or by path (with a slash or ending in .yaml, .yml or .json).
 * Throws UserError: constitution-unknown, constitution-unreadable, constitution-invalid.
 */
export const loadConstitution = (reference: string): Constitution => {
  const isPath = looksLikePath(reference);
  if (!isPath && !listLibrary().includes(reference)) throw unknownName(reference);
  const path = isPath ? reference : fileURLToPath(new URL(`${reference}.yaml`, libraryFolder));
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    throw new UserError(
      "constitution-unreadable",
      `The constitution ${path} cannot be read (${messageOf(thrown)}). Expected the path of a YAML file or one of the library: ${listLibrary().join(", ")}.`,
      { path },
      thrown,
    );
  }
  return parseConstitution(text, path);
};

/** Writes a constitution as YAML; loading the file gives the same document, and equal documents equal bytes. */
export const saveConstitution = (path: string, constitution: Constitution): void => {
  writeFileSync(path, formatConstitution(constitution));
};
