// The architecture as data: which folder may import which, through which faces, and what must run in a browser.
// The test beside this file holds the sources to it.

/** A folder of src and the folders it may import. A longer name beats a shorter one that holds it. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  core: [],
  records: ["core"],
  engine: ["core"],
  constitution: ["core", "records"],
  runs: ["core", "records"],
  transformer: ["core", "records", "engine"],
  sandbox: ["core", "records", "constitution"],
  models: ["core", "records"],
  "models/providers/embedded": ["core", "records", "models", "transformer"],
  simulation: ["core", "records", "constitution", "models"],
  feedback: ["core", "records", "constitution", "models"],
  evaluation: ["core", "records", "constitution", "models"],
  training: ["core", "records", "engine", "transformer"],
  report: ["core", "records", "runs", "report/charts"],
  "report/charts": [],
  recipes: [
    "core",
    "records",
    "engine",
    "constitution",
    "runs",
    "transformer",
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

/** The files of a folder that others may import; where nothing is said, index.ts alone. */
export const faces: Readonly<Record<string, readonly string[]>> = {
  core: ["src/core/index.ts", "src/core/portable.ts"],
};

/** Files that, with all that they import, must run in a browser: a folder (ending in "/") or one file. */
export const browserSafe: readonly string[] = [
  "src/records/",
  "src/core/portable.ts",
  "src/report/charts/",
  "src/studio/client/",
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
