// A small server for tests that speaks the OpenAI-compatible API as different servers do: with and without
// log-probabilities, echo, chat, plain completions, or addresses for its chat template; and that fails on request.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createRandom, deriveSeed, hashText } from "../../core/index.ts";
import type { Message } from "../../records/index.ts";

/** One call as the server got it. */
export type ServedCall = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
};

/**
 * What to do instead of answering. hang: never answer; reset: cut the connection; half: break off in the body. drip and
 * other-model are no failures: the answer comes byte by byte, or under another model's name.
 */
export type Fault =
  | "drip"
  | "other-model"
  | "hang"
  | "reset"
  | "half"
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };

/**
 * What the server offers. top: most alternatives a token; the letter tokens of its tokenizer can be chosen. fault:
 * asked for each call, with the number of calls before it; undefined means a proper answer. before: awaited first.
 * uncounted: answers without counts of tokens. written: what goes on behind an echo, by default " then". texts: goes on with texts, with log-probabilities in OpenAI's lists or as
 * llama.cpp tells them.
 */
export type EndpointBehaviour = {
  readonly chat?: boolean;
  readonly texts?: boolean | "content";
  readonly top?: number | "ignored" | "refused" | "broken";
  readonly echo?: boolean | "ignored" | "refused" | "shifted";
  readonly written?: string;
  readonly models?: readonly string[];
  readonly template?: "apply-template" | "tokenize";
  readonly letters?: readonly (readonly [token: string, share: number])[];
  readonly preamble?: readonly string[];
  readonly fault?: (call: ServedCall, before: number) => Fault | undefined;
  readonly before?: (inFlight: number, call: ServedCall) => Promise<void>;
  readonly uncounted?: boolean;
};

/**
 * What the server would charge for: tokens of what it answered, and how many calls it worked for without an answer that
 * could be read (it hung, broke off, or wrote nonsense with status 200).
 */
export type Charged = { answered: number; promptTokens: number; completionTokens: number; lost: number };

/** most: the most calls that were in flight at once. */
export type Endpoint = {
  readonly baseURL: string;
  readonly calls: readonly ServedCall[];
  readonly most: () => number;
  readonly charged: Readonly<Charged>;
  close(): Promise<void>;
};

/** The body of an error in OpenAI's form. */
const refusal = (param: string, message: string) => ({
  status: 400,
  body: { error: { message, type: "invalid_request_error", param, code: "unsupported_value" } },
});

/** As OpenAI's models that think turn requests down: no temperature but 1, no top-p, log-probabilities or stops. */
export const thinkingFault: NonNullable<EndpointBehaviour["fault"]> = ({ path, body }) => {
  if (!path.endsWith("completions")) return undefined;
  const heat = body["temperature"];
  if (heat !== undefined && heat !== 1)
    return refusal(
      "temperature",
      `Unsupported value: 'temperature' does not support ${heat} with this model. Only the default (1) value is supported.`,
    );
  if (body["max_tokens"] !== undefined)
    return refusal(
      "max_tokens",
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    );
  const other = ["top_p", "logprobs", "stop"].find((name) => body[name] !== undefined);
  return other === undefined
    ? undefined
    : refusal(other, `Unsupported parameter: '${other}' is not supported with this model.`);
};

const render = (messages: readonly Message[]): string =>
  `${messages.map(({ role, content }) => `<${role}>${content}`).join("")}<assistant>`;

/** The probability with which the pretend model says "A" after "(", from the last user text alone. */
export const probabilityOfA = (prompt: string): number =>
  0.05 +
  0.9 *
    createRandom(
      hashText(prompt.replace(/^[\s\S]*(?:<user>|Human: )|(?:<assistant>|\n\nAssistant:)$/g, "")),
    ).next();

/** What the pretend model writes. asked: the last user's text; whole: all that it was given. */
const write = (body: ServedCall["body"], asked: string, whole: string) => {
  const words = `reply ${deriveSeed(Number(body["seed"]), whole)} to {this}: done`.split(" ");
  const limit = Number(body["max_tokens"] ?? body["max_completion_tokens"]);
  const special: Record<string, [string | null, string]> = {
    "[filter]": ["partly", "content_filter"],
    "[empty]": ["", "stop"],
    "[blank]": [" \n", "length"],
    "[null]": [null, "stop"],
  };
  const [content, reason] = special[asked] ?? [
    words.slice(0, limit).join(" "),
    limit < words.length ? "length" : "stop",
  ];
  const usage = { prompt_tokens: asked.length, completion_tokens: words.length, total_tokens: 0 };
  return { content, reason, usage };
};

