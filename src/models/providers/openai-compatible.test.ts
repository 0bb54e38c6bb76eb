// Calls to an endpoint: what is sent, how replies end, which failures pass and which stay, waits, time limits, and that a
// key is never repeated.

import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { CovenantError, UserError } from "../../core/index.ts";
import { isRetriable, retryAfterOf } from "../failure.ts";
import { type RetryEvent, withRetry } from "../middleware/retry.ts";
import { withTimeout } from "../middleware/timeout.ts";
import type { GenerateRequest } from "../specification.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  startEndpoint,
} from "./endpoint-server.fixture.ts";
import { type EndpointOptions, openAiCompatibleModel } from "./openai-compatible.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const start = async (behaviour: EndpointBehaviour = {}, options: Partial<EndpointOptions> = {}) => {
  const server = await startEndpoint(behaviour);
  open.push(server);
  const model = openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend", ...options });
  return { server, model };
};

const ask = (content = "Hi", change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 0.7,
  seed: 5,
  ...change,
});

const failureOf = async (promise: Promise<unknown>): Promise<CovenantError> => {
  const thrown = await promise.catch((error: unknown) => error);
  if (thrown instanceof CovenantError) return thrown;
  throw new Error(`a CovenantError was expected, got ${String(thrown)}`);
};

/** Faults for the first calls, then proper answers. */
const first = (...faults: readonly Fault[]): EndpointBehaviour => ({ fault: (_, before) => faults[before] });
const json = (status: number, body: unknown = { error: { message: "no" } }, headers = {}): Fault => ({
  status,
  body,
  headers,
});

describe("requests", () => {
  it("carry what was asked, word for word", async () => {
    const { server, model } = await start();
    const messages = [
      { role: "system" as const, content: "Be {brief}." },
      { role: "user" as const, content: "Human: \u0000 {principle} 💡\n\nAssistant:" },
    ];
    await model.generate([ask("", { messages, topP: 0.9, stop: ["\n\n"], seed: 4_294_967_295 })]);
    await model.generate([ask("", { messages, temperature: 0 })]);
    expect(server.calls[0]?.body).toEqual({
      model: "pretend",
      messages,
      max_tokens: 20,
      temperature: 0.7,
      top_p: 0.9,
      stop: ["\n\n"],
      seed: 2_147_483_647,
    });
    expect(Object.keys(server.calls[1]?.body ?? {}).sort()).toEqual(
      ["max_tokens", "messages", "model", "seed", "temperature"].sort(),
    );
  });

  it("carry a key only when there is one, and the other token limit where that is wanted", async () => {
    const without = await start();
    await without.model.generate([ask()]);
    expect(without.server.calls[0]?.headers.authorization).toBeUndefined();
    const keyed = await start({}, { key: "sesame", tokenLimit: "max_completion_tokens" });
    await keyed.model.generate([ask()]);
    expect(keyed.server.calls[0]?.headers.authorization).toBe("Bearer sesame");
    expect(keyed.server.calls[0]?.body).toMatchObject({ max_completion_tokens: 20 });
    expect(keyed.server.calls[0]?.body).not.toHaveProperty("max_tokens");
  });

  it("are in flight as many at once as allowed, over all batches", async () => {
    let arrived = 0;
    let release = (): void => {};
    const three = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = async (): Promise<void> => {
      if (++arrived === 3) {
        // Turns of the event loop in which a fourth call would arrive.
        for (let turn = 0; turn < 200; turn++) await setImmediate();
        release();
      }
      await three;
    };
    const { server, model } = await start({ before }, { concurrency: 3 });
    const batch = Array.from({ length: 6 }, (_, seed) => ask("Hi", { seed }));
    const replies = await Promise.all([model.generate(batch), model.generate(batch)]);
    expect(replies.flat()).toHaveLength(12);
    expect(server.most()).toBe(3);
    expect(model.capabilities.batch).toBe(3);
  });
});

