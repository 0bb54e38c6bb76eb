// The environment a command sees: the process's own, and below it what a .env file in the working folder says.
// Secrets come from here alone.

import { join } from "node:path";
import { parseEnv } from "node:util";
import { readText, UserError } from "../core/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with .env's variables added; a variable that is set already is left as it is. */
export const readEnvironment = async (folder: string, environment: Environment): Promise<Environment> => {
  try {
    return { ...parseEnv(await readText(join(folder, ".env"))), ...environment };
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === "file-missing") return environment;
    throw thrown;
  }
};
