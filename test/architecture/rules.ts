// The rules of the layout, each a pure function from sources to violations in words. They know the table, not the
// disk, so that a test can plant a violation.

import { isBuiltin } from "node:module";
import { browserSafe, emptyNames, faces, importTable, insideOf, maximumLines } from "./import-table.ts";
import type { SourceFile } from "./source-files.ts";

export type Rule = (sources: readonly SourceFile[]) => string[];

const isTest = (path: string): boolean => /\.(test|fixture)\.tsx?$/.test(path);

/** The table's folder that a file of src lies in; a file models/providers/embedded.ts counts as that folder. */
const folderOf = (path: string): string | undefined => {
  const inner = path.replace(/^src\//, "").replace(/(\.test|\.fixture)?\.tsx?$/, "");
  return Object.keys(importTable)
    .filter((folder) => inner === folder || inner.startsWith(`${folder}/`))
    .sort((one, other) => other.length - one.length)[0];
};

const facesOf = (folder: string): readonly string[] => faces[folder] ?? [`src/${folder}/index.ts`];

const isInside = (one: string, other: string): boolean =>
  one === other || insideOf[one] === other || insideOf[other] === one;

/** Only arrows of the table, and only to a folder's faces. */
export const checkArrows: Rule = (sources) => {
  const violations: string[] = [];
  for (const { path, imports } of sources.filter((source) => source.path.startsWith("src/"))) {
    const from = folderOf(path);
    if (from === undefined) {
      violations.push(`${path}: lies in no folder of the import table`);
      continue;
    }
    for (const target of imports.filter((name) => name.startsWith("src/"))) {
      const to = folderOf(target);
      if (to === from) continue;
      if (to === undefined || !(importTable[from] ?? []).includes(to)) {
        if (to !== undefined && insideOf[to] === from) continue;
        violations.push(`${path}: ${from} must not import ${target}`);
      } else if (!isInside(from, to) && !facesOf(to).includes(target)) {
        violations.push(`${path}: reaches past the index of ${to}: ${target}`);
      }
    }
    for (const target of imports.filter((name) => /^(test|bench|tools|examples)\//.test(name))) {
      violations.push(`${path}: a source must not import ${target}`);
    }
  }
  return violations;
};

/** What lies outside src (tests, benches, tools, examples) imports faces alone. */
export const checkOutsiders: Rule = (sources) =>
  sources
    .filter(({ path }) => !path.startsWith("src/"))
    .flatMap(({ path, imports }) =>
      imports
        .filter((target) => target.startsWith("src/"))
        .filter((target) => !Object.keys(importTable).some((folder) => facesOf(folder).includes(target)))
        .map((target) => `${path}: reaches past an index: ${target}`),
    );

/** No file imports itself, by whatever way round. */
export const checkCycles: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const state = new Map<string, "open" | "done">();
  const violations: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      violations.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
      return;
    }
    state.set(path, "open");
    for (const target of byPath.get(path)?.imports ?? [])
      if (byPath.has(target)) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const { path } of sources) visit(path, []);
  return violations;
};

/** No Node module anywhere in what must run in a browser; tests beside it may. */
export const checkBrowserSafety: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const violations: string[] = [];
  const visit = (path: string, from: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const target of byPath.get(path)?.imports ?? []) {
      if (isBuiltin(target))
        violations.push(`${path}: imports ${target}, but must run in a browser (${from})`);
      if (byPath.has(target)) visit(target, from);
    }
  };
  for (const root of browserSafe) {
    const isRoot = (path: string): boolean => (root.endsWith("/") ? path.startsWith(root) : path === root);
    for (const { path } of sources) if (isRoot(path) && !isTest(path)) visit(path, root);
  }
  return violations;
};

/** kebab-case names that say what is inside. */
export const checkNames: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    const parts = path.split("/");
    const stem = (parts.pop() ?? "").replace(/(\.(test|fixture|config))?\.(ts|tsx|mjs)$/, "");
    const violations = [...parts, stem]
      .filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part))
      .map((part) => `${path}: "${part}" is not kebab-case`);
    const empty = [...parts, stem].filter((part) => emptyNames.includes(part));
    return [...violations, ...empty.map((part) => `${path}: "${part}" says nothing about what is inside`)];
  });

/** Files that one can read at a sitting. */
export const checkLengths: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return lines > maximumLines ? [`${path}: ${lines} lines, at most ${maximumLines} are allowed`] : [];
  });

/** A file says first, in two lines or more, what it is and what it does not know. Tests may let their names say it. */
export const checkHeaders: Rule = (sources) =>
  sources
    .filter(({ path }) => !isTest(path))
    .filter(({ text }) => !/^(#!.*\n)?\/\/ .*\n\/\/ /.test(text))
    .map(({ path }) => `${path}: opens without a comment of two lines or more that says what it is`);

/** The table itself: every folder named, and no way round. */
export const checkTable = (table: Readonly<Record<string, readonly string[]>>): string[] => {
  const sources = Object.entries(table).map(([path, imports]) => ({ path, text: "", imports }));
  const unknown = sources.flatMap(({ path, imports }) =>
    imports.filter((name) => !(name in table)).map((name) => `${path}: ${name} is not in the table`),
  );
  return [...unknown, ...checkCycles(sources)];
};
