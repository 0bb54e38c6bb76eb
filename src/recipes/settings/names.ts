// Paths and model names as people type them, made into what the rest of Covenant expects: "~" is the home folder, and
// a folder may be named as a model without "./".

import { statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { expandHome } from "../../core/index.ts";

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A path as the name of a model folder: with "./" in front where a model name needs it. */
export const asModelName = (path: string): string =>
  isAbsolute(path) || /^\.{1,2}([/\\]|$)/.test(path) ? path : `./${path}`;

/** A model name as it was typed, as one that can be opened. */
export const readModelName = (typed: string): string => {
  const name = expandHome(typed);
  const isPath = !name.includes(":") && (/[/\\]/.test(name) || isFolder(name));
  return isPath ? asModelName(name) : name;
};
