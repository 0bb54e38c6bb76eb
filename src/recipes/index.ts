// The recipes by the words of their commands. Each is loaded when it is named, so that the command line starts fast.

import type { Recipe } from "./recipe.ts";

export type { Recipe, RecipeContext, RecipeFlag, RecipeOutcome, RecipePlan } from "./recipe.ts";

/** A recipe that is not loaded yet; command and summary are those of the recipe that load gives. */
export type RecipeEntry = {
  readonly command: readonly string[];
  readonly summary: string;
  load(): Promise<Recipe>;
};

export const recipes: readonly RecipeEntry[] = [
  {
    command: ["run"],
    summary: "the whole of Constitutional AI, under a constitution and under its inversion, with a report",
    load: async () => (await import("./run.ts")).recipe,
  },
  {
    command: ["pretrain"],
    summary: "make the embedded model from scratch on the sandbox's language",
    load: async () => (await import("./pretrain.ts")).recipe,
  },
];
