// The HTTP server: addresses, keys, bodies, event streams and clients that go away, on node:http. What is answered is in
// answers.ts.

import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, createRandom, deriveSeed, InterruptedError, UserError } from "../core/index.ts";
import type { ModelFolder } from "../transformer/index.ts";
import { answerChat, answerCompletion, type Exchange } from "./answers.ts";
import { modelDocument } from "./documents.ts";
import { faultDocument, requestFault } from "./fault.ts";
import { createReplyEngine } from "./reply-engine.ts";
import { readTemplateRequest } from "./requests.ts";
import { namesOf, renderChat, type ServedModel } from "./served-model.ts";

/**
 * name: what requests call the model; otherName: what they may call it, too. port 0: any that is free. key: what requests
 * must send as bearer token, if any. batch: replies that are generated at a time. maxTokens: of a chat's reply where the
 * request names no limit. seed: of requests that have none. onTexts: told what is asked, the users' messages or a text to go
 * on with; onRequest: of every answer; onFailure: of what went wrong on the server's side.
 */
export type ServerOptions = {
  readonly name: string;
  readonly otherName?: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly key?: string;
  readonly batch: number;
  readonly maxTokens: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly onTexts?: (texts: readonly string[]) => void;
  readonly onRequest?: (line: { method: string; path: string; status: number }) => void;
  readonly onFailure?: (thrown: unknown) => void;
};

/** A server that runs. url: with /v1. close: ends open requests and resolves when all is released. */
export type ModelServer = { readonly url: string; readonly port: number; close(): Promise<void> };

const largestBody = 32 * 1024 * 1024;

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > largestBody)
      throw requestFault(413, "body-too-large", `The body has more than ${largestBody} bytes.`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8")) as unknown;
  } catch {
    throw requestFault(400, "invalid-json", "The body is not JSON.");
  }
};

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const requireKey = (request: IncomingMessage, key: string | undefined): void => {
  if (key === undefined) return;
  const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  if (timingSafeEqual(digest(given), digest(key))) return;
  throw requestFault(
    401,
    "invalid-api-key",
    "Send this server's key as a bearer token (Authorization: Bearer ...).",
  );
};

type Answer = (served: ServedModel, body: unknown, exchange: Exchange) => Promise<void>;

const posts: Readonly<Record<string, Answer>> = {
  "/v1/chat/completions": answerChat,
  "/v1/completions": answerCompletion,
  // as llama.cpp's server has it: a conversation as the text that the model reads
  "/apply-template": async (served, body, exchange) => {
    exchange.send({ prompt: renderChat(served, readTemplateRequest(body).messages) });
  },
};

const createExchange = (response: ServerResponse, signal: AbortSignal): Exchange => ({
  signal,
  send(document) {
    const text = JSON.stringify(document);
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  },
  event(document) {
    if (!response.headersSent)
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write(`data: ${JSON.stringify(document)}\n\n`);
  },
  endEvents() {
    response.end("data: [DONE]\n\n");
  },
});

const listModels = (served: ServedModel, path: string, created: number): object => {
  const names = namesOf(served);
  if (path === "/v1/models")
    return { object: "list", data: names.map((name) => modelDocument(name, created)) };
  // clients differ in which signs of a name they write as %3A and the like
  const asked = names.find((name) =>
    [name, encodeURIComponent(name), encodeURI(name)].some((written) => path === `/v1/models/${written}`),
  );
  if (asked !== undefined) return modelDocument(asked, created);
  if (path.startsWith("/v1/models/"))
    throw requestFault(404, "model-not-found", `This server has "${served.name}" alone.`, "model");
  if (posts[path] !== undefined)
    throw requestFault(405, "method-not-allowed", `${path} takes POST requests alone.`);
  throw requestFault(404, "not-found", `There is nothing at ${path}.`);
};

/** Answers one request. Throws what is to be told as its fault. */
const answer = async (
  served: ServedModel,
  request: IncomingMessage,
  exchange: Exchange,
  options: { readonly key: string | undefined; readonly created: number },
): Promise<void> => {
  requireKey(request, options.key);
  const path = (request.url ?? "/").replace(/\?.*$/, "").replace(/(.)\/$/, "$1");
  if (request.method === "GET") {
    exchange.send(listModels(served, path, options.created));
    return;
  }
  if (request.method !== "POST")
    throw requestFault(405, "method-not-allowed", `${request.method} is not answered here.`);
  const post = posts[path];
  if (post === undefined) throw requestFault(404, "not-found", `There is nothing to post at ${path}.`);
  await post(served, await readBody(request), exchange);
};

/** Tells a fault: as the answer, or where a stream has begun as its last event. */
const tellFault = (response: ServerResponse, thrown: unknown): number => {
  const { status, document } = faultDocument(thrown);
  if (response.headersSent) {
    response.end(`data: ${JSON.stringify(document)}\n\n`);
    return status;
  }
  const text = JSON.stringify(document);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
  return status;
};

const listenError = (thrown: unknown, { host, port }: ServerOptions): unknown => {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : "";
  const why =
    code === "EADDRINUSE"
      ? "something listens there already. Choose another port with --port"
      : code === "EACCES"
        ? "this port is not allowed. Choose one above 1023 with --port"
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
          ? "this machine has no such address. Choose another one with --host"
          : undefined;
  if (why === undefined) return thrown;
  return new UserError("cannot-listen", `Cannot listen at ${host}:${port}: ${why}.`, { host, port }, thrown);
};

const serve = (folder: ModelFolder, options: ServerOptions): ServedModel => {
  const random = createRandom(deriveSeed(options.seed, "requests"));
  const started = options.clock.now().toString(36);
  let count = 0;
  return {
    folder,
    engine: createReplyEngine(folder, { batch: options.batch }),
    ...{ name: options.name, otherName: options.otherName },
    ...{ maxTokens: options.maxTokens, clock: options.clock },
    nextSeed: () => random.integer(2 ** 31),
    nextId: () => `${started}-${++count}`,
    onTexts: (texts) => options.onTexts?.(texts),
  };
};

/** Serves a model folder until it is closed. Throws UserError where it cannot listen. */
export const startServer = async (folder: ModelFolder, options: ServerOptions): Promise<ModelServer> => {
  const served = serve(folder, options);
  const created = Math.floor(options.clock.now() / 1000);
  const server = createServer((request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    // what is written to a client that has gone is lost; close tells of it
    response.on("error", () => undefined);
    const exchange = createExchange(response, gone.signal);
    const told = (status: number): void =>
      options.onRequest?.({ method: request.method ?? "", path: request.url ?? "", status });
    answer(served, request, exchange, { key: options.key, created }).then(
      () => told(200),
      (thrown: unknown) => {
        if (gone.signal.aborted || thrown instanceof InterruptedError) {
          response.destroy();
          return;
        }
        const status = tellFault(response, thrown);
        if (status >= 500) options.onFailure?.(thrown);
        told(status);
      },
    );
  });
  // Node's five seconds are less than a client may think between two calls, and a call that is on its way then is lost.
  server.keepAliveTimeout = 75_000;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.host, resolve);
    });
  } catch (thrown) {
    await served.engine.close();
    throw listenError(thrown, options);
  }
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}/v1`,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await served.engine.close();
      await closed;
    },
  };
};
