// A small chat server for tests of commands: replies by seed and conversation alone, with or without log-probabilities,
// and can be stopped and started again at its address.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Body = {
  readonly messages: readonly { readonly content: string }[];
  readonly seed?: number;
  readonly max_tokens?: number;
  readonly logprobs?: boolean;
};

/**
 * scores: whether it gives log-probabilities; without them it writes a letter when it is asked for one. context: characters of a conversation that it takes. repeatsKey: says the
 * Authorization header back in replies, headers, the list of models and the error with which it meets the first call.
 */
export type Behaviour = {
  readonly scores?: boolean;
  readonly context?: number;
  readonly repeatsKey?: boolean;
  /** Told of every call before it is answered. */
  readonly onCall?: (body: Body) => void;
};

/** stopAfter: cuts all connections after so many more replies; the promise resolves then. */
export type ChatServer = {
  readonly name: string;
  readonly replies: () => number;
  stopAfter(replies: number): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

const number = (...parts: readonly unknown[]): number =>
  createHash("sha256").update(JSON.stringify(parts)).digest().readUInt32BE(0);

const token = (text: string, probability: number) => ({ token: text, logprob: Math.log(probability) });

const answer = (
  { messages, seed = 0, max_tokens: limit = 99, logprobs }: Body,
  scores: boolean,
  said: string,
): object => {
  const votes = !scores && messages.at(-1)?.content.endsWith("The answer is:") === true;
  const words = votes
    ? [number(messages, seed) % 5 === 0 ? "Neither." : number(seed) % 3 === 0 ? "(A)" : "B"]
    : ["I", "say", `number ${number(messages, seed)}.${said}`].slice(0, limit);
  const share = 0.1 + 0.8 * (number(messages) / 2 ** 32);
  const letters = [token("A", share), token("B", 1 - share)].sort(
    (one, other) => other.logprob - one.logprob,
  );
  const content = [
    { ...token("(", 0.99), top_logprobs: [token("(", 0.99)] },
    { ...letters[0], top_logprobs: letters },
  ];
  return {
    choices: [
      {
        message: {
          role: "assistant",
          content: logprobs && scores ? `(${letters[0]!.token})` : words.join(" "),
        },
        finish_reason: limit < 3 ? "length" : "stop",
        ...(logprobs && scores ? { logprobs: { content } } : {}),
      },
    ],
    usage: { prompt_tokens: 10, completion_tokens: 3 },
  };
};

const read = async (request: IncomingMessage): Promise<Body> => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as Body;
};

/** Starts a server on a free port of 127.0.0.1 that serves the model "parrot". */
export const startChatServer = async (behaviour: Behaviour = {}): Promise<ChatServer> => {
  const { scores = true, context = Number.POSITIVE_INFINITY, repeatsKey = false, onCall } = behaviour;
  const saidBack = ({ headers }: IncomingMessage): string =>
    repeatsKey ? ` ${headers.authorization ?? "nothing"}` : "";
  let replies = 0;
  let left = Number.POSITIVE_INFINITY;
  let port = 0;
  let server: Server;
  let stopped = (): void => {};

  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const respond = async (request: IncomingMessage): Promise<{ status: number; body: object }> => {
    if (request.url === "/v1/models")
      return { status: 200, body: { data: [{ id: `parrot${saidBack(request)}` }] } };
    if (request.url !== "/v1/chat/completions") return { status: 404, body: { detail: "Not Found" } };
    const body = await read(request);
    onCall?.(body);
    if (body.messages.reduce((sum, { content }) => sum + content.length, 0) > context) {
      return { status: 400, body: { error: { message: `maximum context length is ${context}`, code: 400 } } };
    }
    if (repeatsKey && replies++ === 0)
      return { status: 503, body: { error: { message: `not now,${saidBack(request)}` } } };
    if (!repeatsKey) replies++;
    return { status: 200, body: answer(body, scores, saidBack(request)) };
  };
  const start = (): Promise<void> =>
    new Promise((resolve) => {
      server = createServer(async (request, response) => {
        const { status, body } = await respond(request);
        if (left-- <= 0) {
          response.destroy();
          await stop();
          stopped();
          return;
        }
        response.writeHead(status, {
          "content-type": "application/json",
          "x-said": `it was${saidBack(request)}`,
        });
        response.end(JSON.stringify(body));
      });
      server.listen(port, "127.0.0.1", () => {
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  await start();
  return {
    name: `http://127.0.0.1:${port}/v1#parrot`,
    replies: () => replies,
    stopAfter(count) {
      left = count;
      return new Promise((resolve) => {
        stopped = resolve;
      });
    },
    async start() {
      left = Number.POSITIVE_INFINITY;
      await start();
    },
    stop,
  };
};
