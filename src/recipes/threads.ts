// How many threads embedded models compute with, as a variable of the environment says: for machines that are shared,
// and for containers that may use fewer processors than they see.

import { UserError } from "../core/index.ts";
import type { RecipeContext } from "./recipe.ts";

/** The variable's name. */
export const threadsVariable = "COVENANT_THREADS";

/** Heeds COVENANT_THREADS; without it one thread per core. Throws UserError for what is not a count. */
export const useThreads = async (environment: RecipeContext["environment"]): Promise<void> => {
  const value = environment[threadsVariable]?.trim() ?? "";
  if (value === "") return;
  if (!/^[1-9]\d{0,3}$/.test(value))
    throw new UserError(
      "threads-invalid",
      `${threadsVariable} is "${value}"; expected a number of threads from 1 to 9999, as ${threadsVariable}=4, or nothing for one per core.`,
      { value },
    );
  (await import("../engine/index.ts")).setThreads(Number(value));
};
