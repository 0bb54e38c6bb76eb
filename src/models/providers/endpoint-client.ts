// Calls to an OpenAI-compatible address, over Node's own HTTP with connections that are kept: a call costs a third of
// one through fetch and a client package (bench/endpoint.ts), which at hundreds of calls in flight decides how many a
// second one process can make. Sends JSON, gives JSON, and throws what endpoint-failure.ts makes of a failure.

import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { InterruptedError } from "../../core/index.ts";
import { readBody, readProblem } from "./endpoint-answer.ts";
import {
  brokenFailure,
  connectionFailure,
  type Endpoint,
  statusFailure,
  textFailure,
} from "./endpoint-failure.ts";

/** path: after the base address, or a whole address at the same host. Resolves to the JSON value of a good answer. */
export type EndpointClient = {
  post(path: string, body: object, signal: AbortSignal): Promise<unknown>;
  get(path: string, signal: AbortSignal): Promise<unknown>;
  close(): void;
};

type Answer = {
  readonly status: number;
  readonly body: string;
  readonly header: (name: string) => string | undefined;
};

const lengthOf = (body: string) => ({
  "content-type": "application/json",
  "content-length": Buffer.byteLength(body),
});

/** The body of an answer, in pieces that need not end where a character does. */
const textOf = (pieces: readonly Buffer[]): string =>
  (pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)).toString("utf8");

const readAnswer = ({ status, body, header }: Answer, endpoint: Endpoint): unknown => {
  const redact = endpoint.hasKey ? endpoint.redact : null;
  const read = readBody(body, redact);
  const cleanHeader = (name: string): string | undefined => {
    const value = header(name);
    return value === undefined ? undefined : endpoint.redact(value);
  };
  if (status < 200 || status > 299)
    throw statusFailure({ status, ...readProblem(read), header: cleanHeader }, endpoint);
  if ("text" in read) throw textFailure(read.text, cleanHeader("content-type"), endpoint);
  return read.value;
};

/** Makes a client. key: sent as bearer token. connections: kept open between calls at most. */
export const createEndpointClient = (
  endpoint: Endpoint,
  { key, connections }: { readonly key?: string | undefined; readonly connections: number },
): EndpointClient => {
  const isSecure = endpoint.baseURL.startsWith("https:");
  const agent = new (isSecure ? SecureAgent : PlainAgent)({ keepAlive: true, maxFreeSockets: connections });
  const start = isSecure ? secureRequest : plainRequest;
  const base = new URL(endpoint.baseURL);
  const bearer = key === undefined ? {} : { authorization: `Bearer ${key}` };

  const common = { accept: "application/json", "user-agent": "covenant", ...bearer };
  const place = {
    host: base.hostname.replace(/^\[|\]$/g, ""),
    ...(base.port === "" ? {} : { port: base.port }),
  };
  // Everything goes to the endpoint's own host, and so does the key.
  const pathOf = (path: string): string =>
    path.startsWith("/") ? `${base.pathname.replace(/\/$/, "")}${path}` : new URL(path).pathname;

  const send = (method: string, path: string, body: string | undefined, signal: AbortSignal) =>
    new Promise<Answer>((resolve, reject) => {
      if (signal.aborted) {
        reject(new InterruptedError("Interrupted.", { unsent: true }));
        return;
      }
      const headers = { ...common, ...(body === undefined ? {} : lengthOf(body)) };
      const call = start({ ...place, agent, method, path: pathOf(path), headers });
      let begun = false;
      const settle = (act: () => void): void => {
        signal.removeEventListener("abort", abort);
        act();
      };
      const fail = (thrown: unknown): void =>
        settle(() => reject((begun ? brokenFailure : connectionFailure)(thrown, endpoint)));
      const abort = (): void => {
        // without a connection nothing was written yet
        const unsent = call.socket === null || call.socket.connecting;
        settle(() => reject(new InterruptedError("Interrupted.", unsent ? { unsent } : {})));
        call.destroy();
      };
      signal.addEventListener("abort", abort, { once: true });
      call.on("error", fail);
      call.on("response", (response) => {
        begun = true;
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", fail);
        response.on("end", () => {
          const header = (name: string): string | undefined => {
            const value = response.headers[name];
            return typeof value === "string" ? value : undefined;
          };
          settle(() => resolve({ status: response.statusCode ?? 0, body: textOf(pieces), header }));
        });
      });
      call.end(body);
    });

  return {
    post: async (path, body, signal) =>
      readAnswer(await send("POST", path, JSON.stringify(body), signal), endpoint),
    get: async (path, signal) => readAnswer(await send("GET", path, undefined, signal), endpoint),
    close: () => agent.destroy(),
  };
};
