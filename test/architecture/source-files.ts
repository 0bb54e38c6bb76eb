// Sources as the rules see them: path, text and what each imports. Imports are found in the text, without a parser:
// every import or export from, type imports and import() included, outside comments.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** path: from the repository's root, with "/" between. imports: as written, relative ones resolved to such paths. */
export type SourceFile = {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
};

const importPattern =
  /(?:^|[;\n])\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"'\n]+)["']|\bimport\(\s*["'`]([^"'`\n]+)["'`]/g;

/** Comments and the insides of template literals, blanked: code that is only shown is not imported. */
const blankQuoted = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/(?<!import\(\s*)`(?:[^`\\]|\\.)*`/g, "``");

/** A source from its path and text. */
export const createSource = (path: string, text: string): SourceFile => {
  const found = [...blankQuoted(text).matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? "");
  const imports = found.map((name) => (name.startsWith(".") ? posix.join(posix.dirname(path), name) : name));
  return { path, text, imports: [...new Set(imports)] };
};

/** All TypeScript and .mjs sources of some folders of the repository; folders that are not there hold none. */
export const readSources = (root: string, folders: readonly string[]): SourceFile[] => {
  const walk = (folder: string): SourceFile[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : walk(path);
      return /\.(ts|tsx|mjs)$/.test(entry.name)
        ? [createSource(path, readFileSync(join(root, path), "utf8"))]
        : [];
    });
  return folders.filter((folder) => existsSync(join(root, folder))).flatMap(walk);
};