describe("replies", () => {
  it.each([
    ["[filter]", "refusal", "partly"],
    ["[refusal]", "refusal", ""],
    ["[empty]", "empty", ""],
    ["[blank]", "length", " \n"],
    ["[null]", "empty", ""],
  ])("to %s end as %s", async (content, finish, text) => {
    const { model } = await start();
    expect((await model.generate([ask(content)]))[0]).toMatchObject({ finish, text });
  });

  it("say when they were cut, and count tokens", async () => {
    const { model } = await start();
    const [whole, cut] = await model.generate([ask(), ask("Hi", { maxTokens: 2 })]);
    expect(whole).toMatchObject({ finish: "stop", usage: { promptTokens: 2, completionTokens: 5 } });
    expect(cut?.finish).toBe("length");
  });

  it.each([
    [400, { message: "filtered", code: "content_filter" }],
    [403, { message: "filtered", code: "content_filter" }],
    [403, { message: 'It requires moderation on OpenAI. Your input was flagged for "violence".', code: 403 }],
  ])("are a refusal where the content filter answers with an error of status %i", async (status, error) => {
    const { model } = await start(first(json(status, { error })));
    expect((await model.generate([ask()]))[0]).toMatchObject({ finish: "refusal", text: "" });
  });
});

describe("failures", () => {
  it.each([
    [json(429), "model-status"],
    [json(408), "model-status"],
    [json(409), "model-status"],
    [json(500), "model-status"],
    [json(503, "<html>busy</html>"), "model-status"],
    ["reset", "model-connection"],
    ["half", "model-connection"],
    [json(200, "{not json"), "model-response"],
    [json(200, { ok: true }), "model-response"],
    [json(200, { choices: [] }), "model-response"],
    [json(200, '"a string"'), "model-response"],
  ] satisfies [Fault, string][])("pass and are asked again: %j", async (fault, code) => {
    const { server, model } = await start(first(fault, fault));
    const thrown = await failureOf(model.generate([ask()]));
    expect(thrown.code).toBe(code);
    expect(isRetriable(thrown)).toBe(true);
    expect(thrown).not.toBeInstanceOf(UserError);
    const waits: number[] = [];
    const wait = async (milliseconds: number): Promise<void> => {
      waits.push(milliseconds);
    };
    const [reply] = await withRetry(model, { wait }).generate([ask()]);
    expect(reply?.finish).toBe("stop");
    expect(waits).toHaveLength(1);
    expect(server.calls).toHaveLength(3);
  });

  it.each([
    [json(400), "model-status", CovenantError],
    [json(422), "model-status", CovenantError],
    [json(501), "model-status", CovenantError],
    [json(401), "model-key", UserError],
    [json(403), "model-key", UserError],
    [json(403, { error: "Your account was flagged." }), "model-key", UserError],
    [json(404), "model-unknown", UserError],
    [json(429, { error: { message: "pay", code: "insufficient_quota" } }), "model-quota", UserError],
  ] satisfies [Fault, string, unknown][])("stay and are not asked again: %j", async (fault, code, kind) => {
    const { server, model } = await start({ fault: () => fault });
    const thrown = await failureOf(withRetry(model).generate([ask()]));
    expect(thrown.code).toBe(code);
    expect(thrown).toBeInstanceOf(kind);
    expect(server.calls).toHaveLength(1);
  });

  it("name the address when nobody listens there", async () => {
    const { server, model } = await start();
    await server.close();
    const thrown = await failureOf(model.generate([ask()]));
    expect(thrown.code).toBe("model-connection");
    expect(thrown.message).toContain(`Cannot reach ${server.baseURL} (ECONNREFUSED)`);
  });

  it.each([
    { error: { message: "bad sk-very/secret-key" } },
    { detail: [{ "sk-very/secret-key": "unknown", input: "Bearer sk-very/secret-key" }] },
    '{"error": {"message": "bad sk-very\\/secret\\u002dkey"}}',
    "<html>sk-very/secret-key</html>",
  ])("never repeat a key, even where the server does: %j", async (body) => {
    const key = "sk-very/secret-key";
    for (const status of [400, 401, 404, 429, 500]) {
      const { model } = await start(
        {
          fault: () =>
            json(status, body, { "x-echo": key, "retry-after": key, "content-type": "application/json" }),
        },
        { key, keyVariable: "COVENANT_API_KEY" },
      );
      const thrown = await failureOf(model.generate([ask()]));
      const told = [thrown.message, thrown.stack, JSON.stringify(thrown.facts), String(thrown.cause)].join();
      expect(told).not.toMatch(/sk-very|secret/);
      if (status === 400) expect(told).toContain("[COVENANT_API_KEY]");
    }
  });

  it("never let a key through in a reply, its alternatives or a list of models", async () => {
    const key = "sk-very/secret-key";
    const told: string[] = [];
    const { model } = await start(
      {
        models: [`served for ${key}`],
        fault: ({ body, path }) =>
          path.endsWith("models")
            ? undefined
            : json(200, {
                choices: [{ message: { content: `Your key is ${key}.` }, finish_reason: "stop" }],
                echo: body,
              }),
      },
      { key, onNotListed: (text) => told.push(text) },
    );
    const [reply] = await model.generate([ask()]);
    expect(reply).toMatchObject({ text: "Your key is [COVENANT_API_KEY].", finish: "stop" });
    expect(told.join()).toContain("served for [COVENANT_API_KEY]");
  });

  it("tell the wait that the server asks for, in seconds, milliseconds or as a date", async () => {
    const clock = { now: () => Date.parse("2024-01-01T00:00:00Z") };
    const wanted: [Record<string, string>, number | undefined][] = [
      [{ "retry-after": "3" }, 3000],
      [{ "retry-after-ms": "250", "retry-after": "3" }, 250],
      [{ "retry-after": "Mon, 01 Jan 2024 00:01:00 GMT" }, 60_000],
      [{ "retry-after": "soon" }, undefined],
      [{}, undefined],
    ];
    for (const [headers, expected] of wanted) {
      const { model } = await start({ fault: () => json(429, { error: {} }, headers) }, { clock });
      expect(retryAfterOf(await failureOf(model.generate([ask()])))).toBe(expected);
    }
  });

  it("of one request stop the others and leave nothing in flight", async () => {
    const fault = (call: { body: unknown }): Fault =>
      JSON.stringify(call.body).includes("broken") ? json(400) : "hang";
    const { model } = await start({ fault });
    const thrown = await failureOf(model.generate([ask("a"), ask("broken"), ask("b")]));
    expect(thrown.code).toBe("model-status");
  });
});

