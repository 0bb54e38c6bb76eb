// What a hub holds: accounts, repositories of either kind, and their commits. Git's own object ids, so that a client that
// computes them finds the same. Knows nothing of HTTP.

import { createHash } from "node:crypto";

/** A file of a commit. large: kept beside the repository, as Git LFS has it, and known by its sha256. */
export type StoredFile = { readonly content: Buffer; readonly large: boolean };

export type Files = ReadonlyMap<string, StoredFile>;

export type Commit = { readonly oid: string; readonly title: string; readonly files: Files };

/** A dataset and a model of the same name are two repositories. */
export type RepositoryType = "dataset" | "model";

export type Repository = {
  readonly id: string;
  readonly type: RepositoryType;
  readonly visibility: "public" | "private";
  /** The first one is the hub's own and holds .gitattributes alone. */
  readonly commits: Commit[];
  /** Large objects by sha256, whether a commit names them or not. */
  readonly objects: Map<string, Buffer>;
};

/** Whom a token stands for, and whether it may write. */
export type Account = {
  readonly name: string;
  readonly organizations: readonly string[];
  readonly role: "read" | "write";
};

export const sha256Of = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

const blobOid = (content: Uint8Array): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

const pointerTo = ({ content }: StoredFile): Buffer =>
  Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256Of(content)}\nsize ${content.length}\n`,
  );

/** Git's id of a file: of a large one that of its pointer. */
export const gitOidOf = (file: StoredFile): string => blobOid(file.large ? pointerTo(file) : file.content);

/** What a client compares with its own: the sha256 of a large file, Git's id of another. */
export const contentOidOf = (file: StoredFile): string =>
  file.large ? sha256Of(file.content) : blobOid(file.content);

/** A file as lists of files have it. */
export const entryOf = (path: string, file: StoredFile) => ({
  type: "file",
  path,
  size: file.content.length,
  oid: gitOidOf(file),
  ...(file.large
    ? {
        lfs: {
          oid: sha256Of(file.content),
          size: file.content.length,
          pointerSize: pointerTo(file).length,
        },
      }
    : {}),
});

/** The kinds of files that a new repository keeps as large ones, whatever their size: the endings the hub has, in part. */
const largeEndings = ["bin", "gz", "npy", "onnx", "parquet", "pt", "safetensors", "tar", "zip"];

const gitAttributes = (): StoredFile => {
  const lines = largeEndings.map((ending) => `*.${ending} filter=lfs diff=lfs merge=lfs -text\n`);
  return { content: Buffer.from(lines.join("")), large: false };
};

/** Whether the attributes of a repository name a path. */
export const isLargeByName = (path: string, attributes: string): boolean =>
  attributes
    .split("\n")
    .filter((line) => line.includes("filter=lfs"))
    .some((line) => path.endsWith(line.split(" ")[0]!.slice(1)));

/** Adds a commit on top. */
export const addCommit = (repository: Repository, title: string, files: Files): Commit => {
  const { commits } = repository;
  const listed = [...files].map(([path, file]) => [path, gitOidOf(file)]);
  const oid = createHash("sha1")
    .update(JSON.stringify([commits.at(-1)?.oid, commits.length, title, listed.sort()]))
    .digest("hex");
  const commit = { oid, title, files };
  commits.push(commit);
  return commit;
};

export const createRepository = (
  id: string,
  type: RepositoryType,
  visibility: Repository["visibility"],
): Repository => {
  const repository: Repository = { id, type, visibility, commits: [], objects: new Map() };
  addCommit(repository, "initial commit", new Map([[".gitattributes", gitAttributes()]]));
  return repository;
};

export const headOf = ({ commits }: Repository): Commit => commits.at(-1)!;

/** The commit that a revision names, undefined for none. */
export const commitAt = (repository: Repository, revision: string): Commit | undefined =>
  revision === "main" || revision === "HEAD"
    ? headOf(repository)
    : repository.commits.find(({ oid }) => oid === revision);

const owns = (account: Account, id: string): boolean => {
  const [owner = ""] = id.split("/");
  return account.name === owner || account.organizations.includes(owner);
};

/** Whether an account may write under an id. */
export const mayWrite = (account: Account, id: string): boolean =>
  account.role === "write" && owns(account, id);

/** Whether someone, known or not, may know of a repository. */
export const maySee = (account: Account | undefined, { id, visibility }: Repository): boolean =>
  visibility === "public" || (account !== undefined && owns(account, id));
