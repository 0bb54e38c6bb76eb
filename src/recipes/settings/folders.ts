// Folders that variables of the environment (or .env) name, so that a project says once where its things lie: data sets,
// and the runs of train sft and train dpo. They are settings like any others, below files and flags. A folder is made
// when a run begins; a run that lies there and is finished is not made again, so data sets are loaded, not rebuilt. Data
// sets of other programs that lie there are told, and read where they are named.

import { readdir } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { expandHome, quotedWord } from "../../core/index.ts";
import type { Recipe, RecipePlan } from "../recipe.ts";

type FromEnvironment = NonNullable<Recipe["fromEnvironment"]>;

/** The commands that make data sets, and the rows that each leaves. */
const datasets = { revise: "sft.jsonl", label: "preferences.jsonl" } as const;

const set = (environment: Parameters<FromEnvironment>[0], name: string): string | undefined => {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
};

/** DATASETS_OUTPUT_DIR/<command> as the folder of a command that makes a data set. */
export const datasetFolder =
  (command: keyof typeof datasets): FromEnvironment =>
  (environment) => {
    const folder = set(environment, "DATASETS_OUTPUT_DIR");
    return folder === undefined ? {} : { out: join(folder, command) };
  };

/** A training's folder by its own variable, and its rows from the data set that `command` made. */
export const trainingFolder =
  (variable: string | null, command: keyof typeof datasets): FromEnvironment =>
  (environment) => {
    const out = variable === null ? undefined : set(environment, variable);
    const folder = set(environment, "DATASETS_OUTPUT_DIR");
    return {
      ...(out === undefined ? {} : { out }),
      ...(folder === undefined ? {} : { data: join(folder, command, "rows", datasets[command]) }),
    };
  };

const variables = ["DATASETS_OUTPUT_DIR", "SFT_OUTPUT_DIR", "DPO_OUTPUT_DIR"];
/** How far below a named folder sets are looked for: a set of splits has one folder for each. */
const deepest = 2;

/** A file of rows of such a set, dataset.arrow in older ones; what map and filter left there (cache-….arrow) is none. */
export const isArrowRows = (name: string): boolean => /^(?:data-.*|dataset)\.arrow$/.test(name);

const isArrowSet = (names: readonly string[]): boolean =>
  names.some(isArrowRows) && names.some((name) => name === "state.json" || name === "dataset_info.json");

/** Folders that `save_to_disk` of the Python library datasets wrote, in a folder or being it. None where it is not there. */
const arrowSets = async (folder: string, depth = deepest): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (isArrowSet(entries.map(({ name }) => name))) return [folder];
  if (depth === 0) return [];
  const inside = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => arrowSets(join(folder, name), depth - 1));
  return (await Promise.all(inside)).flat().sort();
};

const liesIn = (folder: string, path: string): boolean => {
  const way = relative(resolve(folder), resolve(path));
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};

/**
 * What is told where a command reads or writes in a folder of the environment that holds data sets in Arrow: they are
 * read where they are named, and what the command makes by itself stands beside them.
 */
export const arrowNotices = async (
  environment: Parameters<FromEnvironment>[0],
  config: unknown,
): Promise<NonNullable<RecipePlan["notices"]>> => {
  const settings = new Map<string, unknown>(Object.entries(config ?? {}));
  const used = ["out", "data"].map((key) => settings.get(key)).filter((path) => typeof path === "string");
  const notices = variables.map(async (name) => {
    const folder = expandHome(set(environment, name) ?? "");
    const paths = used.filter((path) => folder !== "" && liesIn(folder, path));
    const sets = paths.length === 0 ? [] : await arrowSets(folder);
    const beside = paths.filter((path) => !sets.some((one) => liesIn(one, path)));
    if (sets.length === 0 || beside.length === 0) return [];
    const text = `${name} is ${folder}, where data sets of the Python library datasets lie in Arrow (${sets.join(", ")}). They are left as they are, and this command reads and writes rows of its own beside them (${beside.join(", ")}). To learn from one of them, name it: \`covenant train sft --data ${quotedWord(sets[0]!)}\`.`;
    return [{ code: "arrow-beside", text }];
  });
  return (await Promise.all(notices)).flat();
};