describe("interruption and time limits", () => {
  it("an abort ends calls that hang", async () => {
    const stop = new AbortController();
    const { model } = await start({
      fault: () => "hang",
      before: async () => stop.abort(),
    });
    for (const wrapped of [model, withRetry(withTimeout(model))]) {
      const thrown = await failureOf(wrapped.generate([ask(), ask()], { signal: stop.signal }));
      expect(thrown.code).toBe("interrupted");
    }
  });

  it("an abort ends the wait before another attempt", async () => {
    const stop = new AbortController();
    const { model } = await start({ fault: () => json(503) });
    const retrying = withRetry(model, {
      firstWait: 3_600_000,
      longestWait: 3_600_000,
      onRetry: () => stop.abort(),
    });
    expect((await failureOf(retrying.generate([ask()], { signal: stop.signal }))).code).toBe("interrupted");
  });

  it("a call that hangs runs into the time limit, and is asked again", async () => {
    const { server, model } = await start(first("hang"));
    const events: RetryEvent[] = [];
    const limited = withRetry(withTimeout(model, { milliseconds: 200 }), {
      wait: async () => {},
      onRetry: (event) => events.push(event),
    });
    const [reply] = await limited.generate([ask()]);
    expect(reply?.finish).toBe("stop");
    expect(events.map(({ attempt, error }) => [attempt, (error as CovenantError).code])).toEqual([
      [2, "model-timeout"],
    ]);
    expect(server.calls).toHaveLength(2);
  });
});

