// The rules of the layout, each a pure function from sources to violations in words. They know the table, not the
// disk, so that a test can plant a violation.

import { isBuiltin } from "node:module";
import {
  ambientNames,
  browserSafe,
  dataPlaces,
  emptyNames,
  faces,
  headerLines,
  hiddenLoaders,
  importTable,
  insideOf,
  layers,
  maximumLines,
} from "./import-table.ts";
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

/** What a source leads to: a file that it names is no less reached than one that it imports. */
const targetsOf = ({ imports, files }: Pick<SourceFile, "imports" | "files">): readonly string[] => [
  ...imports,
  ...files,
];

const liesIn = (places: readonly string[], path: string): boolean =>
  places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));

const isModule = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path);

/** Only arrows of the table, only to a folder's faces, and out of src only to data. */
export const checkArrows: Rule = (sources) => {
  const violations: string[] = [];
  for (const source of sources.filter(({ path }) => path.startsWith("src/"))) {
    const { path, imports, files } = source;
    const from = folderOf(path);
    if (from === undefined) {
      violations.push(`${path}: lies in no folder of the import table`);
      continue;
    }
    for (const target of targetsOf(source).filter((name) => name.startsWith("src/"))) {
      const to = folderOf(target);
      if (to === from) continue;
      if (to === undefined || !(importTable[from] ?? []).includes(to)) {
        if (to !== undefined && insideOf[to] === from) continue;
        violations.push(`${path}: ${from} must not import ${target}`);
      } else if (!isInside(from, to) && !facesOf(to).includes(target)) {
        violations.push(`${path}: reaches past the index of ${to}: ${target}`);
      }
    }
    const isData = (target: string): boolean =>
      !isModule(target) && (isTest(path) || liesIn(dataPlaces, target));
    for (const target of [...imports, ...files.filter((name) => !isData(name))]) {
      if (!target.startsWith("src/")) violations.push(`${path}: a source must not import ${target}`);
    }
  }
  return violations;
};

/** What lies outside src (tests, benches, tools, examples) imports faces alone. */
export const checkOutsiders: Rule = (sources) =>
  sources
    .filter(({ path }) => !path.startsWith("src/"))
    .flatMap((source) =>
      targetsOf(source)
        .filter((target) => target.startsWith("src/"))
        .filter((target) => !Object.keys(importTable).some((folder) => facesOf(folder).includes(target)))
        .map((target) => `${source.path}: reaches past an index: ${target}`),
    );

/** Modules are loaded in ways that the other rules see: import and export, by a name that is written out. */
export const checkLoading: Rule = (sources) =>
  sources.flatMap(({ path, packages, names }) => {
    const hidden = hiddenLoaders.filter((name) => names.has(name));
    const inSource = path.startsWith("src/")
      ? ["import()", "import.meta"].filter((name) => names.has(name))
      : [];
    const addresses = packages.filter((name) => /^(\/|#|file:|data:)/.test(name));
    return [
      ...hidden.map((name) => `${path}: ${name}: load modules with import`),
      ...inSource.map(
        (name) => `${path}: ${name} without a name written out, or outside of new URL(name, …)`,
      ),
      ...addresses.map((name) => `${path}: imports ${name}, neither a relative path nor a package`),
    ];
  });

/** Time, chance, printing and leaving: arguments, or the part of whoever runs the program. */
export const checkAmbient: Rule = (sources) =>
  sources.flatMap(({ path, names: used }) =>
    ambientNames
      .filter(({ allowed }) => !liesIn(allowed, path))
      .flatMap(({ names }) =>
        [...used].filter((name) =>
          names.some((one) => (one.endsWith(".") ? name.startsWith(one) : name === one)),
        ),
      )
      .map((name) => `${path}: ${name} is not for this file: take what it gives as an argument`),
  );

/** No file imports itself, by whatever way round. */
export const checkCycles = (sources: readonly Pick<SourceFile, "path" | "imports" | "files">[]): string[] => {
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
    const source = byPath.get(path);
    for (const target of source === undefined ? [] : targetsOf(source))
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
    const source = byPath.get(path);
    if (source === undefined) return;
    for (const name of source.packages.filter((one) => isBuiltin(one)))
      violations.push(`${path}: imports ${name}, but must run in a browser (${from})`);
    for (const target of targetsOf(source)) visit(target, from);
  };
  for (const root of browserSafe)
    for (const { path } of sources) if (liesIn([root], path) && !isTest(path)) visit(path, root);
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
export const checkLengths = (sources: readonly Pick<SourceFile, "path" | "text">[]): string[] =>
  sources.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    return lines > maximumLines ? [`${path}: ${lines} lines, at most ${maximumLines} are allowed`] : [];
  });

