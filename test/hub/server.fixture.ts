// A server that speaks as much of the Hugging Face hub as uploading and reading back take. It is held to what others send:
// tools/parity/check_hub.py has huggingface_hub and datasets of Python work with it, which nobody here wrote. What it was
// asked can be looked at; what goes wrong on the way is the test's choice.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, type Ask, refuse } from "./answers.fixture.ts";
import { describeRepository, resolveFile, sendBytes } from "./downloads.fixture.ts";
import { type Account, maySee, mayWrite, type Repository } from "./repositories.fixture.ts";
import { openStorage } from "./storage.fixture.ts";
import { announce, commit, readCreation, validateCard } from "./uploads.fixture.ts";

/** What befalls the first `times` requests whose address holds `at`; endlessly where times is not said. */
export type Trouble = {
  readonly at: string;
  times?: number;
  /** Refuses with it. */
  readonly status?: number;
  /** Cuts the connection, after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Never answers, and says that the whole request is there. */
  readonly hold?: () => void;
  /** Does it, and cuts the connection before it says so. */
  readonly loseAnswer?: boolean;
};

export type UploadHub = {
  readonly address: string;
  /** Where large files go and come from. */
  readonly filesAddress: string;
  /** By "datasets/owner/name" and "models/owner/name". */
  readonly repositories: Map<string, Repository>;
  /** By their tokens. */
  readonly accounts: Map<string, Account>;
  /** Every request: "PUT /storage/..". */
  readonly asked: string[];
  /** Those of them that this hub does not know. */
  readonly unknown: string[];
  trouble: Trouble | null;
  close(): Promise<void>;
};

export type UploadHubOptions = {
  /** Large files over it go in parts of it. Default 5 MiB, of the hub 5 GB. */
  readonly partBytes?: number;
  readonly port?: number;
};

/** Reads a body. Resolves to undefined where the connection was cut. */
const bodyOf = async (request: IncomingMessage, cutAfter: number): Promise<Buffer | undefined> => {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      parts.push(part);
      bytes += part.length;
      if (bytes <= cutAfter) continue;
      request.socket.resetAndDestroy();
      return undefined;
    }
  } catch {
    // the other end is gone
    return undefined;
  }
  return Buffer.concat(parts);
};

const send = (response: ServerResponse, method: string, { status = 200, headers, value, bytes }: Answer) => {
  const content = bytes ?? Buffer.from(JSON.stringify(value ?? {}));
  const type = bytes === undefined ? "application/json; charset=utf-8" : "application/octet-stream";
  response.writeHead(status, {
    "content-type": type,
    "content-length": content.length,
    "x-request-id": "request-1",
    ...headers,
  });
  response.end(method === "HEAD" ? undefined : content);
};

const writing = new Set(["preupload", "commit", "batch", "verify"]);

type Target = { readonly type: "datasets" | "models"; readonly id: string; readonly rest: string };

/** The repository that an address is about, and what of it. */
const targetOf = (path: string): Target | undefined => {
  const api = /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/?(.*)$/.exec(path);
  if (api !== null) return { type: api[1] as Target["type"], id: api[2]!, rest: api[3]! };
  const plain =
    /^\/(datasets\/)?([^/]+\/[^/]+?)(?:\.git\/info\/lfs\/objects\/(batch|verify)|\/(resolve\/.+))$/.exec(
      path,
    );
  if (plain === null) return undefined;
  const type = plain[1] === undefined ? "models" : "datasets";
  return { type, id: plain[2]!, rest: plain[3] ?? plain[4]! };
};

