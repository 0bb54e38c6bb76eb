// Errors that come with status 200 in place of an answer, as routers send them: read as those of a failed status. And what
// else stands where an answer is looked for: messages in parts, redirections, bills.

import { afterEach, describe, expect, it } from "vitest";
import { type CovenantError, UserError } from "../../core/index.ts";
import { costsNothing, isRetriable, statusOf } from "../failure.ts";
import { openLedger } from "../ledger.ts";
import type { GenerateRequest } from "../specification.ts";
import { anthropicModel } from "./anthropic.ts";
import { startAnthropic } from "./anthropic-server.fixture.ts";
import { type Endpoint, type EndpointBehaviour, startEndpoint } from "./endpoint-server.fixture.ts";
import { type EndpointOptions, openAiCompatibleModel } from "./openai-compatible.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const ask = (content = "Hi"): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 0.7,
  seed: 5,
});
const question = { messages: ask().messages, continuations: ["(A)", "(B)"] };

const start = async (behaviour: EndpointBehaviour, options: Partial<EndpointOptions> = {}) => {
  const server = await startEndpoint(behaviour);
  open.push(server);
  const model = openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend", ...options });
  return { server, model };
};
const answering = (body: unknown, options?: Partial<EndpointOptions>) =>
  start({ fault: () => ({ status: 200, body }) }, options);
const failureOf = (work: Promise<unknown>): Promise<CovenantError> =>
  work.then(
    () => expect.unreachable(),
    (thrown: CovenantError) => thrown,
  );

describe("an error with status 200", () => {
  it.each([
    [{ message: "upstream died", code: 502 }, "model-status", 502, true],
    [{ message: "slow down", code: 429 }, "model-status", 429, true],
    [{ message: "slow down", type: "rate_limit_error" }, "model-status", 429, true],
    ["Too many requests", "model-status", 429, true],
    [{ message: "no", type: "overloaded_error" }, "model-status", 529, true],
    [{ message: "no", type: "invalid_request_error" }, "model-status", 400, false],
    [{ message: "no credits", code: 402 }, "model-quota", 402, false],
    [{ message: "used up", code: "insufficient_quota" }, "model-quota", 429, false],
    [{ message: "who?", type: "authentication_error" }, "model-key", 401, false],
    [{ message: "Your account was flagged.", code: 403 }, "model-key", 403, false],
    [{ message: "none", code: "model_not_found" }, "model-unknown", 404, false],
    ["Unexpected endpoint or method. (POST /chat/completions)", "model-unknown", 404, false],
    ["it broke", "model-status", 500, true],
    [{ message: "it broke", code: 0 }, "model-status", 500, true],
  ])("is that of the status it stands for: %j", async (error, code, status, passes) => {
    for (const body of [
      { error },
      { error, choices: [] },
      { choices: [{ error, message: { content: "par" } }] },
    ]) {
      const { model } = await answering(body);
      const thrown = await failureOf(model.generate([ask()]));
      expect([thrown.code, statusOf(thrown), isRetriable(thrown)]).toEqual([code, status, passes]);
      if (code !== "model-unknown") expect(costsNothing(thrown)).toBe(true);
      expect(thrown.message).toContain(
        typeof error === "string" ? error.replace(/\.$/, "") : error.message.replace(/\.$/, ""),
      );
    }
  });

  it.each([
    [{ message: "Input was flagged by moderation", code: 403 }, "refusal"],
    [{ message: "Input was flagged by moderation" }, "refusal"],
    [{ message: "Blocked for safety reasons" }, "refusal"],
    [{ message: "no", code: "content_filter" }, "refusal"],
    [{ message: "maximum context length is 9 tokens", code: 400 }, "overflow"],
  ])("is no failure where the request was declined: %j", async (error, finish) => {
    const ledger = await openLedger();
    const told: string[] = [];
    const meter = ledger.meter({ model: "m", price: { input: 1, output: 1 } });
    const { model } = await answering({ error }, { meter, onUncounted: (text) => told.push(text) });
    expect(await model.generate([ask()])).toMatchObject([{ text: "", finish }]);
    expect(await model.score([question])).toMatchObject([{ declined: finish }]);
    expect(told).toEqual([]);
    const { calls, failed, money, estimated } = ledger.totals();
    expect([calls > 1, failed, money, estimated]).toEqual([true, 0, 0, 0]);
  });

  it("costs what the server counts, where it does", async () => {
    const ledger = await openLedger();
    const meter = ledger.meter({ model: "m", price: { input: 1e6, output: 1e6 } });
    const usage = { prompt_tokens: 7, completion_tokens: 3 };
    const { model } = await answering({ error: { message: "cut", code: 502 }, usage }, { meter });
    await failureOf(model.generate([ask()]));
    expect(ledger.totals()).toMatchObject({ calls: 1, failed: 1, money: 10, estimated: 0 });
  });

  it("says that a way to score is not there, and the next one is asked", async () => {
    const { model } = await start({
      fault: ({ path }) =>
        path.endsWith("/chat/completions")
          ? undefined
          : { status: 200, body: { error: `Unexpected endpoint or method. (POST ${path})` } },
    });
    expect((await model.score([question]))[0]?.logProbabilities).not.toContain(null);
  });

  it("is one of Anthropic's, too", async () => {
    const server = await startAnthropic();
    const model = anthropicModel({ id: "m", model: "claude", key: "sk-key", baseURL: server.baseURL });
    const thrown = await failureOf(model.generate([ask("[error]")]));
    expect([thrown.code, statusOf(thrown), isRetriable(thrown)]).toEqual(["model-status", 529, true]);
    await server.close();
  });

  it.each([null, "", {}, undefined])("is none where it is %j beside an answer", async (error) => {
    const choices = [{ error, message: { content: "fine" }, finish_reason: "stop" }];
    const { model } = await answering({ error, choices });
    expect(await model.generate([ask()])).toMatchObject([{ text: "fine", finish: "stop" }]);
  });
});

