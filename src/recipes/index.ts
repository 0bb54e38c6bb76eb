// The recipes by the words of their commands. Each is loaded when it is named, so that the command line starts fast.

import type { Recipe } from "./recipe.ts";

export type { Recipe, RecipeContext, RecipeFlag, RecipeOutcome, RecipePlan } from "./recipe.ts";

/** A recipe that is not loaded yet; command and summary are those of the recipe that load gives. */
export type RecipeEntry = {
  readonly command: readonly string[];
  readonly summary: string;
  load(): Promise<Recipe>;
};

export const recipes: readonly RecipeEntry[] = [];
