// Models by their name on the Hugging Face hub: hf:owner/name[@revision] becomes a folder in the cache that Hugging
// Face's own tools keep (models--owner--name/snapshots/<commit>, its files links into blobs/), so each finds what the
// other fetched. @huggingface/hub says what a model consists of; bytes are fetched in hub-download.ts, because that
// library's own cache neither resumes nor verifies. Lies in transformer since an adapter's folder may name its base so.

import { readFile, rm, stat, statfs, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { ListFileEntry } from "@huggingface/hub";
import {
  collect,
  fileError,
  makeFolder,
  parseJson,
  readText,
  UserError,
  writeFileAtomic,
} from "../core/index.ts";
import {
  askHub,
  downloadBlob,
  type HubFetch,
  type HubFile,
  type HubName,
  type HubOptions,
  hubFetch,
  isNoHub,
  missingBytes,
  noHub,
} from "./hub-download.ts";

/** Whether a model's name says that it lies on the hub. */
export const isHubName = (name: string): boolean => name.startsWith("hf:");

const namePattern = /^(?:hf:)?((?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w./-]*))?$/;

/** Reads "owner/name" or "owner/name@revision", "hf:" in front or not. Throws UserError. */
export const readHubName = (text: string): HubName => {
  const [, repository, revision = "main"] = namePattern.exec(text) ?? [];
  if (repository !== undefined && !revision.includes("..") && !/--|\.\./.test(repository))
    return { repository, revision };
  throw new UserError(
    "model-name",
    `Model name "${text}": expected hf:owner/name or hf:owner/name@revision, as the address on the Hugging Face hub ends.`,
    { name: text },
  );
};

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? "");

const given = (value: string | undefined): string | undefined => (value === "" ? undefined : value);

/** Whether the environment forbids to ask the hub. */
export const isOffline = (environment: HubOptions["environment"]): boolean =>
  isTrue(environment["HF_HUB_OFFLINE"]) || isTrue(environment["TRANSFORMERS_OFFLINE"]);

/** Where the hub is. */
export const hubEndpoint = (environment: HubOptions["environment"]): string =>
  (given(environment["HF_ENDPOINT"]) ?? "https://huggingface.co").replace(/\/+$/, "");

/** The folder in which Hugging Face's tools keep what they fetched. */
export const hubCacheFolder = (environment: HubOptions["environment"]): string => {
  const expand = (path: string): string => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);
  const own = given(environment["HF_HUB_CACHE"]) ?? given(environment["HUGGINGFACE_HUB_CACHE"]);
  if (own !== undefined) return expand(own);
  const home = given(environment["HF_HOME"]);
  if (home !== undefined) return join(expand(home), "hub");
  return join(
    expand(given(environment["XDG_CACHE_HOME"]) ?? join(homedir(), ".cache")),
    "huggingface",
    "hub",
  );
};

const storageOf = (environment: HubOptions["environment"], { repository }: HubName): string =>
  join(hubCacheFolder(environment), ["models", ...repository.split("/")].join("--"));

/** Whether something lies at a path. */
export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Whether a revision is a commit. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

const weightsName = "model.safetensors";
const indexName = "model.safetensors.index.json";

/** The files of the weights that an index names. Names that lead elsewhere are left to the checkpoint's own check. */
const shardsOf = async (index: string): Promise<string[]> => {
  const content = parseJson(await readText(index), { file: index }) as { weight_map?: unknown };
  return [...new Set(Object.values(content.weight_map ?? {}).map(String))].sort();
};

/** Whether a snapshot holds all that a model or an adapter needs. */
const isComplete = async (folder: string): Promise<boolean> => {
  const has = (name: string): Promise<boolean> => isThere(join(folder, name));
  if ((await has("adapter_config.json")) && (await has("adapter_model.safetensors"))) return true;
  if (!(await has("config.json")) || !(await has("tokenizer.json"))) return false;
  if (await has(weightsName)) return true;
  if (!(await has(indexName))) return false;
  const shards = await Promise.all((await shardsOf(join(folder, indexName))).map(has));
  return shards.length > 0 && shards.every(Boolean);
};