describe("a message in parts", () => {
  it.each([
    [
      [
        { type: "text", text: "part one " },
        { type: "text", text: "two" },
      ],
      "part one two",
      "stop",
    ],
    [
      [
        { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
        { type: "text", text: "Yes." },
      ],
      "Yes.",
      "stop",
    ],
    [["bare ", { type: "output_text", text: "text" }], "bare text", "stop"],
    [[{ type: "refusal", refusal: "I will not." }], "", "refusal"],
    [[], "", "empty"],
  ])("is read by its texts: %j", async (content, text, finish) => {
    const { model } = await answering({ choices: [{ message: { content }, finish_reason: "stop" }] });
    const [reply] = await model.generate([ask()]);
    expect(reply).toMatchObject({ text, finish });
    // four bytes a token, where the server counts none
    expect(reply?.usage).toMatchObject({ completionTokens: Math.ceil(text.length / 4), estimated: true });
  });
});

describe("a redirection", () => {
  it.each([
    ["https://other.example/v1/chat/completions", "(https://other.example/v1#pretend, if that is right)"],
    ["/plain/v1/chat/completions?session=secret", "/plain/v1#pretend, if that is right)"],
    [undefined, "points elsewhere (status 307)"],
  ])("to %s says where the server points, and what to do", async (location, said) => {
    const headers: Record<string, string> = location === undefined ? {} : { location };
    const { model } = await start({ fault: () => ({ status: 307, body: "", headers }) });
    const thrown = await failureOf(model.generate([ask()]));
    expect(thrown).toBeInstanceOf(UserError);
    expect(thrown.message).toContain(said);
    expect(thrown.message).not.toContain("secret");
  });
});

it("a redirection of what only some servers offer says that it is not there, and the next way to score is asked", async () => {
  const { model } = await start({
    fault: ({ path }) =>
      path.endsWith("/chat/completions")
        ? undefined
        : { status: 302, body: "", headers: { location: "/login" } },
  });
  expect((await model.score([question]))[0]?.logProbabilities).not.toContain(null);
});

it("a bill (402) is the user's, as a quota that is used up is", async () => {
  const { model } = await start({
    fault: () => ({ status: 402, body: { error: { message: "insufficient credits" } } }),
  });
  const thrown = await failureOf(model.generate([ask()]));
  expect(thrown).toBeInstanceOf(UserError);
  expect([thrown.code, thrown.message]).toEqual([
    "model-quota",
    expect.stringContaining("insufficient credits"),
  ]);
});

it("refused access tells what the server says", async () => {
  const { model } = await start({
    fault: () => ({ status: 403, body: { error: { message: "Not from this country." } } }),
  });
  expect((await failureOf(model.generate([ask()]))).message).toContain(
    "refused access (403; no key was sent): Not from this country. Set",
  );
});
