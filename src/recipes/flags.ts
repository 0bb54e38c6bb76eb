// Flags that several commands share, each defined once: short names for settings, with the words that help shows for
// what they take. What a flag does is the description of its setting.

import type { RecipeFlag } from "./recipe.ts";

/** Of every command that writes a run. */
export const runFlags: Readonly<Record<string, RecipeFlag>> = {
  out: { path: "out", description: "run folder (the same folder again continues)", placeholder: "folder" },
  seed: { path: "seed", description: "seed of the whole run", placeholder: "number" },
};

/** A model name. */
export const modelFlag = (description: string): RecipeFlag => ({
  path: "model",
  description,
  placeholder: "name",
});

export const judgeFlag: RecipeFlag = {
  path: "judge",
  description: "model that judges; default: the model itself",
  placeholder: "name",
};

export const constitutionFlag: RecipeFlag = {
  path: "constitution",
  description: "library name or YAML file",
  placeholder: "name",
};

export const promptsFlag: RecipeFlag = {
  path: "prompts",
  description: 'JSONL file (.gz too), or "sandbox"',
  placeholder: "file",
};

export const kindFlag: RecipeFlag = {
  path: "kind",
  description: "kind of prompts in a file whose rows do not say it",
  placeholder: "kind",
};

/** Of the commands that ask a model about prompts under a constitution. */
export const dataFlags: Readonly<Record<string, RecipeFlag>> = {
  constitution: constitutionFlag,
  inverted: { path: "inverted", description: "use the constitution's inversion" },
  prompts: promptsFlag,
  kind: kindFlag,
  limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
  "max-tokens": { path: "sampling.maxTokens", description: "tokens a reply at most", placeholder: "number" },
  concurrency: {
    path: "endpoint.concurrency",
    description: "calls in flight at an endpoint",
    placeholder: "number",
  },
};

/** Of the commands that train on rows. */
export const trainFlags: Readonly<Record<string, RecipeFlag>> = {
  ...runFlags,
  model: modelFlag("model folder to start from"),
  data: { path: "data", description: "JSONL file of training rows", placeholder: "file" },
  epochs: { path: "settings.epochs", description: "times that all rows are learned", placeholder: "number" },
};
