// One file of a data set on the Hugging Face hub by its name, hf:datasets/owner/name[@revision]/path/to/file, fetched into
// the cache that Hugging Face's own tools keep, as models are. Lies beside them for the sake of that cache; what is in a
// file is not known here.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileError, makeFolder, UserError, writeFileAtomic } from "../core/index.ts";
import {
  checkSpace,
  fileOf,
  hubCacheFolder,
  hubEndpoint,
  isCommit,
  isOffline,
  isThere,
  linkBlob,
} from "./hub.ts";
import {
  askHub,
  downloadBlob,
  type HubFile,
  type HubName,
  type HubOptions,
  hubFetch,
  isNoHub,
  missingBytes,
} from "./hub-download.ts";

/** A file of a data set. */
export type HubDatasetFile = HubName & { readonly path: string };

/** Whether a name stands for a file of a data set on the hub. */
export const isHubDataset = (name: string): boolean => name.startsWith("hf:datasets/");

const pattern = /^hf:datasets\/([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w.-]*))?\/([^/].*)$/;

/** Reads "hf:datasets/owner/name[@revision]/path/to/file". Throws UserError. */
export const readHubDataset = (text: string): HubDatasetFile => {
  const [, repository, revision = "main", path] = pattern.exec(text) ?? [];
  const isPlain = path?.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (
    repository !== undefined &&
    path !== undefined &&
    isPlain === true &&
    !/--|\.\./.test(repository + revision)
  )
    return { repository, revision, path };
  throw new UserError(
    "data-name",
    `Data "${text}": expected hf:datasets/owner/name/path/to/file or hf:datasets/owner/name@revision/path/to/file, as the address on the Hugging Face hub has them.`,
    { name: text },
  );
};

const storageOf = (environment: HubOptions["environment"], repository: string): string =>
  join(hubCacheFolder(environment), ["datasets", ...repository.split("/")].join("--"));

/** The file where the cache has it; null otherwise. Asks nobody. */
export const cachedHubDataset = async (
  { repository, revision, path }: HubDatasetFile,
  environment: HubOptions["environment"],
): Promise<string | null> => {
  const storage = storageOf(environment, repository);
  const named = await readFile(join(storage, "refs", revision), "utf8").catch(() => "");
  const commit = isCommit(revision) ? revision : named.trim();
  const file = join(storage, "snapshots", commit, path);
  return isCommit(commit) && (await isThere(file)) ? file : null;
};

/** The commit of a revision, and the file as the hub has it in there. */
const lookUp = async (name: HubDatasetFile, endpoint: string, fetch: ReturnType<typeof hubFetch>) => {
  const { datasetInfo, pathsInfo } = await import("@huggingface/hub");
  const { repository, revision, path } = name;
  const at = { hubUrl: endpoint, fetch };
  const info = await askHub(endpoint, () =>
    datasetInfo({ ...at, name: repository, revision, additionalFields: ["sha"] }),
  );
  const commit = String(info.sha);
  const repo = { type: "dataset" as const, name: repository };
  const [entry] = isCommit(commit)
    ? await askHub(endpoint, () => pathsInfo({ ...at, repo, paths: [path], revision: commit }))
    : [];
  const file: HubFile | null = entry?.type === "file" ? fileOf(entry) : null;
  if (file !== null) return { commit, file };
  throw new UserError(
    "hub-file-missing",
    `The data set ${repository} (${revision}) on the Hugging Face hub has no file ${path}. Name one of its files: https://huggingface.co/datasets/${repository}/tree/${revision}.`,
    { ...name },
  );
};

const fetchFile = async (name: HubDatasetFile, endpoint: string, options: HubOptions): Promise<string> => {
  const { repository, revision, path } = name;
  const shown = { repository: `datasets/${repository}`, revision };
  const fetch = hubFetch(shown, endpoint, options);
  const { commit, file } = await lookUp(name, endpoint, fetch);
  const storage = storageOf(options.environment, repository);
  const pointer = join(storage, "snapshots", commit, path);
  if (!(await isThere(pointer))) {
    await makeFolder(join(storage, "blobs"));
    const blob = join(storage, "blobs", file.hash);
    await checkSpace(storage, await missingBytes(blob, file), options);
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const address = `${endpoint}/datasets/${repository}/resolve/${commit}/${encoded}`;
    await downloadBlob({ address, blob, file, fetch }, options, (done) =>
      options.onFetch?.({ file: path, done, total: file.size }),
    );
    await linkBlob(blob, pointer);
  }
  if (revision !== commit) await writeFileAtomic(join(storage, "refs", revision), commit);
  return pointer;
};

/**
 * The file of a data set, fetched where the cache has it not. Throws UserError when the data set, the file, the network,
 * the permission or the space is missing, or what came is not what was promised.
 */
export const hubDatasetFile = async (name: HubDatasetFile, options: HubOptions): Promise<string> => {
  const { environment } = options;
  const cached = await cachedHubDataset(name, environment);
  if (cached !== null && isCommit(name.revision)) return cached;
  if (isOffline(environment)) {
    if (cached !== null) return cached;
    throw new UserError(
      "hub-offline",
      `${name.path} of ${name.repository} (${name.revision}) is not in ${hubCacheFolder(environment)}, and HF_HUB_OFFLINE forbids to fetch it. Unset it, or name a file that is there.`,
      { ...name },
    );
  }
  const endpoint = hubEndpoint(environment);
  try {
    return await fetchFile(name, endpoint, options);
  } catch (thrown) {
    // What is there already is used where nobody can be asked for something newer.
    if (cached !== null && isNoHub(thrown)) return cached;
    throw fileError(thrown, "write", storageOf(environment, name.repository));
  }
};