const reply = (body: ServedCall["body"]): object => {
  const messages = body["messages"] as Message[];
  const asked = messages.at(-1)?.content ?? "";
  const { content, reason, usage } = write(body, asked, JSON.stringify(messages));
  const message = asked === "[refusal]" ? { content: null, refusal: "I will not." } : { content };
  return {
    id: "x",
    object: "chat.completion",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: reason }],
    usage,
  };
};

type Token = {
  readonly token: string;
  readonly logprob: number;
  readonly top_logprobs: readonly { readonly token: string; readonly logprob: number }[];
};

const chatTokens = (prompt: string, behaviour: EndpointBehaviour): Token[] => {
  const probability = probabilityOfA(prompt);
  const letters = behaviour.letters ?? [
    ["A", probability],
    ["B", 1 - probability],
  ];
  const shares = letters.map(([token, share]) => ({ token, logprob: Math.log(share) }));
  shares.sort((one, other) => other.logprob - one.logprob);
  const plain = (token: string) => ({
    token,
    logprob: Math.log(0.9),
    top_logprobs: [{ token, logprob: Math.log(0.9) }],
  });
  const top = typeof behaviour.top === "number" ? behaviour.top : 20;
  return [
    ...(behaviour.preamble ?? ["("]).map(plain),
    { ...shares[0]!, top_logprobs: shares.slice(0, top) },
    plain(")"),
  ];
};

/** Why so many alternatives are not given. undefined: they are. */
const topRefused = ({ top = 20 }: EndpointBehaviour, wanted: number): object | undefined => {
  if (top === "broken")
    return { fault: { status: 500, body: { detail: "logprobs is not supported for this model" } } };
  if (top === "refused" || Number(top) < wanted)
    return { fault: { status: 400, body: { error: { message: "top_logprobs is not offered" } } } };
  return undefined;
};

const chatAnswer = (body: ServedCall["body"], behaviour: EndpointBehaviour): object => {
  if (body["logprobs"] !== true || behaviour.top === "ignored") return reply(body);
  const refused = topRefused(behaviour, Number(body["top_logprobs"]));
  if (refused !== undefined) return refused;
  const content = chatTokens(render(body["messages"] as Message[]), behaviour);
  return {
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "" },
        finish_reason: "length",
        logprobs: { content },
      },
    ],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
  };
};

/** A text gone on with: a server that knows no echo takes no notice where it is asked for one. */
const textAnswer = (body: ServedCall["body"], behaviour: EndpointBehaviour): object => {
  const prompt = String(body["prompt"]);
  const asked = prompt.replace(/^[\s\S]*\n\nHuman: |\n\nAssistant:$/g, "");
  const { content, reason, usage } = write(body, asked, prompt);
  const choice = { index: 0, text: content ?? "", finish_reason: reason };
  if (body["logprobs"] === undefined || behaviour.top === "ignored") return { choices: [choice], usage };
  const refused = topRefused(behaviour, Number(body["logprobs"]));
  if (refused !== undefined) return refused;
  const tokens = chatTokens(prompt, behaviour);
  const logprobs =
    behaviour.texts === "content"
      ? { content: tokens }
      : {
          tokens: tokens.map(({ token }) => token),
          token_logprobs: tokens.map(({ logprob }) => logprob),
          top_logprobs: tokens.map(({ top_logprobs }) =>
            Object.fromEntries(top_logprobs.map(({ token, logprob }) => [token, logprob])),
          ),
        };
  return { choices: [{ ...choice, logprobs }], usage };
};

/** Words and single signs, as a tokenizer might have them; "(A)" is three tokens. */
const tokenise = (text: string): string[] => text.match(/\s?[\p{L}\p{N}]+|\s?./gsu) ?? [];

const echoAnswer = (body: ServedCall["body"], behaviour: EndpointBehaviour): object => {
  const text = String(body["prompt"]);
  if (behaviour.echo === "refused") {
    return { fault: { status: 500, body: { error: { message: "Only no echo is supported", code: 500 } } } };
  }
  if (behaviour.echo === "ignored") {
    return { choices: [{ index: 0, text: " and", logprobs: { tokens: [" and"], token_logprobs: [-1] } }] };
  }
  const match = /^([\s\S]*?)( ?)\((A|B)\)$/.exec(text);
  const probability = probabilityOfA(match?.[1] ?? text);
  const tokens = tokenise(text);
  const values: (number | null)[] = tokens.map((_, index) => (index === 0 ? null : -3));
  if (match !== null) {
    const chosen = match[3] === "A" ? probability : 1 - probability;
    values.splice(-3, 3, Math.log(0.9), Math.log(chosen), Math.log(0.99));
  }
  const { written = " then" } = behaviour;
  // Signs beyond ASCII may be told in parts.
  const own = written === "" ? [] : [written.replaceAll(/[^ -~]/gu, "\ufffd")];
  // As llama-cpp-python has it: what belongs to the token behind, and none for the last.
  const logprobs =
    behaviour.echo === "shifted"
      ? { tokens, token_logprobs: [null, ...values.slice(2), -1.5] }
      : { tokens: [...tokens, ...own], token_logprobs: [...values, ...own.map(() => -1.5)] };
  return {
    choices: [
      {
        index: 0,
        text: `${text}${written}`,
        logprobs,
        finish_reason: "length",
      },
    ],
    usage: { prompt_tokens: tokens.length, completion_tokens: 1, total_tokens: 0 },
  };
};

