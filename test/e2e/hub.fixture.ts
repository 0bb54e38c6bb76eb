// A server that speaks as much of the Hugging Face hub as fetching a model takes: the commit of a revision, the files
// of a commit, and their contents, in parts where a part is asked for. What goes wrong on the way is the test's choice.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a repository holds, by path; what is large is kept as the hub keeps it, by sha256. */
export type Contents = Readonly<Record<string, Uint8Array>>;

/**
 * What may go wrong with a file: other bytes come, or its connection is cut, `cuts` times: at once, or after so many
 * bytes, as soon as `cut` is called by whoever has seen some of them arrive.
 */
export type Trouble = { cutAfter?: number; cuts?: number; cut?: () => void; content?: Uint8Array };

export type HubServer = {
  readonly address: string;
  /** Every request for a file, with the part that was asked for. */
  readonly asked: { path: string; range: string | undefined; token: string | undefined }[];
  readonly trouble: Map<string, Trouble>;
  /** Answers everything so, where it is set. */
  refusal: { status: number; code?: string } | null;
  /** The token without which nothing is given, where it is set. */
  token: string | null;
  close(): Promise<void>;
};

export const commit = "0123456789abcdef0123456789abcdef01234567";

const hashOf = (content: Uint8Array, isLarge: boolean): string =>
  isLarge
    ? createHash("sha256").update(content).digest("hex")
    : createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

const isLarge = (path: string): boolean => path.endsWith(".safetensors");

const entryOf = (path: string, content: Uint8Array) => ({
  type: "file",
  path,
  size: content.length,
  oid: hashOf(content, false),
  ...(isLarge(path) ? { lfs: { oid: hashOf(content, true), size: content.length, pointerSize: 130 } } : {}),
});

const sendJson = (response: ServerResponse, value: unknown): void => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
};

const sendFile = (
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
  trouble: Trouble | undefined,
): void => {
  const sent = trouble?.content ?? content;
  const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? [];
  const from = Number(start ?? 0);
  if (start !== undefined) {
    response.statusCode = from >= sent.length ? 416 : 206;
    response.setHeader("content-range", `bytes ${from}-${sent.length - 1}/${sent.length}`);
  }
  const rest = sent.subarray(from);
  response.setHeader("content-length", rest.length);
  if (trouble?.cutAfter === undefined || (trouble.cuts ?? 0) <= 0) {
    response.end(rest);
    return;
  }
  trouble.cuts = (trouble.cuts ?? 0) - 1;
  if (trouble.cutAfter === 0) response.destroy();
  else response.write(rest.subarray(0, trouble.cutAfter));
  trouble.cut = () => response.destroy();
};

/** Starts a hub with one model, someone/model. */
export const startHub = async (contents: Contents): Promise<HubServer> => {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const token = request.headers.authorization;
    const wanted = /^\/someone\/model\/resolve\/[^/]+\/(.+)$/.exec(pathname)?.[1];
    if (wanted !== undefined) hub.asked.push({ path: wanted, range: request.headers.range, token });
    const forbidden = hub.token !== null && token !== `Bearer ${hub.token}`;
    const refusal = forbidden ? { status: 401, code: "GatedRepo" } : hub.refusal;
    if (refusal !== null) {
      response.statusCode = refusal.status;
      if (refusal.code !== undefined) response.setHeader("x-error-code", refusal.code);
      response.end("refused");
    } else if (/^\/api\/models\/someone\/model\/revision\/(main|HEAD|v1|[0-9a-f]{40})$/.test(pathname))
      sendJson(response, {
        _id: "1",
        id: "someone/model",
        sha: commit,
        lastModified: "2026-01-01T00:00:00Z",
      });
    else if (pathname === `/api/models/someone/model/tree/${commit}`)
      sendJson(
        response,
        Object.entries(contents).map(([path, content]) => entryOf(path, content)),
      );
    else if (wanted !== undefined && contents[wanted] !== undefined)
      sendFile(request, response, contents[wanted], hub.trouble.get(wanted));
    else {
      response.statusCode = 404;
      if (pathname.includes("/revision/") && pathname.includes("someone/model"))
        response.setHeader("x-error-code", "RevisionNotFound");
      response.end("not found");
    }
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const hub: HubServer = {
    address: `http://127.0.0.1:${port}`,
    asked: [],
    trouble: new Map(),
    refusal: null,
    token: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return hub;
};
