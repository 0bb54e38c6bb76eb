// Files of data as people name them: paths, and files of data sets on the Hugging Face hub (hf:datasets/...), which are
// fetched first. What is in them is not known here.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../core/index.ts";
import { cachedHubDataset, hubDatasetFile, isHubDataset, readHubDataset } from "../../transformer/index.ts";
import type { RecipeContext } from "../recipe.ts";
import { isArrowRows } from "../settings/folders.ts";
import { folderOptions } from "./models.ts";

/** The code of what is thrown where a dry run would have to fetch a file, which facts name. */
export const fileToFetch = "file-to-fetch";

/** Throws UserError for a folder that has such files, naming them; a run's folder is easily given for the rows in it. */
const refuseRunFolder = (name: string, inRun: readonly string[]): void => {
  const found = inRun.map((path) => join(name, path)).filter((path) => existsSync(path));
  if (found.length === 0) return;
  throw new UserError(
    "data-folder",
    `${name} is a folder, and a file was expected. The file in it is ${found.join(", or ")}.`,
    { folder: name, files: found },
  );
};

/**
 * The file of a folder that the Python library datasets wrote (save_to_disk); null where it is none. Throws UserError,
 * naming what is in it, where there are several files, or splits.
 */
const fileOfSet = (name: string): string | null => {
  if (!statSync(name, { throwIfNoEntry: false })?.isDirectory()) return null;
  const inside = readdirSync(name).sort();
  const tables = inside.filter(isArrowRows);
  const splits = inside.filter((one) => existsSync(join(name, one, "state.json")));
  const refuse = (what: string): UserError =>
    new UserError("data-folder", `${name} is a folder, and a file was expected. ${what}`, { folder: name });
  const wanted = Number(/-of-(\d+)\.arrow$/.exec(tables[0] ?? "")?.[1] ?? 1);
  if (tables.length > 0 && tables.length < wanted)
    throw refuse(
      `It holds ${tables.length} of ${wanted} files of Arrow, so it is a part of a data set. Copy the others, or name the file itself: ${join(name, tables[0]!)}.`,
    );
  if (tables.length === 1) return join(name, tables[0]!);
  if (tables.length > 1)
    throw refuse(
      `It holds ${tables.length} files of Arrow, and one is read: write it in one (save_to_disk with num_shards=1), or name one of them, ${join(name, tables[0]!)}.`,
    );
  if (splits.length === 0) return null;
  throw refuse(`It holds splits: name one, ${splits.map((one) => join(name, one)).join(" or ")}.`);
};

/**
 * A file where it lies here; null: a dry run would have to fetch it first. inRun: the files of run folders that would
 * do, named where the folder is given. Throws UserError where it cannot be had.
 */
export const localFile = async (
  name: string,
  context: RecipeContext,
  inRun: readonly string[] = [],
): Promise<string | null> => {
  if (!isHubDataset(name)) {
    refuseRunFolder(name, inRun);
    return fileOfSet(name) ?? name;
  }
  const file = readHubDataset(name);
  if (context.dry === true) return cachedHubDataset(file, context.environment);
  return hubDatasetFile(file, folderOptions(context));
};

/** localFile for who needs the file's content. Throws UserError fileToFetch in a dry run of a file that is not here yet. */
export const hereFile = async (
  name: string,
  context: RecipeContext,
  inRun: readonly string[] = [],
): Promise<string> => {
  const file = await localFile(name, context, inRun);
  if (file !== null) return file;
  throw new UserError(fileToFetch, `${name} is not here yet, and a dry run fetches nothing.`, { name });
};