/** The folder of a model that is in the cache with all that it needs; null otherwise. Asks nobody. */
export const cachedHubFolder = async (
  name: HubName,
  environment: HubOptions["environment"],
): Promise<string | null> => {
  const storage = storageOf(environment, name);
  const ref = join(storage, "refs", name.revision);
  const commit = isCommit(name.revision)
    ? name.revision
    : (await readFile(ref, "utf8").catch(() => "")).trim();
  if (!isCommit(commit)) return null;
  const folder = join(storage, "snapshots", commit);
  return (await isComplete(folder)) ? folder : null;
};

const needed = new Set([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "adapter_config.json",
  "adapter_model.safetensors",
]);

/** A file by what the hub tells of it; null where it tells no hash. */
export const fileOf = ({
  path,
  size,
  oid,
  lfs,
}: Pick<ListFileEntry, "path" | "size" | "oid" | "lfs">): HubFile | null => {
  const hash = lfs?.oid ?? oid ?? "";
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) ? { path, size: lfs?.size ?? size, hash } : null;
};

type Source = { readonly name: HubName; readonly endpoint: string; readonly fetch: HubFetch };

/** The commit that a revision is now, and the files at the top of the repository. */
const lookUp = async ({ name, endpoint, fetch }: Source) => {
  const { modelInfo, listFiles } = await import("@huggingface/hub");
  const at = { hubUrl: endpoint, fetch };
  const info = await askHub(endpoint, () =>
    modelInfo({ ...at, name: name.repository, revision: name.revision, additionalFields: ["sha"] }),
  );
  const commit = String(info.sha);
  if (!isCommit(commit)) throw noHub(endpoint, `it names no commit of ${name.repository}`);
  const files = new Map<string, HubFile>();
  const repo = { type: "model" as const, name: name.repository };
  const entries = await askHub(endpoint, () => collect(listFiles({ ...at, repo, revision: commit })));
  for (const entry of entries) {
    const file = entry.type === "file" && !entry.path.includes("/") ? fileOf(entry) : null;
    if (file !== null) files.set(file.path, file);
  }
  return { commit, files };
};

/** Puts a blob's link where the snapshot has the file; a copy where links are not allowed. */
export const linkBlob = async (blob: string, pointer: string): Promise<void> => {
  await makeFolder(dirname(pointer));
  await rm(pointer, { force: true });
  await symlink(relative(dirname(pointer), blob), pointer).catch(async () => {
    await writeFile(pointer, await readFile(blob));
  });
};

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;

const spaceOf = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return Number(bavail) * Number(bsize);
};

/** Throws UserError where so many bytes find no room. */
export const checkSpace = async (
  storage: string,
  missing: number,
  { space = spaceOf }: HubOptions,
): Promise<void> => {
  const left = await space(storage);
  if (missing <= left) return;
  throw new UserError(
    "disk-full",
    `${gigabytes(missing)} more are needed and ${storage} has ${gigabytes(left)} left. Free some space, or let HF_HOME name a folder on another disk.`,
    { storage, missing },
  );
};

/**
 * What of a repository is fetched first; of weights in several files the index, which names them. Weights come last, so
 * that a snapshot that has them has all the rest (isComplete).
 */
