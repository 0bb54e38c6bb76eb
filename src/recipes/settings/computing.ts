// What embedded models compute with, as variables of the environment say: how many threads, for machines that are
// shared and containers that may use fewer processors than they see; and, as an experiment, a graphics card.

import { UserError } from "../../core/index.ts";
import type { RecipeContext } from "../recipe.ts";

/** The variables' names. */
export const threadsVariable = "COVENANT_THREADS";
export const providerVariable = "COVENANT_PROVIDER";

/** What of it decides a run's numbers and so belongs to what the run is of: another provider than the processor. */
export const providerContents = ({
  environment,
}: Pick<RecipeContext, "environment">): Record<string, string> => {
  const provider = environment[providerVariable]?.trim() ?? "";
  return provider === "" || provider === "cpu" ? {} : { provider };
};

/**
 * Heeds COVENANT_THREADS (without it one thread per core) and COVENANT_PROVIDER (without it the processor). Throws
 * UserError for what is no count, and for a provider that is not known.
 */
export const useComputing = async (environment: RecipeContext["environment"]): Promise<void> => {
  const threads = environment[threadsVariable]?.trim() ?? "";
  const wanted = environment[providerVariable]?.trim() ?? "";
  if (threads === "" && wanted === "") return;
  const { providers, setProvider, setThreads } = await import("../../engine/index.ts");
  if (threads !== "") {
    if (!/^[1-9]\d{0,3}$/.test(threads))
      throw new UserError(
        "threads-invalid",
        `${threadsVariable} is "${threads}"; expected a number of threads from 1 to 9999, as ${threadsVariable}=4, or nothing for one per core.`,
        { value: threads },
      );
    setThreads(Number(threads));
  }
  if (wanted === "") return;
  const provider = providers.find((name) => name === wanted);
  if (provider === undefined)
    throw new UserError(
      "provider-unknown",
      `${providerVariable} is "${wanted}"; expected one of ${providers.join(", ")}, or nothing for the processor.`,
      { value: wanted },
    );
  setProvider(provider);
};
