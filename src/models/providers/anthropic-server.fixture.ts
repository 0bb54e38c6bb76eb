// A small server for tests that answers as Anthropic's Messages API does: by what it is asked alone, since there are no
// seeds. Marks in square brackets as the last message get the answers that are out of the ordinary.

import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { hashText } from "../../core/index.ts";

type Body = {
  readonly max_tokens: number;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
} & Readonly<Record<string, unknown>>;

/** One call as the server got it. */
export type AnthropicCall = {
  readonly path: string;
  readonly body: Body;
  readonly headers: IncomingHttpHeaders;
};

type Answered = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

const problem = (status: number, type: string, message: string, headers = {}): Answered => ({
  status,
  body: { type: "error", error: { type, message } },
  headers,
});

const message = (text: string, stop_reason: string, model = "claude-x-20260101"): Answered => ({
  status: 200,
  body: {
    id: "x",
    model,
    type: "message",
    role: "assistant",
    content: text === "" ? [] : [{ type: "text", text }],
    stop_reason,
    usage: {
      input_tokens: 7,
      output_tokens: 5,
      cache_read_input_tokens: 2,
      cache_creation_input_tokens: 1,
    },
  },
});

const special: Readonly<Record<string, Answered>> = {
  "[refusal]": message("I", "refusal"),
  "[other]": message("Hi.", "end_turn", "claude-y"),
  "[empty]": message("", "end_turn"),
  "[thought]": message("", "max_tokens"),
  "[pause]": message("so far", "pause_turn"),
  "[tool]": message("Let me look.", "tool_use"),
  "[window]": message("so far", "model_context_window_exceeded"),
  "[long]": problem(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"),
  "[filter]": problem(400, "invalid_request_error", "Output blocked by content filtering policy"),
  "[busy]": problem(529, "overloaded_error", "Overloaded"),
  "[limit]": problem(429, "rate_limit_error", "Slow down", { "retry-after": "3" }),
  "[key]": problem(401, "authentication_error", "invalid x-api-key"),
  "[gone]": problem(404, "not_found_error", "model: claude-x"),
  "[poor]": problem(400, "invalid_request_error", "Your credit balance is too low to access the API"),
  "[error]": problem(200, "overloaded_error", "Overloaded"),
  "[odd]": { status: 200, body: { type: "message" } },
};

const answerTo = ({ body, headers }: AnthropicCall): Answered => {
  const asked = body.messages.at(-1)?.content ?? "";
  if (asked === "[echo]") return problem(500, "api_error", `your key is ${String(headers.authorization)}`);
  const found = special[asked];
  if (found !== undefined) return found;
  if (asked.length > 4000) return special["[long]"]!;
  const words = ["reply", String(hashText(JSON.stringify([body.messages, body["system"]]))), "is", "given"];
  const cut = body.max_tokens < words.length;
  return message(words.slice(0, body.max_tokens).join(" "), cut ? "max_tokens" : "end_turn");
};

/** Starts the server on a free port of 127.0.0.1. before: awaited before each answer. */
export const startAnthropic = async (before?: (call: AnthropicCall) => Promise<void>) => {
  const calls: AnthropicCall[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const call = { path: request.url ?? "", body: JSON.parse(text) as Body, headers: request.headers };
    calls.push(call);
    await before?.(call);
    const { status, body, headers } = answerTo(call);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
