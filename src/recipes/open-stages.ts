// Opening a run folder for a recipe of a few stages: what identifies the run, and where its events go.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hashConstitution } from "../constitution/index.ts";
import { hashJson, sha256File } from "../core/index.ts";
import { modelFolderOf } from "../models/index.ts";
import type { Constitution } from "../records/index.ts";
import { openRun } from "../runs/index.ts";
import { loadModelFolder } from "../transformer/index.ts";
import type { RecipeContext } from "./recipe.ts";
import type { Pipeline } from "./stages/data.ts";

/**
 * One hash over the files of a model folder; undefined for a model that lies elsewhere. Throws UserError for a folder
 * that is missing or broken, before a run is begun with it.
 */
const hashModel = async (name: string): Promise<string | undefined> => {
  const folder = modelFolderOf(name);
  if (folder === null) return undefined;
  await loadModelFolder(folder);
  const files = (await readdir(folder)).filter((file) => /\.(json|safetensors|jinja)$/.test(file)).sort();
  const hashes: [string, string][] = [];
  for (const file of files) hashes.push([file, (await sha256File(join(folder, file))).sha256]);
  return hashJson(hashes);
};

/** What a recipe's settings may name that lies outside the run folder. */
type NamedInputs = {
  readonly model?: string;
  readonly judge?: string | undefined;
  /** A reward model's name; `run` keeps settings under the same key. */
  readonly reward?: unknown;
  readonly models?: readonly string[];
  readonly data?: string;
  readonly prompts?: string;
};

/** Hashes of named models and files: under the same name they may hold something else tomorrow. */
const contentsOf = async (config: NamedInputs): Promise<Record<string, string>> => {
  const contents: Record<string, string> = {};
  const models: [string, string | undefined][] = [
    ["model", config.model],
    ["judge", config.judge],
    ["reward", typeof config.reward === "string" ? config.reward : undefined],
    ...(config.models ?? []).map((name, at): [string, string] => [`models.${at}`, name]),
  ];
  for (const [role, name] of models) {
    const hash = name === undefined ? undefined : await hashModel(name);
    if (hash !== undefined) contents[role] = hash;
  }
  if (config.data !== undefined) contents["data"] = (await sha256File(config.data)).sha256;
  if (config.prompts !== undefined && config.prompts !== "sandbox")
    contents["prompts"] = (await sha256File(config.prompts)).sha256;
  return contents;
};

/**
 * A pipeline over a run folder; dispose of it to release the folder. Constitution, models and input files count by
 * their content, so a changed one is another run and never replaces finished work.
 */
export const openStages = async (
  name: string,
  config: NamedInputs & { readonly out: string; readonly seed: number },
  context: RecipeContext,
  stages: readonly string[],
  constitution?: Constitution,
): Promise<Pipeline & AsyncDisposable> => {
  const { out, ...decisive } = config;
  const contents = await contentsOf(config);
  if (constitution !== undefined) contents["constitution"] = hashConstitution(constitution);
  const run = await openRun({
    folder: out,
    name,
    config: decisive,
    contents,
    seed: config.seed,
    stages,
    clock: context.clock,
    onEvent: context.emit,
    signal: context.signal,
    fresh: context.fresh,
  });
  return { run, context, [Symbol.asyncDispose]: () => run.close() };
};