const startAnswering = (hub: Omit<UploadHub, "close">, partBytes: number) => {
  const storage = openStorage(hub.address, hub.filesAddress, partBytes);

  const create = (account: Account, ask: Ask): Answer => {
    const made = readCreation(ask);
    if (made === undefined) return refuse(400, "a repository has an owner, a name, a kind and a visibility");
    const { id, type } = made;
    const url = `${hub.address}/${type === "dataset" ? "datasets/" : ""}${id}`;
    if (!mayWrite(account, id)) {
      const [owner] = id.split("/");
      return refuse(403, `You don't have the rights to create a ${type} under the namespace "${owner}"`);
    }
    if (hub.repositories.has(`${type}s/${id}`)) {
      const told = refuse(409, `You already created this ${type} repo: ${id}`);
      return { ...told, value: { ...(told.value as object), url } };
    }
    hub.repositories.set(`${type}s/${id}`, made);
    return { value: { url, name: id, id } };
  };

  const ofRepository = (account: Account | undefined, target: Target, ask: Ask): Answer | undefined => {
    const { type, id, rest } = target;
    const repository = hub.repositories.get(`${type}/${id}`);
    if (repository === undefined || !maySee(account, repository))
      return account === undefined
        ? refuse(401, "Repository not found", "RepoNotFound")
        : refuse(404, "Repository not found", "RepoNotFound");
    const [doing = "", revision = "", ...path] = rest.split("/");
    if (doing === "resolve") {
      const elsewhere = (oid: string) => `${hub.filesAddress}/cdn/${type}/${id}/${oid}`;
      return resolveFile(repository, revision, decodeURIComponent(path.join("/")), ask, elsewhere);
    }
    if (!writing.has(doing)) return describeRepository(repository, rest, ask);
    if (account === undefined) return refuse(401, "Invalid username or password.");
    if (!mayWrite(account, id)) return refuse(403, `You don't have write access to this ${repository.type}`);
    if (ask.method !== "POST") return undefined;
    if (doing === "preupload") return announce(repository, decodeURIComponent(revision), ask);
    if (doing === "commit") return commit(repository, decodeURIComponent(revision), ask, hub.address);
    return doing === "batch" ? storage.batch(repository, ask) : storage.verify(repository, ask);
  };

  const ofStorage = (ask: Ask): Answer | undefined => {
    const [, place, type = "", owner, name, oid = ""] = ask.path.split("/");
    if (place === "storage") return ask.method === "PUT" ? storage.put(ask) : storage.complete(ask);
    // what is signed takes no token, and what has been redirected to brings none
    if (place !== "cdn" || ask.headers["authorization"] !== undefined) return undefined;
    const object = hub.repositories.get(`${type}/${owner}/${name}`)?.objects.get(oid);
    return object === undefined ? undefined : sendBytes(object, ask, { etag: `"${oid}"` });
  };

  return (ask: Ask): Answer => {
    const unknown = (): Answer => {
      hub.unknown.push(`${ask.method} ${ask.path}`);
      return refuse(404, "Not found");
    };
    if (ask.headers["host"] === new URL(hub.filesAddress).host) return ofStorage(ask) ?? unknown();
    const token = /^Bearer (.+)$/.exec(String(ask.headers["authorization"] ?? ""))?.[1];
    const account = hub.accounts.get(token ?? "");
    if (token !== undefined && account === undefined)
      return refuse(401, "Invalid credentials in Authorization header");
    if (ask.path === "/api/validate-yaml" && ask.method === "POST") return validateCard(ask);
    if (ask.path === "/api/repos/create" && ask.method === "POST")
      return account === undefined ? refuse(401, "Invalid username or password.") : create(account, ask);
    if (ask.path === "/api/whoami-v2" && account !== undefined)
      return { value: { type: "user", name: account.name, orgs: account.organizations } };
    const target = targetOf(ask.path);
    return (target && ofRepository(account, target, ask)) ?? unknown();
  };
};

/** Listens on a free port of this machine, or on one that is named; resolves to its address. */
const listen = async (server: Server, port = 0): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** The trouble that a request is in, one time less for it. */
const troubleOf = ({ trouble }: UploadHub, path: string): Trouble | undefined => {
  if (trouble === null || !path.includes(trouble.at) || trouble.times === 0) return undefined;
  if (trouble.times !== undefined) trouble.times -= 1;
  return trouble;
};

/** Starts a hub on this machine with two tokens: hf_secret, which may write as someone, and hf_reader, which may not. */
export const startUploadHub = async ({
  partBytes = 5 * 1024 * 1024,
  port = 0,
}: UploadHubOptions = {}): Promise<UploadHub> => {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const method = request.method ?? "GET";
    hub.asked.push(`${method} ${pathname}`);
    const trouble = troubleOf(hub, pathname);
    const body = await bodyOf(request, trouble?.cutAfter ?? Number.POSITIVE_INFINITY);
    if (body === undefined) return;
    if (trouble?.hold !== undefined) return trouble.hold();
    const ask = { method, path: pathname, query: searchParams, headers: request.headers, body };
    const answered = trouble?.status === undefined ? answer(ask) : refuse(trouble.status, "refused");
    if (trouble?.loseAnswer === true) request.socket.resetAndDestroy();
    else send(response, method, answered);
  };
  // files of their own address, as the hub's: a client that followed it as the hub's own would send its token there
  const servers = [createServer(respond), createServer(respond)] as const;
  const hub: UploadHub = {
    address: await listen(servers[0], port),
    filesAddress: await listen(servers[1]),
    repositories: new Map(),
    accounts: new Map([
      ["hf_secret", { name: "someone", organizations: ["group"], role: "write" }],
      ["hf_reader", { name: "someone", organizations: [], role: "read" }],
    ]),
    asked: [],
    unknown: [],
    trouble: null,
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  const answer = startAnswering(hub, partBytes);
  return hub;
};
