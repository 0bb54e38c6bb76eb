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

/** A pipeline over a run folder; dispose of it to release the folder. Constitution and models count by their content. */
export const openStages = async (
  name: string,
  config: {
    readonly out: string;
    readonly seed: number;
    readonly model?: string;
    readonly judge?: string | undefined;
  },
  context: RecipeContext,
  stages: readonly string[],
  constitution?: Constitution,
): Promise<Pipeline & AsyncDisposable> => {
  const { out, ...decisive } = config;
  const contents: Record<string, string> = {};
  if (constitution !== undefined) contents["constitution"] = hashConstitution(constitution);
  for (const role of ["model", "judge"] as const) {
    const hash = config[role] === undefined ? undefined : await hashModel(config[role]);
    if (hash !== undefined) contents[role] = hash;
  }
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
