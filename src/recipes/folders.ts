// Folders that variables of the environment (or .env) name, so that a project says once where its things lie: data sets,
// and the runs of train sft and train dpo. They are settings like any others, below files and flags. A folder is made
// when a run begins; a run that lies there and is finished is not made again, so data sets are loaded, not rebuilt.

import { join } from "node:path";
import type { Recipe } from "./recipe.ts";

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
