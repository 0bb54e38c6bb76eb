// Flags that several commands share, each defined once: short names for settings, with the words that help shows for
// what they take. What a flag does is the description of its setting.

import type { RecipeFlag } from "../recipe.ts";

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
  description: "library name, YAML file, or published JSON",
  placeholder: "name",
};

export const promptsFlag: RecipeFlag = {
  path: "prompts",
  description: 'file (JSONL, JSON, CSV, TSV, Parquet, Arrow; .gz too; or hf:datasets/...), or "sandbox"',
  placeholder: "file",
};

export const kindFlag: RecipeFlag = {
  path: "kind",
  description: "kind of prompts in a file whose rows do not say it",
  placeholder: "kind",
};

export const formatFlag: RecipeFlag = {
  path: "format",
  description: "format of a file, where its first row is not to tell it",
  placeholder: "name",
};

export const budgetFlag: RecipeFlag = {
  path: "budget.money",
  description: "dollars to spend at most",
  placeholder: "dollars",
};

/** Of the commands that ask a model about prompts under a constitution. */
export const callFlags: Readonly<Record<string, RecipeFlag>> = {
  concurrency: {
    path: "endpoint.concurrency",
    description: "calls in flight at an endpoint at most",
    placeholder: "number",
  },
  budget: budgetFlag,
};

/** Of the commands that work on prompts, and of how replies are made. */
export const dataFlags: Readonly<Record<string, RecipeFlag>> = {
  constitution: constitutionFlag,
  inverted: { path: "inverted", description: "use the constitution's inversion" },
  prompts: promptsFlag,
  kind: kindFlag,
  format: formatFlag,
  limit: { path: "limit", description: "at most so many prompts", placeholder: "number" },
  "max-tokens": { path: "sampling.maxTokens", description: "tokens a reply at most", placeholder: "number" },
  ...callFlags,
};

/** Of the commands that read or train a model here. */
export const loadFlag = (path: string): RecipeFlag => ({
  path,
  description: "hold frozen projections in so few bits",
  placeholder: "bits",
});

/** Of the commands that read plain text. data: what --data is. */
export const plainFlags = (data: string): Readonly<Record<string, RecipeFlag>> => ({
  model: modelFlag("model that runs here"),
  load: loadFlag("load"),
  data: { path: "data", description: data, placeholder: "file" },
  out: { path: "results", description: "JSONL file for the results", placeholder: "file" },
});

/** Of the commands that show all of sampling. */
export const samplingFlags: Readonly<Record<string, RecipeFlag>> = {
  greedy: { path: "greedy", description: "always the likeliest token" },
  "max-tokens": { path: "maxTokens", description: "tokens a reply at most", placeholder: "number" },
  temperature: {
    path: "temperature",
    description: "0: always the likeliest token; default: what the model's generation_config.json says",
    placeholder: "number",
  },
  "top-k": {
    path: "topK",
    description: "only so many of the likeliest tokens; default: generation_config.json's",
    placeholder: "number",
  },
  "top-p": {
    path: "topP",
    description: "share of probability that is sampled from; default: generation_config.json's",
    placeholder: "number",
  },
  "min-p": {
    path: "minP",
    description:
      "only tokens at least this share as likely as the likeliest; default: generation_config.json's",
    placeholder: "number",
  },
  "repetition-penalty": {
    path: "repetitionPenalty",
    description: "above 1: tokens that were there already lose; default: generation_config.json's",
    placeholder: "number",
  },
  stop: { path: "stop", description: "texts that end a reply, with commas between", placeholder: "list" },
};

export const textsFlag: RecipeFlag = {
  path: "texts",
  description: "what texts are: turns of a chat, or plain",
  placeholder: "form",
};

/** Of the commands that train on rows. block: the key of the training's settings. */
export const trainFlags = (block: string): Readonly<Record<string, RecipeFlag>> => ({
  ...runFlags,
  model: modelFlag("model folder to start from"),
  data: {
    path: "data",
    description: "file of training rows (JSONL, JSON, CSV, TSV, Parquet, .gz, or hf:datasets/...)",
    placeholder: "file",
  },
  texts: textsFlag,
  epochs: { path: `${block}.epochs`, description: "times that all rows are learned", placeholder: "number" },
  load: loadFlag(`${block}.load`),
});