describe("withRetry", () => {
  const attempt = async (headers: Record<string, string>, seed = 0) => {
    const waits: number[] = [];
    const { model, server } = await start({ fault: () => json(429, { error: {} }, headers) });
    const options = {
      attempts: 5,
      firstWait: 100,
      longestWait: 1000,
      seed,
      wait: async (milliseconds: number) => {
        waits.push(milliseconds);
      },
    };
    const thrown = await failureOf(withRetry(model, options).generate([ask()]));
    return { waits, thrown, calls: server.calls.length };
  };

  it("waits longer each time, with seeded jitter, and gives the failure after the last attempt", async () => {
    const { waits, thrown, calls } = await attempt({});
    expect(calls).toBe(5);
    expect(thrown.code).toBe("model-status");
    for (const [index, wait] of waits.entries()) {
      const longest = Math.min(1000, 100 * 2 ** index);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
      expect(wait).toBeLessThanOrEqual(longest);
    }
    expect(waits).toHaveLength(4);
    expect((await attempt({})).waits).toEqual(waits);
    expect((await attempt({}, 1)).waits).not.toEqual(waits);
  });

  it("waits at least as long as the server asks, and gives up where that is too long", async () => {
    const { waits } = await attempt({ "retry-after": "1" });
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(1000);
    const minute = await attempt({ "retry-after": "61" });
    expect([minute.calls, minute.waits.every((wait) => wait >= 61_000)]).toEqual([5, true]);
    const long = await attempt({ "retry-after": "3600" });
    expect(long.waits).toEqual([]);
    expect(long.calls).toBe(1);
  });

  it("asks only the request again that failed", async () => {
    const { server, model } = await start(first(json(503)));
    const replies = await withRetry(model, { wait: async () => {} }).generate(
      ["a", "b", "c"].map((text) => ask(text)),
    );
    expect(replies).toHaveLength(3);
    expect(server.calls).toHaveLength(4);
  });
});

describe("a server that declines one request", () => {
  it.each([
    ["vLLM", 400, { error: { message: "This model's maximum context length is 512 tokens.", code: 400 } }],
    ["llama.cpp", 400, { error: { message: "no", code: 400, type: "exceed_context_size_error" } }],
    ["OpenAI", 400, { error: { message: "no", code: "context_length_exceeded" } }],
    ["one that breaks on it", 500, { detail: "the input is too long" }],
  ])("as too long (%s) has not failed", async (_, status, body) => {
    const { server, model } = await start({ fault: () => json(status, body) });
    expect((await model.generate([ask()]))[0]).toMatchObject({ finish: "overflow", text: "" });
    expect(
      (await model.score([{ messages: ask().messages, continuations: ["(A)", "(B)"] }]))[0],
    ).toMatchObject({ logProbabilities: [null, null] });
    expect(model.capabilities.scores).toBe(true);
    expect(server.calls.length).toBeLessThan(5);
  });
});

describe("what a server says about a failure", () => {
  it.each([
    [{ error: { message: "it is closed" } }, "status 400: it is closed"],
    [{ error: "it is closed" }, "status 400: it is closed"],
    [{ detail: "it is closed" }, "status 400: it is closed"],
    [{ detail: [{ loc: ["body", "seed"] }] }, 'status 400: [{"loc":["body","seed"]}]'],
    [{ message: "it is closed", object: "error" }, "status 400: it is closed"],
    ["it is closed", "status 400: it is closed"],
    [{}, "status 400: no explanation was given"],
  ])("is passed on from %j", async (body, told) => {
    const { model } = await start({ fault: () => json(400, body) });
    expect((await failureOf(model.generate([ask()]))).message).toContain(told);
  });

  it.each([
    [400, "Server is pinned to 'tiny'; requested 'pretend'."],
    [422, "model pretend is not available"],
  ])("is read where it means that the model is not there (%i)", async (status, detail) => {
    const { model } = await start({ fault: () => json(status, { detail }) });
    const thrown = await failureOf(model.generate([ask()]));
    expect(thrown).toBeInstanceOf(UserError);
    expect(thrown.code).toBe("model-unknown");
    expect(thrown.message).toContain(detail);
  });
});
