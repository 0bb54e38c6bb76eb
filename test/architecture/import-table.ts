// The architecture as data: which folder may import which, through which faces, and what must run in a browser.
// The test beside this file holds the sources to it.

/** A folder of src and the folders it may import. A longer name beats a shorter one that holds it. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  core: [],
  records: ["core"],
  engine: ["core"],
  tables: ["core"],
  constitution: ["core", "records"],
  runs: ["core", "records"],
  transformer: ["core", "records", "engine"],
  serving: ["core", "records", "transformer"],
  sandbox: ["core", "records", "constitution"],
  models: ["core", "records"],
  "models/providers/embedded": ["core", "records", "models", "transformer"],
  simulation: ["core", "records", "tables", "constitution", "models"],
  feedback: ["core", "records", "tables", "constitution", "models"],
  evaluation: ["core", "records", "tables", "constitution", "models"],
  training: ["core", "records", "engine", "transformer"],
  report: ["core", "records", "runs", "report/charts"],
  "report/charts": [],
  recipes: [
    "core",
    "records",
    "tables",
    "engine",
    "constitution",
    "runs",
    "transformer",
    "serving",
    "sandbox",
    "models",
    "simulation",
    "feedback",
    "evaluation",
    "training",
    "report",
  ],
  cli: ["core", "records", "runs", "report", "recipes"],
  "studio/server": ["core", "records", "runs", "report", "recipes"],
  "studio/client": ["records", "report/charts"],
};

/**
 * Parts of a folder that belong to it: the folder's own files import them, and they the folder's, as insiders. What
 * else they may import stands in the table.
 */
export const insideOf: Readonly<Record<string, string>> = { "models/providers/embedded": "models" };

/**
 * Folders below a folder, the lowest first: each imports those before it, and of the folder's own files nothing but
 * `contract`, which imports none of them. The folder's other files import them all.
 */
export const layers: Readonly<
  Record<string, { readonly contract: string; readonly order: readonly string[] }>
> = {
  recipes: {
    contract: "src/recipes/recipe.ts",
    order: [
      "settings",
      "costs",
      "stages",
      "inputs",
      "plans",
      "summaries",
      "datasets",
      "lineage",
      "replay",
      "bodies",
    ],
  },
};

/** The files of a folder that others may import; where nothing is said, index.ts alone. A fixture is for tests. */
export const faces: Readonly<Record<string, readonly string[]>> = {
  core: [
    "src/core/index.ts",
    "src/core/portable.ts",
    "src/core/any-text.fixture.ts",
    "src/core/published.fixture.ts",
  ],
  models: ["src/models/index.ts", "src/models/served.fixture.ts"],
};

/** Files that, with all that they import, must run in a browser: a folder (ending in "/") or one file. */
export const browserSafe: readonly string[] = [
  "src/records/",
  "src/core/portable.ts",
  "src/report/charts/",
  "src/studio/client/",
];

/** What lies outside src and is found from a source by its place: data, never a module. Tests may find any data. */
export const dataPlaces: readonly string[] = ["package.json", "assets/"];

/** Ways to a module that no rule can follow. */
export const hiddenLoaders: readonly string[] = ["require", "createRequire", "getBuiltinModule"];

/**
 * Names of what is an argument elsewhere, or the command line's part ("console." stands for all of its members), with
 * the folders (ending in "/") and files that may use them.
 */
export const ambientNames: readonly {
  readonly names: readonly string[];
  readonly allowed: readonly string[];
}[] = [
  {
    names: ["Date.now", "Date()", "Math.random", "performance.now", "process.hrtime"],
    allowed: ["src/core/clock.ts", "bench/", "tools/"],
  },
  { names: ["console.", "process.exit"], allowed: ["src/cli/", "bench/", "tools/"] },
];

/** Names that say nothing about what a file holds. */
export const emptyNames: readonly string[] = [
  "utils",
  "util",
  "helpers",
  "helper",
  "types",
  "common",
  "misc",
  "shared",
];

export const maximumLines = 400;

/** Lines in which a file says first what it is. */
export const headerLines = { least: 2, most: 6 };
