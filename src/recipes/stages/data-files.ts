// Files of data as people name them: paths, and files of data sets on the Hugging Face hub (hf:datasets/...), which are
// fetched first. What is in them is not known here.

import { UserError } from "../../core/index.ts";
import { cachedHubDataset, hubDatasetFile, isHubDataset, readHubDataset } from "../../transformer/index.ts";
import { fileToFetch } from "../plans/dry-run.ts";
import type { RecipeContext } from "../recipe.ts";
import { folderOptions } from "./models.ts";

/** A file where it lies here; null: a dry run would have to fetch it first. Throws UserError where it cannot be had. */
export const localFile = async (name: string, context: RecipeContext): Promise<string | null> => {
  if (!isHubDataset(name)) return name;
  const file = readHubDataset(name);
  if (context.dry === true) return cachedHubDataset(file, context.environment);
  return hubDatasetFile(file, folderOptions(context));
};

/** localFile for who needs the file's content. Throws UserError fileToFetch in a dry run of a file that is not here yet. */
export const hereFile = async (name: string, context: RecipeContext): Promise<string> => {
  const file = await localFile(name, context);
  if (file !== null) return file;
  throw new UserError(fileToFetch, `${name} is not here yet, and a dry run fetches nothing.`, { name });
};
