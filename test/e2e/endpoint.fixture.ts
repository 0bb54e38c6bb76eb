// A small chat server for tests of commands: replies by seed and conversation alone, with or without log-probabilities,
// and can be stopped and started again at its address.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach } from "vitest";

export type Body = {
  readonly model?: string;
  readonly messages: readonly { readonly content: string }[];
  /** In place of messages, of a call that is to go on with a text. */
  readonly prompt?: string;
  readonly echo?: boolean;
  readonly seed?: number;
  readonly max_tokens?: number;
  readonly logprobs?: boolean;
  readonly temperature?: number;
};

/**
 * What comes in place of an answer. reset: the connection is cut; half: it breaks off in the body; hang: nothing comes. drip
 * and other-model are no failures: the answer comes in pieces of a few bytes, or under another model's name.
 */
export type Fault =
  | "drip"
  | "other-model"
  | "reset"
  | "half"
  | "hang"
  | { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> };

/**
 * scores: whether it gives log-probabilities; without them it writes a letter when it is asked for one. context:
 * characters of a conversation that it takes. repeatsKey: says the Authorization header back in replies, headers, the
 * list of models and the error with which it meets the first call. uncounted: tells no counts of tokens. rejects:
 * whether a last message is turned down. says: the tokens before a letter, and after it, in place of "(". writes: what
 * it replies, in place of words with a number; undefined: these words. names: the model that it says answered;
 * undefined: it names none. fault: of a chat call, told how many came before it. breaksOn: what every call comes to that
 * ends with such a message. turns: of the event loop before a call is answered. thinks: takes no temperature but 1,
 * gives no log-probabilities and needs 20 tokens, as OpenAI's models that think. texts: it has no chat and goes on with
 * texts, each of which counts as one message. strict: any other model is not found (404), and a call without the key
 * "parrot-key" is refused (401).
 */
export type Behaviour = {
  readonly scores?: boolean;
  readonly context?: number;
  readonly repeatsKey?: boolean;
  readonly uncounted?: boolean;
  readonly rejects?: (content: string) => boolean;
  readonly says?: readonly string[];
  readonly writes?: (messages: Body["messages"]) => string | undefined;
  readonly names?: (body: Body) => string | undefined;
  readonly thinks?: boolean;
  readonly strict?: boolean;
  readonly texts?: boolean;
  readonly fault?: (before: number) => Fault | undefined;
  readonly breaksOn?: (content: string) => Fault | undefined;
  readonly turns?: (body: Body) => number;
  /** Told of every call before it is answered. */
  readonly onCall?: (body: Body) => void;
};

/**
 * stopAfter: cuts all connections after so many more replies; the promise resolves then. holdAfter: answers no more after
 * so many replies; the promise resolves when so many calls wait for one.
 */
export type ChatServer = {
  readonly name: string;
  readonly replies: () => number;
  readonly asked: () => readonly Body["messages"][];
  /** The most chat calls that were on their way at once. */
  readonly most: () => number;
  stopAfter(replies: number): Promise<void>;
  holdAfter(replies: number, waiting: number): Promise<{ release(): void }>;
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
  [before, after]: readonly string[],
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
    { ...token(before!, 0.99), top_logprobs: [token(before!, 0.99)] },
    { ...letters[0], top_logprobs: letters },
    ...(after === undefined ? [] : [{ ...token(after, 0.99), top_logprobs: [token(after, 0.99)] }]),
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

const written = (content: string): object => ({
  choices: [{ message: { role: "assistant", content }, finish_reason: "stop" }],
});

/** An answer of a chat as one that goes on with a text. */
const asText = (given: object): object => {
  const { choices, ...others } = given as {
    readonly choices: readonly { readonly message: { readonly content: string } }[];
  };
  const [{ message, ...choice }] = [choices[0]!];
  return { ...others, choices: [{ ...choice, text: message.content }] };
};

/** What a call is answered with where nothing stands in the way. */
const tell = (
  body: Body,
  { scores = true, says = ["("], writes, names, uncounted, texts }: Behaviour,
  said: string,
): object => {
  const text = body.logprobs ? undefined : writes?.(body.messages);
  const chat = text === undefined ? answer(body, scores, said, says) : written(text);
  const told = { ...(texts ? asText(chat) : chat), model: names?.(body) };
  return uncounted ? { ...told, usage: undefined } : told;
};

const read = async (request: IncomingMessage): Promise<Body> => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Body;
  return body.prompt === undefined ? body : { ...body, messages: [{ content: body.prompt }] };
};

/** Lets so many calls through and holds those after them until they are released. */
const createGate = () => {
  let left = Number.POSITIVE_INFINITY;
  let arrived = (): void => {};
  const held = new Set<() => void>();
  const release = (): void => {
    left = Number.POSITIVE_INFINITY;
    for (const go of held) go();
    held.clear();
  };
  return {
    async pass(): Promise<void> {
      if (left-- > 0) return;
      await new Promise<void>((go) => {
        held.add(go);
        arrived();
      });
    },
    holdAfter: (calls: number, waiting: number) =>
      new Promise<{ release(): void }>((resolve) => {
        left = calls;
        arrived = () => {
          if (held.size === waiting) resolve({ release });
        };
      }),
  };
};

/** broken: what comes in its place. */
type Given = { readonly status: number; readonly body: object; readonly broken?: Fault | undefined };

const failed = (status: number, message: string): Given => ({ status, body: { error: { message } } });

