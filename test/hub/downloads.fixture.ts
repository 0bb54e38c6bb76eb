// What a hub answers to who reads: what a repository is, its files, and their bytes. Large ones lie elsewhere, under an
// address of their own, as on the hub.

import { type Answer, type Ask, jsonOf, refuse } from "./answers.fixture.ts";
import {
  type Commit,
  commitAt,
  entryOf,
  gitOidOf,
  headOf,
  type Repository,
  sha256Of,
} from "./repositories.fixture.ts";

const moment = "2026-01-01T00:00:00.000Z";

/** What a repository is, at a revision. */
const describe = ({ id, type, visibility }: Repository, { oid, files }: Commit): Answer => ({
  value: {
    _id: "0123456789abcdef01234567",
    id,
    ...(type === "model" ? { modelId: id } : {}),
    author: id.split("/")[0],
    sha: oid,
    private: visibility === "private",
    ...{ gated: false, disabled: false, downloads: 0, likes: 0, tags: [] },
    ...{ lastModified: moment, createdAt: moment },
    siblings: [...files.keys()].sort().map((rfilename) => ({ rfilename })),
  },
});

/** The folders above a path, the nearest last. */
const foldersOf = (path: string): string[] => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
};

const folderEntry = (path: string) => ({ type: "directory", path, oid: "0".repeat(40), size: 0 });

/** Files and folders under a folder; of it alone, or of all below it. */
const list = ({ files }: Commit, folder: string, recursive: boolean): Answer => {
  const under = folder === "" ? "" : `${folder}/`;
  const entries = new Map<string, object>();
  for (const [path, file] of files) {
    if (!path.startsWith(under)) continue;
    for (const above of foldersOf(path)) if (above.startsWith(under)) entries.set(above, folderEntry(above));
    entries.set(path, entryOf(path, file));
  }
  if (entries.size === 0) return refuse(404, `${folder} does not exist`, "EntryNotFound");
  const listed = [...entries].filter(([path]) => recursive || !path.slice(under.length).includes("/"));
  return { value: listed.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry) };
};

/** What is at each of some paths; of those that are nothing, nothing. */
const lookUp = ({ files }: Commit, ask: Ask): Answer => {
  const form = new URLSearchParams(ask.body.toString());
  const paths = (jsonOf(ask)?.["paths"] as string[] | undefined) ?? form.getAll("paths");
  const found = paths.flatMap((path) => {
    const file = files.get(path);
    if (file !== undefined) return [entryOf(path, file)];
    return [...files.keys()].some((held) => held.startsWith(`${path}/`)) ? [folderEntry(path)] : [];
  });
  return { value: found };
};

/** Bytes, or the part of them that is asked for. */
export const sendBytes = (content: Buffer, ask: Ask, headers: Answer["headers"] = {}): Answer => {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(String(ask.headers["range"] ?? "")) ?? [];
  if (first === undefined) return { headers: { ...headers, "accept-ranges": "bytes" }, bytes: content };
  const to = last === "" ? content.length - 1 : Math.min(Number(last), content.length - 1);
  if (Number(first) > to) return { status: 416, headers: { "content-range": `bytes */${content.length}` } };
  const range = `bytes ${first}-${to}/${content.length}`;
  return {
    status: 206,
    headers: { ...headers, "content-range": range },
    bytes: content.subarray(Number(first), to + 1),
  };
};

/** A file, or where it lies. elsewhere: the address of a large one. */
export const resolveFile = (
  repository: Repository,
  revision: string,
  path: string,
  ask: Ask,
  elsewhere: (oid: string) => string,
): Answer => {
  const found = commitAt(repository, revision);
  if (found === undefined) return refuse(404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  const file = found.files.get(path);
  const here = { "x-repo-commit": found.oid };
  if (file === undefined) {
    const { headers, ...refused } = refuse(404, "Entry not found", "EntryNotFound");
    return { ...refused, headers: { ...headers, ...here } };
  }
  if (!file.large) return sendBytes(file.content, ask, { ...here, etag: `"${gitOidOf(file)}"` });
  const oid = sha256Of(file.content);
  return {
    status: 302,
    headers: {
      ...here,
      location: elsewhere(oid),
      "x-linked-size": file.content.length,
      "x-linked-etag": `"${oid}"`,
    },
    bytes: Buffer.alloc(0),
  };
};

/** Whatever lies under a repository's address of the interface; undefined for what this hub has not. rest: behind its id. */
export const describeRepository = (repository: Repository, rest: string, ask: Ask): Answer | undefined => {
  if (rest === "") return describe(repository, headOf(repository));
  if (rest === "refs") {
    const main = { name: "main", ref: "refs/heads/main", targetCommit: headOf(repository).oid };
    return { value: { branches: [main], converts: [], tags: [] } };
  }
  const [doing = "", revision = "", ...folder] = rest.split("/");
  if (!["revision", "tree", "paths-info"].includes(doing)) return undefined;
  const found = commitAt(repository, decodeURIComponent(revision));
  if (found === undefined) return refuse(404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  if (doing === "revision") return describe(repository, found);
  if (doing === "paths-info") return lookUp(found, ask);
  const recursive = ["true", "True", "1"].includes(ask.query.get("recursive") ?? "");
  return list(found, decodeURIComponent(folder.join("/")), recursive);
};