/** Directly in recipes/ lie verbs: files that export a recipe, and what a recipe is. What serves several lies below. */
export const checkVerbs: Rule = (sources) =>
  sources
    .filter(({ path }) => /^src\/recipes\/[^/]+$/.test(path) && !isTest(path))
    .filter(({ path }) => !["src/recipes/index.ts", "src/recipes/recipe.ts"].includes(path))
    .filter(({ exports }) => !exports.some(({ name }) => /^recipe$|Recipe$/.test(name)))
    .map(({ path }) => `${path}: exports no recipe, so it belongs in a folder below src/recipes`);

/** The layer of a folder that a file lies in; undefined for the folder's own files and those of other folders. */
const layerOf = (folder: string, path: string): string | undefined => {
  const root = `src/${folder}/`;
  const [layer, inside] = path.startsWith(root) ? path.slice(root.length).split("/") : [];
  return inside === undefined ? undefined : layer;
};

/** The folders below a folder that has layers import downwards; a new one is to be given its place. */
export const checkLayers: Rule = (sources) =>
  Object.entries(layers).flatMap(([folder, { contract, order }]) => {
    const root = `src/${folder}/`;
    const placeOf = (path: string): number => order.indexOf(layerOf(folder, path) ?? "");
    const inside = [...new Set(sources.map(({ path }) => layerOf(folder, path)))];
    const strangers = inside.filter((layer) => layer !== undefined && !order.includes(layer));
    const upwards = sources
      .filter(({ path }) => !isTest(path) && (path === contract || layerOf(folder, path) !== undefined))
      .flatMap((source) =>
        targetsOf(source)
          .filter((target) => target.startsWith(root) && target !== contract)
          .filter((target) => {
            const below = placeOf(target);
            return source.path === contract || below < 0 || below > placeOf(source.path);
          })
          .map((target) => `${source.path}: imports ${target}, which lies above it`),
      );
    return [
      ...strangers.map((layer) => `${root}${layer}: has no place in the layers of ${root}`),
      ...upwards,
    ];
  });

/** What the table of layers names is there, once. files: paths of all sources. */
export const checkLayerTable = (table: typeof layers, files: readonly Pick<SourceFile, "path">[]): string[] =>
  Object.entries(table).flatMap(([folder, { contract, order }]) => [
    ...(files.some(({ path }) => path === contract) ? [] : [`${folder}: ${contract} is not there`]),
    ...order
      .filter(
        (layer, at) =>
          order.indexOf(layer) !== at || !files.some(({ path }) => layerOf(folder, path) === layer),
      )
      .map((layer) => `${folder}: the layer ${layer} is not there, or stands twice`),
  ]);

/** What is there for tests is imported by tests alone. */
export const checkFixtures: Rule = (sources) =>
  sources
    .filter(({ path }) => path.startsWith("src/") && !isTest(path))
    .flatMap((source) =>
      targetsOf(source)
        .filter(isTest)
        .map((target) => `${source.path}: imports ${target}, which is there for tests`),
    );

/**
 * A file says first, in two to six lines, what it is and what it does not know. Tests may let their names say it, but
 * say no more either.
 */
export const checkHeaders: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const [, header = ""] = /^(?:#!.*\n)?((?:\/\/(?: .*)?\n)*)/.exec(text) ?? [];
    const lines = header.split("\n").length - 1;
    const { least, most } = headerLines;
    return lines > most || (lines < least && !isTest(path))
      ? [`${path}: opens with ${lines} lines of comment that say what it is, not with ${least} to ${most}`]
      : [];
  });

/** Functions and classes that a folder shows to others say directly above their declaration what they do. */
export const checkDocstrings: Rule = (sources) => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const lacking = new Set<string>();
  const visit = (path: string, wanted: string): void => {
    const found = byPath
      .get(path)
      ?.exports.filter(({ name }) => [name, "*"].includes(wanted) || name === "*");
    for (const { name, local, from, lacksDocstring } of found ?? []) {
      if (from !== undefined) visit(from, name === "*" ? wanted : local);
      else if (lacksDocstring) lacking.add(`${path}: ${name} has no docstring directly above it`);
    }
  };
  for (const face of Object.keys(importTable).flatMap(facesOf)) visit(face, "*");
  return [...lacking];
};

/** The table itself: every folder named, and no way round. */
export const checkTable = (table: Readonly<Record<string, readonly string[]>>): string[] => {
  const sources = Object.entries(table).map(([path, imports]) => ({ path, imports, files: [] }));
  const unknown = sources.flatMap(({ path, imports }) =>
    imports.filter((name) => !(name in table)).map((name) => `${path}: ${name} is not in the table`),
  );
  return [...unknown, ...checkCycles(sources)];
};
