// What a hub answers to who uploads: a repository made, its card looked at, files announced, and a commit. Held to what
// huggingface_hub of Python and @huggingface/hub of JavaScript send: what neither would, is refused.

import { parse } from "yaml";
import { type Answer, type Ask, isPath, jsonOf, refuse } from "./answers.fixture.ts";
import {
  addCommit,
  commitAt,
  contentOidOf,
  createRepository,
  type Files,
  headOf,
  isLargeByName,
  type Repository,
  type RepositoryType,
  type StoredFile,
} from "./repositories.fixture.ts";

/** Files over this must be large ones. */
export const largestPlainBytes = 10 * 1024 * 1024;

/** Files of one announcement. */
const mostAnnounced = 256;

const isType = (value: unknown): value is RepositoryType => value === "dataset" || value === "model";

/** What is to be made, of a call that makes a repository; undefined where it says nothing of use. */
export const readCreation = (ask: Ask) => {
  const { name, organization, type = "model", visibility = "public" } = jsonOf(ask) ?? {};
  const isName = (text: unknown) => /^[A-Za-z0-9][\w.-]{0,95}$/.test(String(text));
  if (!isName(name) || !isName(organization) || !isType(type)) return undefined;
  if (visibility !== "public" && visibility !== "private") return undefined;
  return createRepository(`${String(organization)}/${String(name)}`, type, visibility);
};

/** What is wrong with a card's head; undefined where nothing is. */
const wrongCard = (content: string): string | undefined => {
  const head = /^---\n([\s\S]*?)\n---(\n|$)/.exec(content)?.[1];
  if (head === undefined) return undefined;
  try {
    const value: unknown = parse(head);
    return typeof value === "object" && !Array.isArray(value) ? undefined : "the head is no mapping";
  } catch {
    return "the head is no YAML";
  }
};

/** The call by which clients look at README.md before they upload it. */
export const validateCard = (ask: Ask): Answer => {
  const { content, repoType } = jsonOf(ask) ?? {};
  if (typeof content !== "string" || !isType(repoType)) return refuse(400, "a card and its kind are wanted");
  const wrong = wrongCard(content);
  const hasHead = content.startsWith("---\n");
  return {
    status: wrong === undefined ? 200 : 400,
    value: {
      errors: wrong === undefined ? [] : [{ message: wrong }],
      warnings: hasHead ? [] : [{ message: "empty or missing yaml metadata in repo card" }],
    },
  };
};

type Announced = { readonly path: string; readonly size: number; readonly sample: string };

const isAnnounced = (value: unknown): value is Announced => {
  const { path, size, sample } = (value ?? {}) as Partial<Announced>;
  if (!isPath(path) || !Number.isSafeInteger(size) || typeof sample !== "string") return false;
  return Buffer.from(sample, "base64").length === Math.min(512, Number(size));
};

const isBinary = (content: Uint8Array): boolean => content.includes(0);

/** How each file is to come, and what the repository has of it already. */
export const announce = (repository: Repository, revision: string, ask: Ask): Answer => {
  const { files, gitAttributes } = jsonOf(ask) ?? {};
  if (!Array.isArray(files) || !files.every(isAnnounced))
    return refuse(400, "files: each is a path, a size and its first 512 bytes");
  if (files.length > mostAnnounced) return refuse(413, `at most ${mostAnnounced} files at a time`);
  const found = commitAt(repository, revision);
  if (found === undefined) return refuse(404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  const own = found.files.get(".gitattributes")?.content.toString() ?? "";
  const attributes = typeof gitAttributes === "string" ? gitAttributes : own;
  const modes = files.map(({ path, size, sample }) => {
    const isLarge =
      isLargeByName(path, attributes) || size > largestPlainBytes || isBinary(Buffer.from(sample, "base64"));
    const before = found.files.get(path);
    return {
      path,
      uploadMode: isLarge ? "lfs" : "regular",
      shouldIgnore: false,
      ...(before === undefined ? {} : { oid: contentOidOf(before) }),
    };
  });
  return { value: { files: modes } };
};

type Line = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };

const linesOf = ({ body }: Ask): Line[] | undefined => {
  try {
    const lines = body.toString().split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
  } catch {
    return undefined;
  }
};

/** A file of a commit, or why it is none. */
const readFile = ({ key, value }: Line, repository: Repository): StoredFile | string => {
  const { content, encoding, algo, oid, size } = value;
  if (key === "lfsFile") {
    const stored = repository.objects.get(String(oid));
    if (algo !== "sha256") return "a large file is named by its sha256";
    if (stored === undefined) return "an LFS pointer pointed to a file that does not exist";
    // a copy of a file names no size
    return size === undefined || stored.length === size
      ? { content: stored, large: true }
      : "a large file has another size than its pointer";
  }
  if (typeof content !== "string" || encoding !== "base64") return "a file is base64";
  const bytes = Buffer.from(content, "base64");
  if (bytes.toString("base64") !== content) return "a file is base64";
  if (bytes.length > largestPlainBytes) return "it contains files larger than 10 MiB";
  return isBinary(bytes) ? "it contains binary files" : { content: bytes, large: false };
};

/** A line of a commit, done to its files; resolves to why not. */
const apply = (line: Line, files: Map<string, StoredFile>, repository: Repository): string | undefined => {
  const { path } = line.value;
  const isFolder = line.key === "deletedFolder";
  const bare = isFolder && typeof path === "string" ? path.replace(/\/$/, "") : path;
  if (!isPath(bare)) return `${String(path)} is no path`;
  if (line.key === "deletedFile") return files.delete(bare) ? undefined : `${bare} does not exist`;
  if (isFolder) {
    for (const held of [...files.keys()]) if (held.startsWith(`${bare}/`)) files.delete(held);
    return undefined;
  }
  if (line.key !== "file" && line.key !== "lfsFile") return `${line.key} is nothing a commit has`;
  const file = readFile(line, repository);
  if (typeof file === "string") return `Your push was rejected because ${file}. Offending file: ${bare}`;
  const wrong = bare === "README.md" ? wrongCard(file.content.toString()) : undefined;
  files.set(bare, file);
  return wrong === undefined ? undefined : `Invalid metadata in README.md: ${wrong}`;
};

/** A commit on the branch, whole or not at all. */
export const commit = (repository: Repository, revision: string, ask: Ask, address: string): Answer => {
  if (ask.headers["content-type"] !== "application/x-ndjson")
    return refuse(400, "a commit is application/x-ndjson");
  const [header, ...lines] = linesOf(ask) ?? [];
  const { summary, parentCommit } = header?.value ?? {};
  if (header?.key !== "header" || typeof summary !== "string" || summary === "")
    return refuse(400, "a commit begins with its header, which has a summary");
  if (revision !== "main") return refuse(404, `Invalid rev id: ${revision}`, "RevisionNotFound");
  const before = headOf(repository);
  if (parentCommit !== undefined && parentCommit !== before.oid)
    return refuse(412, "A commit has happened since. Please refresh and try again.");
  const files = new Map<string, StoredFile>(before.files);
  for (const line of lines) {
    const wrong = apply(line, files, repository);
    if (wrong !== undefined) return refuse(400, wrong);
  }
  const { oid } = addCommit(repository, summary, files satisfies Files);
  const prefix = repository.type === "dataset" ? "datasets/" : "";
  return {
    value: {
      success: true,
      commitOid: oid,
      commitUrl: `${address}/${prefix}${repository.id}/commit/${oid}`,
      hookOutput: "",
    },
  };
};
