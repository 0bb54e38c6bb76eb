// A server that speaks as much of the Hugging Face hub as uploading takes: repositories made, files announced, large ones
// put beside (as Git LFS has it), and a commit. What it was given can be looked at; what it refuses is the test's choice.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A repository as the hub has it. */
export type Repository = {
  readonly type: string;
  readonly visibility: string;
  readonly files: Map<string, Buffer>;
  readonly commits: string[];
};

export type UploadHub = {
  readonly address: string;
  readonly repositories: Map<string, Repository>;
  /** The address of every request, and the tokens that came with them. */
  readonly asked: string[];
  readonly tokens: Set<string | undefined>;
  /** Answers so every request whose address holds `at`. */
  refusal: { readonly at: string; readonly status: number } | null;
  close(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

type Answer = { readonly status?: number; readonly value: unknown };
type Line = {
  readonly key: string;
  readonly value: {
    readonly path: string;
    readonly content?: string;
    readonly oid?: string;
    readonly summary?: string;
  };
};

/** Files of these kinds are large, whatever their size. */
const isLarge = (path: string): boolean => /\.(parquet|safetensors|gz)$/.test(path);

const announce = (body: Buffer): Answer => {
  const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
  const modes = files.map(({ path }) => ({ path, uploadMode: isLarge(path) ? "lfs" : "regular" }));
  return { value: { files: modes } };
};

const commit = (repository: Repository, objects: ReadonlyMap<string, Buffer>, body: Buffer): Answer => {
  const lines = body
    .toString()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  for (const { key, value } of lines) {
    if (key === "header") repository.commits.push(value.summary ?? "");
    if (key === "file") repository.files.set(value.path, Buffer.from(value.content ?? "", "base64"));
    if (key === "lfsFile") repository.files.set(value.path, objects.get(value.oid ?? "")!);
  }
  return {
    value: { commitOid: "1".repeat(40), commitUrl: "http://localhost", hookOutput: "", success: true },
  };
};

export const startUploadHub = async (): Promise<UploadHub> => {
  const objects = new Map<string, Buffer>();
  const create = (body: Buffer): Answer => {
    const { name, organization, visibility, type } = JSON.parse(body.toString());
    const id = `${organization}/${name}`;
    if (hub.repositories.has(id)) return { status: 409, value: { error: "You already created this repo" } };
    hub.repositories.set(id, { type, visibility, files: new Map(), commits: [] });
    return { value: { url: `${hub.address}/${id}`, id } };
  };
  const batch = (body: Buffer): Answer => {
    const wanted = (JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }).objects;
    const uploads = wanted.map(({ oid, size }) => ({
      ...{ oid, size },
      ...(objects.has(oid) ? {} : { actions: { upload: { href: `${hub.address}/lfs/${oid}` } } }),
    }));
    return { value: { transfer: "basic", objects: uploads } };
  };
  const answerTo = (path: string, body: Buffer): Answer => {
    if (path === "/api/repos/create") return create(body);
    const stored = /^\/lfs\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (stored !== undefined) {
      if (createHash("sha256").update(body).digest("hex") !== stored) return { status: 422, value: {} };
      objects.set(stored, body);
      return { value: {} };
    }
    if (path.endsWith(".git/info/lfs/objects/batch")) return batch(body);
    const [, id = "", doing] =
      /^\/api\/(?:datasets|models)\/([^/]+\/[^/]+)\/(revision|preupload|commit)\//.exec(path) ?? [];
    const repository = hub.repositories.get(id);
    if (repository === undefined) return { status: 404, value: { error: "Repository not found" } };
    if (doing === "preupload") return announce(body);
    if (doing === "commit") return commit(repository, objects, body);
    return {
      value: { _id: "1", id, private: repository.visibility === "private", lastModified: "2026-01-01" },
    };
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    hub.asked.push(pathname);
    if (!pathname.startsWith("/lfs/")) hub.tokens.add(request.headers.authorization);
    const body = await bodyOf(request);
    const refused = hub.refusal !== null && pathname.includes(hub.refusal.at);
    const { status = 200, value }: Answer = refused
      ? { status: hub.refusal!.status, value: { error: "refused" } }
      : answerTo(pathname, body);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: UploadHub = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    repositories: new Map(),
    asked: [],
    tokens: new Set(),
    refusal: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
};
