// Opening a run folder for a recipe of a few stages: what identifies the run, and where its events go.

import { hashConstitution } from "../constitution/index.ts";
import type { Constitution } from "../records/index.ts";
import { openRun } from "../runs/index.ts";
import type { RecipeContext } from "./recipe.ts";
import type { Pipeline } from "./stages/data.ts";

/** A pipeline over a run folder; dispose of it to release the folder. The constitution counts by its content. */
export const openStages = async (
  name: string,
  config: { readonly out: string; readonly seed: number },
  context: RecipeContext,
  stages: readonly string[],
  constitution?: Constitution,
): Promise<Pipeline & AsyncDisposable> => {
  const { out, ...decisive } = config;
  const run = await openRun({
    folder: out,
    name,
    config:
      constitution === undefined
        ? decisive
        : { ...decisive, constitutionHash: hashConstitution(constitution) },
    seed: config.seed,
    stages,
    clock: context.clock,
    onEvent: context.emit,
    signal: context.signal,
  });
  return { run, context, [Symbol.asyncDispose]: () => run.close() };
};
