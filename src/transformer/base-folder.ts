// Where an adapter's base model lies: base_model_name_or_path is a folder (from the adapter's own folder, or from where
// the command runs, as PEFT has it) or a model on the Hugging Face hub. Knows nothing of what the folder holds.

import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { expandHome, UserError } from "../core/index.ts";
import { hubFolder, isHubName, readHubName } from "./hub.ts";
import type { HubOptions } from "./hub-download.ts";
import type { LoadFormat } from "./quantised-weights.ts";

/** hub: how models on the hub are fetched; without it those that are not in the usual cache are, without a token. */
export type LoadOptions = {
  readonly hub?: HubOptions;
  /** Projections are held in so few bits, quantised one by one as they are read. */
  readonly load?: LoadFormat;
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** The folder of an adapter's base. Throws UserError when it is named nowhere or is not there. */
export const findBase = async (
  folder: string,
  { base, revision }: { readonly base: string | null; readonly revision: string | null },
  { hub = { environment: {} } }: LoadOptions,
): Promise<string> => {
  const path = expandHome(base ?? "");
  const places = isAbsolute(path) ? [path] : [join(folder, path), path];
  const found = path === "" || isHubName(path) ? undefined : places.find(isFolder);
  if (found !== undefined) return found;
  const named = /^(hf:)?[^/\\.~][^/\\]*\/[^/\\]+$/.test(path) ? path.replace(/^hf:/, "") : null;
  if (named !== null) return hubFolder(readHubName(revision === null ? named : `${named}@${revision}`), hub);
  throw new UserError(
    "adapter-base-missing",
    `${folder}: its base model ${base === null || base === "" ? "is not named" : `"${base}" is not there`}. Set base_model_name_or_path in adapter_config.json to the base's folder (absolute, or seen from the adapter's folder) or to hf:owner/name.`,
    { folder, base },
  );
};
