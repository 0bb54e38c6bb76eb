// The plan of a command as a dry run shows it: that of its recipe, or where a file would have to be fetched before anything
// can be counted, that.

import { UserError } from "../core/index.ts";
import type { Recipe, RecipeContext, RecipePlan } from "./recipe.ts";

/** The code of what is thrown where a dry run would have to fetch a file, which facts name. */
export const fileToFetch = "file-to-fetch";

/** Plans a command. Throws what the recipe throws for input that has to be changed. */
export const planCommand = async (
  recipe: Recipe,
  config: unknown,
  context: Omit<RecipeContext, "dry">,
): Promise<RecipePlan> => {
  try {
    return await recipe.plan(config, { ...context, dry: true });
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.code !== fileToFetch) throw thrown;
    const { planOf, planWriting } = await import("./plan.ts");
    const step = planWriting("fetch", `${String(thrown.facts["name"])}, before anything can be counted`);
    return planOf([{ ...step, seconds: null }]);
  }
};