const firstFiles = (files: ReadonlyMap<string, HubFile>, { repository }: HubName): HubFile[] => {
  const isAdapter = files.has("adapter_config.json") && files.has("adapter_model.safetensors");
  const weights = files.has(weightsName) ? weightsName : indexName;
  if (!isAdapter && !files.has(weights)) {
    const other = [...files.keys()].find((path) => /\.(bin|gguf|pth?|h5|msgpack)$/.test(path));
    const hint = other === undefined ? "" : ` (it has ${other}, which must be converted first)`;
    throw new UserError(
      "model-folder-incomplete",
      `${repository} has no ${weightsName}${hint}. Choose a model whose weights are there as safetensors.`,
      { repository },
    );
  }
  const last = isAdapter ? "adapter_model.safetensors" : weights;
  const others = [...files.values()].filter(({ path }) => needed.has(path) && path !== last);
  return [...others, files.get(last)!];
};

const fetchSnapshot = async (source: Source, options: HubOptions): Promise<string> => {
  const { commit, files } = await lookUp(source);
  const storage = storageOf(options.environment, source.name);
  const folder = join(storage, "snapshots", commit);
  let [done, total] = [0, 0];
  const fetchAll = async (wanted: readonly HubFile[]): Promise<void> => {
    const missing: HubFile[] = [];
    for (const file of wanted) if (!(await isThere(join(folder, file.path)))) missing.push(file);
    total += missing.reduce((sum, { size }) => sum + size, 0);
    const blobOf = ({ hash }: HubFile): string => join(storage, "blobs", hash);
    let bytes = 0;
    for (const file of missing) bytes += await missingBytes(blobOf(file), file);
    await checkSpace(storage, bytes, options);
    for (const file of missing) {
      const address = `${source.endpoint}/${source.name.repository}/resolve/${commit}/${encodeURIComponent(file.path)}`;
      const blob = blobOf(file);
      await downloadBlob({ address, blob, file, fetch: source.fetch }, options, (fetched) =>
        options.onFetch?.({ file: file.path, done: done + fetched, total }),
      );
      await linkBlob(blob, join(folder, file.path));
      done += file.size;
    }
  };
  await makeFolder(join(storage, "blobs"));
  const first = firstFiles(files, source.name);
  await fetchAll(first);
  if (first.some(({ path }) => path === indexName)) {
    const shards = await shardsOf(join(folder, indexName));
    await fetchAll(shards.map((path) => files.get(path)).filter((file) => file !== undefined));
  }
  if (source.name.revision !== commit)
    await writeFileAtomic(join(storage, "refs", source.name.revision), commit);
  return folder;
};

const findFolder = async (name: HubName, options: HubOptions): Promise<string> => {
  const { environment } = options;
  const cached = await cachedHubFolder(name, environment);
  if (cached !== null && isCommit(name.revision)) return cached;
  if (isOffline(environment)) {
    if (cached !== null) return cached;
    throw new UserError(
      "hub-offline",
      `${name.repository} (${name.revision}) is not whole in ${hubCacheFolder(environment)}, and HF_HUB_OFFLINE forbids to fetch it. Unset it, or name a model that is there.`,
      { ...name },
    );
  }
  const endpoint = hubEndpoint(environment);
  try {
    return await fetchSnapshot({ name, endpoint, fetch: hubFetch(name, endpoint, options) }, options);
  } catch (thrown) {
    // What is there already is used where nobody can be asked for something newer.
    if (cached !== null && isNoHub(thrown)) return cached;
    throw fileError(thrown, "write", storageOf(environment, name));
  }
};

/** One answer a process: a branch that moves on meanwhile must not give two models to one command. */
const found = new WeakMap<HubOptions["environment"], Map<string, Promise<string>>>();

/**
 * The folder of a model on the hub, fetched where the cache has it not or only a part of it. Throws UserError when the
 * model, the network, the permission or the space is missing, or what came is not what was promised.
 */
export const hubFolder = (name: HubName, options: HubOptions): Promise<string> => {
  const known = found.get(options.environment) ?? new Map<string, Promise<string>>();
  found.set(options.environment, known);
  const key = `${name.repository}@${name.revision}`;
  const folder = known.get(key) ?? findFolder(name, options);
  known.set(key, folder);
  folder.catch(() => known.delete(key));
  return folder;
};