const answer = (call: ServedCall, behaviour: EndpointBehaviour): object => {
  const { path, body } = call;
  if (path === "/v1/chat/completions" && behaviour.chat !== false) return chatAnswer(body, behaviour);
  if (path === "/v1/completions" && behaviour.texts && (!body["echo"] || !behaviour.echo))
    return textAnswer(body, behaviour);
  if (path === "/v1/completions" && behaviour.echo) return echoAnswer(body, behaviour);
  if (path === "/v1/models" && behaviour.models !== undefined) {
    return { object: "list", data: behaviour.models.map((id) => ({ id, object: "model" })) };
  }
  if (path === "/apply-template" && behaviour.template === "apply-template") {
    return { prompt: render(body["messages"] as Message[]) };
  }
  if (path === "/tokenize" && behaviour.template === "tokenize") {
    return { tokens: [...render(body["messages"] as Message[])].map((sign) => sign.codePointAt(0)) };
  }
  if (path === "/detokenize" && behaviour.template === "tokenize") {
    return { prompt: String.fromCodePoint(...(body["tokens"] as number[])) };
  }
  return { fault: { status: 404, body: { error: { message: `nothing at ${path}` } } } };
};

const readBody = async (request: IncomingMessage): Promise<ServedCall["body"]> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString("utf8"));
};

/** Sends a text byte by byte, a turn of the event loop apart. */
const drip = (response: ServerResponse, bytes: Uint8Array, at = 0): void => {
  if (at >= bytes.length) response.end();
  else response.write(bytes.subarray(at, at + 16), () => setImmediate(() => drip(response, bytes, at + 16)));
};

const send = (response: ServerResponse, fault: Fault | undefined, value: object): void => {
  if (fault === "hang") return;
  if (fault === "reset") {
    response.destroy();
    return;
  }
  const failed = typeof fault === "object" ? fault : undefined;
  const named = fault === "other-model" ? { ...value, model: "another" } : value;
  const body = failed === undefined ? named : failed.body;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(failed?.status ?? 200, { "content-type": "application/json", ...failed?.headers });
  if (fault === "half") {
    response.write(text.slice(0, text.length / 2), () => response.destroy());
    return;
  }
  if (fault === "drip") {
    drip(response, Buffer.from(text));
    return;
  }
  response.end(text);
};

/** Counts an answer as its server would bill it. */
const charge = (charged: Charged, fault: Fault | undefined, value: object): void => {
  if (!("usage" in value)) return;
  const isLost =
    fault === "hang" ||
    fault === "reset" ||
    fault === "half" ||
    (typeof fault === "object" && fault.status < 300);
  if (isLost) charged.lost++;
  else if (typeof fault !== "object") {
    const usage = value.usage as { readonly prompt_tokens: number; readonly completion_tokens: number };
    charged.answered++;
    charged.promptTokens += usage.prompt_tokens;
    charged.completionTokens += usage.completion_tokens;
  }
};

/** Starts the server on a free port of 127.0.0.1. */
export const startEndpoint = async (behaviour: EndpointBehaviour = {}): Promise<Endpoint> => {
  const calls: ServedCall[] = [];
  const charged: Charged = { answered: 0, promptTokens: 0, completionTokens: 0, lost: 0 };
  let inFlight = 0;
  let most = 0;
  const server = createServer(async (request, response) => {
    inFlight++;
    most = Math.max(most, inFlight);
    response.once("close", () => inFlight--);
    const call = { path: request.url ?? "", body: await readBody(request), headers: request.headers };
    const before = calls.length;
    calls.push(call);
    await behaviour.before?.(inFlight, call);
    const value = answer(call, behaviour);
    const fault = behaviour.fault?.(call, before) ?? ("fault" in value ? (value.fault as Fault) : undefined);
    charge(charged, fault, value);
    send(response, fault, behaviour.uncounted === true ? { ...value, usage: undefined } : value);
  });
  // nothing but a fault ends a connection: a server that drops idle ones can do so just when a call comes on one
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    most: () => most,
    charged,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