/** How a server turns down a call before it looks at what is asked; undefined: it does not. */
const refuse = ({ headers }: IncomingMessage, body: Body, behaviour: Behaviour): Given | undefined => {
  const { model, messages, temperature = 1, logprobs, max_tokens: limit = 99 } = body;
  const { strict, thinks, context = Number.POSITIVE_INFINITY } = behaviour;
  const broken = behaviour.breaksOn?.(messages.at(-1)?.content ?? "");
  if (broken !== undefined) return { status: 200, body: {}, broken };
  if (body.echo) return failed(400, "echo is not offered");
  if (strict && headers.authorization !== "Bearer parrot-key") return failed(401, "no such key");
  if (strict && model !== "parrot") return failed(404, `The model ${model} does not exist`);
  if (thinks && temperature !== 1)
    return failed(
      400,
      `Unsupported value: 'temperature' does not support ${temperature} with this model. Only the default (1) value is supported.`,
    );
  if (thinks && logprobs)
    return failed(400, "Unsupported parameter: 'logprobs' is not supported with this model.");
  if (thinks && limit < 20)
    return failed(400, "Could not finish the message because max_tokens or model output limit was reached.");
  const length = messages.reduce((sum, { content }) => sum + content.length, 0);
  return length > context ? failed(400, `maximum context length is ${context}`) : undefined;
};

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Where a server is asked. */
const pathOf = ({ texts }: Behaviour): string => (texts ? "/v1/completions" : "/v1/chat/completions");

/** Counts calls. enter: one has come, which ends with its response; how many came before it. */
const createGauge = () => {
  let calls = 0;
  let inFlight = 0;
  let most = 0;
  return {
    enter(response: ServerResponse): number {
      most = Math.max(most, ++inFlight);
      response.once("close", () => inFlight--);
      return calls++;
    },
    most: () => most,
  };
};

/** Sends a few bytes at a time, which need not end where a character does, a turn of the event loop apart. */
const drip = (response: ServerResponse, left: Uint8Array): void => {
  if (left.length === 0) response.end();
  else response.write(left.subarray(0, 7), () => setImmediate(() => drip(response, left.subarray(7))));
};

/** Sends an answer, or what comes in its place. */
const send = (response: ServerResponse, status: number, body: object, fault: Fault | undefined): void => {
  if (fault === "hang") return;
  if (fault === "reset") {
    response.destroy();
    return;
  }
  const other = typeof fault === "object" ? fault : undefined;
  const text = other?.text ?? JSON.stringify(fault === "other-model" ? { ...body, model: "another" } : body);
  response.writeHead(other?.status ?? status, { "content-type": "application/json", ...other?.headers });
  if (fault === "half") response.write(text.slice(0, text.length / 2), () => response.destroy());
  else if (fault === "drip") drip(response, Buffer.from(text));
  else response.end(text);
};

/** Starts a server on a free port of 127.0.0.1 that serves the model "parrot". */
export const startChatServer = async (behaviour: Behaviour = {}): Promise<ChatServer> => {
  const { repeatsKey = false, rejects = () => false, onCall, fault, turns = () => 0 } = behaviour;
  const asked: Body["messages"][] = [];
  const saidBack = ({ headers }: IncomingMessage): string =>
    repeatsKey ? ` ${headers.authorization ?? "nothing"}` : "";
  const chatPath = pathOf(behaviour);
  let replies = 0;
  let left = Number.POSITIVE_INFINITY;
  let port = 0;
  let server: Server;
  let stopped = (): void => {};
  const gate = createGate();
  const gauge = createGauge();

  const stop = (): Promise<void> => closeServer(server);
  const respond = async (request: IncomingMessage): Promise<Given> => {
    if (request.url === "/v1/models")
      return { status: 200, body: { data: [{ id: `parrot${saidBack(request)}` }] } };
    if (request.url !== chatPath) return { status: 404, body: { detail: "Not Found" } };
    const body = await read(request);
    onCall?.(body);
    for (let left = turns(body); left > 0; left--) await nextTurn();
    const refused = refuse(request, body, behaviour);
    if (refused !== undefined) return refused;
    asked.push(body.messages);
    if (rejects(body.messages.at(-1)?.content ?? "")) return failed(400, "Conversation roles must alternate");
    if (repeatsKey && replies++ === 0) return failed(503, `not now,${saidBack(request)}`);
    await gate.pass();
    if (!repeatsKey) replies++;
    return { status: 200, body: tell(body, behaviour, saidBack(request)) };
  };
  const start = (): Promise<void> =>
    new Promise((resolve) => {
      server = createServer(async (request, response) => {
        const before = request.url === chatPath ? gauge.enter(response) : undefined;
        const instead = before === undefined ? undefined : fault?.(before);
        const { status, body, broken } = await respond(request);
        if (left-- <= 0) {
          response.destroy();
          await stop();
          stopped();
          return;
        }
        response.setHeaders(new Headers({ "x-said": `it was${saidBack(request)}`, "retry-after": "0" }));
        send(response, status, body, instead ?? broken);
      });
      server.listen(port, "127.0.0.1", () => {
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  await start();
  return {
    name: `http://127.0.0.1:${port}/v1${behaviour.texts ? "/completions" : ""}#parrot`,
    replies: () => replies,
    asked: () => asked,
    most: gauge.most,
    stopAfter(count) {
      left = count;
      return new Promise((resolve) => {
        stopped = resolve;
      });
    },
    holdAfter: gate.holdAfter,
    async start() {
      left = Number.POSITIVE_INFINITY;
      await start();
    },
    stop,
  };
};

/** Makes what starts servers for the tests of a file; after each test its servers are stopped. */
export const serveEachTest = (): ((behaviour?: Behaviour) => Promise<ChatServer>) => {
  const servers: ChatServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });
  return async (behaviour) => {
    const server = await startChatServer(behaviour);
    servers.push(server);
    return server;
  };
};
