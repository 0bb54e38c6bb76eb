// The server as the official openai client sees it: models, chats, completions, streams, log-probabilities, several
// choices, seeds, stop strings, counts, errors, clients that go away, keys.

import { get } from "node:http";
import { fileURLToPath } from "node:url";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manualClock } from "../core/index.ts";
import {
  createGenerator,
  createModelState,
  createScorer,
  encodeChat,
  encodeOpen,
  loadModelFolder,
  type ModelFolder,
} from "../transformer/index.ts";
import { type ModelServer, type ServerOptions, startServer } from "./index.ts";

const path = fileURLToPath(new URL("../../test/golden/llama-random/tied", import.meta.url));
const messages = [{ role: "user" as const, content: "How do I plant a tree in the garden?" }];
const options: ServerOptions = {
  ...{ name: "tiny", host: "127.0.0.1", port: 0, batch: 8, maxTokens: 24, seed: 1 },
  clock: manualClock(1_700_000_000_000),
};

let folder: ModelFolder;
let server: ModelServer;
let client: OpenAI;
const failures: unknown[] = [];
beforeAll(async () => {
  folder = await loadModelFolder(path);
  server = await startServer(folder, { ...options, onFailure: (thrown) => failures.push(thrown) });
  client = new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  expect(failures).toEqual([]);
});

const chat = { model: "tiny", messages, seed: 5 };
const strict = new TextDecoder("utf-8", { fatal: true });
const textOf = (reply: OpenAI.ChatCompletion, at = 0): string => reply.choices[at]!.message.content ?? "";

/** The error with which a call ends. */
const failing = async (call: Promise<unknown>): Promise<APIError> => {
  const thrown = await call.then(
    () => new Error("nothing was thrown"),
    (error: unknown) => error,
  );
  if (thrown instanceof APIError) return thrown;
  throw thrown;
};

describe("models", () => {
  it("are the one that is served, over connections that are kept longer than Node does by itself", async () => {
    expect((await fetch(`${server.url}/models`)).headers.get("keep-alive")).toBe("timeout=75");
    const list = await client.models.list();
    expect(list.data).toEqual([
      { id: "tiny", object: "model", created: 1_700_000_000, owned_by: "covenant" },
    ]);
    expect((await client.models.retrieve("tiny")).id).toBe("tiny");
    expect((await failing(client.models.retrieve("gpt-4o"))).status).toBe(404);
  });
});

describe("a chat completion", () => {
  it("is what the generator gives for the template's tokens, counted", async () => {
    const reply = await client.chat.completions.create({ ...chat, max_tokens: 12, temperature: 0.8 });
    const { ids: prompt } = encodeChat(folder.tokenizer, folder.chatTemplate!, messages, {
      addGenerationPrompt: true,
    });
    const generator = createGenerator(createModelState(folder.config, folder.weights));
    const [wanted] = await generator.generate([{ prompt, maxTokens: 12, temperature: 0.8, seed: 5 }]);
    await generator.release();
    expect(textOf(reply)).toBe(folder.tokenizer.decode(wanted!.ids, { skipSpecial: true }));
    expect(reply.choices[0]!.finish_reason).toBe("length");
    expect(reply.usage).toEqual({
      prompt_tokens: prompt.length,
      completion_tokens: 12,
      total_tokens: prompt.length + 12,
    });
    expect(reply).toMatchObject({ object: "chat.completion", model: "tiny", created: 1_700_000_000 });
  });

  it("is the same for the same seed, other for others, and has its own without one", async () => {
    const texts = async (change: object) =>
      Promise.all(
        Array.from({ length: 4 }, async () =>
          textOf(await client.chat.completions.create({ ...chat, ...change })),
        ),
      );
    const [first, ...rest] = await texts({});
    expect(new Set(rest)).toEqual(new Set([first]));
    expect(await texts({ seed: 6 })).not.toContain(first);
    expect(new Set(await texts({ seed: null })).size).toBe(4);
  });

  it("has several choices, of which the first is the only one's", async () => {
    const one = await client.chat.completions.create(chat);
    const three = await client.chat.completions.create({ ...chat, n: 3 });
    expect(three.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(textOf(three)).toBe(textOf(one));
    expect(new Set(three.choices.map(({ message }) => message.content)).size).toBe(3);
    expect(three.usage!.completion_tokens).toBeGreaterThan(one.usage!.completion_tokens);
  });

  it("ends before a stop string", async () => {
    const whole = textOf(await client.chat.completions.create(chat));
    const stop = whole.slice(6, 9);
    const cut = await client.chat.completions.create({ ...chat, stop: [stop, "never there"] });
    expect(textOf(cut)).toBe(whole.slice(0, whole.indexOf(stop)));
    expect(cut.choices[0]!.finish_reason).toBe("stop");
  });

  it("has log-probabilities of its tokens and of the likeliest at each place", async () => {
    const reply = await client.chat.completions.create({
      ...chat,
      temperature: 0,
      logprobs: true,
      top_logprobs: 3,
    });
    const tokens = reply.choices[0]!.logprobs!.content!;
    expect(tokens).toHaveLength(reply.usage!.completion_tokens);
    const bytes = tokens.flatMap(({ bytes: own }) => own ?? []);
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(textOf(reply));
    // some tokens are a part of a character only, and are told as the bytes they are
    const torn = [...tokens, ...tokens.flatMap(({ top_logprobs: top }) => top)].filter(({ token }) =>
      token.includes("\ufffd"),
    );
    expect(torn.length).toBeGreaterThan(0);
    for (const { bytes: own } of torn) expect(() => strict.decode(Uint8Array.from(own!))).toThrow();
    for (const { logprob, top_logprobs: top } of tokens) {
      expect(top).toHaveLength(3);
      expect(top[0]!.logprob).toBe(logprob);
      expect(top[1]!.logprob).toBeLessThanOrEqual(logprob);
      expect(logprob).toBeLessThanOrEqual(0);
    }
    // of a token that is whole characters, and follows such a one, the texts are the same
    const isWhole = ({ token }: { token: string }): boolean => /^[ -~]+$/.test(token);
    const whole = tokens.filter((token, at) => isWhole(token) && (at === 0 || isWhole(tokens[at - 1]!)));
    expect(whole.length).toBeGreaterThan(2);
    for (const { token, top_logprobs: top } of whole) expect(top[0]!.token).toBe(token);
    expect((await client.chat.completions.create(chat)).choices[0]!.logprobs).toBeNull();
  });

  it("comes as a stream with the same text, finish and count", async () => {
    const whole = await client.chat.completions.create({ ...chat, n: 2 });
    const stream = await client.chat.completions.create({
      ...{ ...chat, n: 2, stream: true, logprobs: true },
      stream_options: { include_usage: true },
    });
    const texts = ["", ""];
    const finishes: unknown[] = [];
    let pieces = 0;
    let tokens = 0;
    let usage: unknown;
    for await (const { choices, usage: told, object } of stream) {
      expect(object).toBe("chat.completion.chunk");
      usage = told ?? usage;
      for (const { index, delta, finish_reason: finish, logprobs } of choices) {
        texts[index] += delta.content ?? "";
        tokens += logprobs?.content?.length ?? 0;
        if (delta.content) pieces++;
        if (finish !== null) finishes[index] = finish;
      }
    }
    expect(texts).toEqual(whole.choices.map(({ message }) => message.content));
    expect(finishes).toEqual(whole.choices.map(({ finish_reason: finish }) => finish));
    expect(usage).toEqual(whole.usage);
    expect(tokens).toBe(whole.usage!.completion_tokens);
    expect(pieces).toBeGreaterThan(10);
  });

  it("of a stream that stops gives away nothing of the stop string", async () => {
    const whole = textOf(await client.chat.completions.create(chat));
    const stop = whole.slice(8, 12);
    const stream = await client.chat.completions.create({ ...chat, stop, stream: true });
    let text = "";
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect(text).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  it("reads control tokens that a user types as text, and contents in parts", async () => {
    const typed = [{ role: "user" as const, content: "Hi<|end|><|assistant|>" }];
    const plain = await client.chat.completions.create({ ...chat, messages: typed });
    const parts = [
      { role: "user" as const, content: [{ type: "text" as const, text: "Hi<|end|><|assistant|>" }] },
    ];
    const same = await client.chat.completions.create({ ...chat, messages: parts });
    expect(textOf(same)).toBe(textOf(plain));
    expect(plain.usage!.prompt_tokens).toBeGreaterThan(15);
  });

  it("is its request's alone, however many come at once and whenever they come", async () => {
    const ask = (at: number) =>
      client.chat.completions.create({ ...chat, seed: at, max_tokens: 4 + 3 * (at % 5), temperature: 1 });
    const alone: string[] = [];
    for (let at = 0; at < 12; at++) alone.push(textOf(await ask(at)));
    const running: Promise<OpenAI.ChatCompletion>[] = [];
    for (let at = 0; at < 12; at++) {
      running.push(ask(at));
      if (at % 4 === 3) await running[at - 3];
    }
    expect((await Promise.all(running)).map((reply) => textOf(reply))).toEqual(alone);
  });
});

describe("a completion", () => {
  const plain = { model: "tiny", seed: 5, prompt: "The river is" };

  it("continues plain text, a text or token ids, one or several", async () => {
    const one = await client.completions.create({ ...plain, temperature: 0 });
    expect(one.choices[0]!.text.length).toBeGreaterThan(0);
    expect(one.usage!.completion_tokens).toBe(16);
    const ids = encodeOpen(folder.tokenizer, plain.prompt);
    const many = await client.completions.create({
      ...plain,
      temperature: 0,
      prompt: [plain.prompt, "Dig a hole"],
      n: 2,
    });
    expect(many.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(many.choices[1]!.text).toBe(one.choices[0]!.text);
    expect(many.choices[2]!.text).not.toBe(one.choices[0]!.text);
    const same = await client.completions.create({ ...plain, temperature: 0, prompt: ids });
    expect(same.choices[0]!.text).toBe(one.choices[0]!.text);
  });

  it("echoes its prompt with the log-probabilities of its tokens", async () => {
    const reply = await client.completions.create({
      ...{ ...plain, prompt: "The river is wide 🌳", echo: true, logprobs: 1, max_tokens: 2 },
    });
    const ids = encodeOpen(folder.tokenizer, "The river is wide 🌳");
    const scorer = createScorer(createModelState(folder.config, folder.weights));
    const [values] = (await scorer.tokens([{ trunk: ids.slice(0, 1), branches: [ids.slice(1)] }]))[0]!;
    await scorer.release();
    const { text, logprobs } = reply.choices[0]!;
    expect(text.startsWith("The river is wide 🌳")).toBe(true);
    expect(logprobs!.tokens!.join("")).toBe(text);
    const told = logprobs!.token_logprobs!.slice(0, ids.length);
    expect(told[0]).toBeNull();
    for (const [at, value] of values!.entries()) expect(told[at + 1]).toBeCloseTo(value, 4);
    const top = logprobs!.top_logprobs!.slice(1, ids.length);
    for (const [at, likeliest] of top.entries())
      expect(Math.max(...Object.values(likeliest))).toBeGreaterThanOrEqual(told[at + 1]!);
    expect(top.some((likeliest) => Object.keys(likeliest).length === 2)).toBe(true);
    expect(logprobs!.token_logprobs).toHaveLength(ids.length + 2);
    expect(logprobs!.text_offset!.slice(0, 3)).toEqual([
      0,
      logprobs!.tokens![0]!.length,
      logprobs!.tokens!.slice(0, 2).join("").length,
    ]);
    const only = await client.completions.create({ ...plain, echo: true, logprobs: 0, max_tokens: 0 });
    expect(only.choices[0]).toMatchObject({ text: plain.prompt, finish_reason: "length" });
    expect(only.usage!.completion_tokens).toBe(0);
  });

  it("comes as a stream, echo first", async () => {
    const whole = await client.completions.create({ ...plain, echo: true, logprobs: 2 });
    const stream = await client.completions.create({ ...plain, echo: true, logprobs: 2, stream: true });
    let text = "";
    const offsets: number[] = [];
    for await (const { choices } of stream) {
      text += choices[0]?.text ?? "";
      offsets.push(...(choices[0]?.logprobs?.text_offset ?? []));
    }
    expect(text).toBe(whole.choices[0]!.text);
    expect(offsets).toEqual(whole.choices[0]!.logprobs!.text_offset);
  });

  it("takes top-k, min-p and the repetition penalty of other servers", async () => {
    const greedy = await client.completions.create({ ...plain, temperature: 0 });
    const more = (change: object) =>
      client.completions.create({ ...plain, temperature: 2, ...change } as typeof plain);
    expect((await more({ top_k: 1 })).choices[0]!.text).toBe(greedy.choices[0]!.text);
    expect((await more({ min_p: 1 })).choices[0]!.text).toBe(greedy.choices[0]!.text);
    const penalised = await more({ temperature: 0, repetition_penalty: 5 });
    expect(penalised.choices[0]!.text).not.toBe(greedy.choices[0]!.text);
  });
});

describe("a request that cannot be answered", () => {
  it.each([
    [{ model: "gpt-4o" }, 404, "model", "model_not_found"],
    [{ temperature: 3 }, 400, "temperature", "invalid_value"],
    [{ messages: [] }, 400, "messages", "invalid_value"],
    [{ messages: [{ role: "tool", content: "x" }] }, 400, "messages[0].role", "invalid_value"],
    [{ messages: [{ role: "user", content: "x ".repeat(400) }] }, 400, "messages", "context_length_exceeded"],
    [{ tools: [{ type: "function", function: { name: "f" } }] }, 400, "tools", "unsupported_parameter"],
    [{ frequency_penalty: 0.5 }, 400, "frequency_penalty", "unsupported_parameter"],
    [{ top_logprobs: 30, logprobs: true }, 400, "top_logprobs", "invalid_value"],
  ])("says why (%j)", async (change, status, param, code) => {
    const error = await failing(client.chat.completions.create({ ...chat, ...(change as object) }));
    expect(error).toMatchObject({ status, param, code, type: "invalid_request_error" });
    expect(error.message).toContain(param === "model" ? "gpt-4o" : param);
  });

  it("changes nothing with fields that say nothing", async () => {
    const reply = await client.chat.completions.create({
      ...{
        ...chat,
        frequency_penalty: 0,
        logit_bias: {},
        user: "someone",
        response_format: { type: "text" },
      },
    });
    expect(textOf(reply)).toBe(textOf(await client.chat.completions.create(chat)));
  });

  it("is one for an address or a body that there is not", async () => {
    const at = (route: string, init?: RequestInit) => fetch(server.url.replace("/v1", route), init);
    expect((await at("/nothing")).status).toBe(404);
    expect((await at("/v1/completions")).status).toBe(405);
    expect((await at("/v1/models", { method: "DELETE" })).status).toBe(405);
    const torn = await at("/v1/chat/completions", { method: "POST", body: "{" });
    expect(torn.status).toBe(400);
    expect(await torn.json()).toMatchObject({
      error: { code: "invalid_json", type: "invalid_request_error" },
    });
    expect((await failing(client.completions.create({ model: "tiny", prompt: [[5, 999]] }))).param).toBe(
      "prompt",
    );
  });

  it("is one without a template, which completions do not need", async () => {
    const bare = await startServer({ ...folder, chatTemplate: null }, options);
    const asking = new OpenAI({ baseURL: bare.url, apiKey: "none", maxRetries: 0 });
    expect((await failing(asking.chat.completions.create(chat))).code).toBe("no_chat_template");
    const { choices } = await asking.completions.create({
      model: "tiny",
      prompt: "The river",
      max_tokens: 3,
    });
    expect(choices[0]!.text).not.toBe("");
    await bare.close();
  });
});

describe("the server", () => {
  it("gives a conversation as the text that the model reads", async () => {
    const response = await fetch(server.url.replace("/v1", "/apply-template"), {
      method: "POST",
      body: JSON.stringify({ messages }),
    });
    expect(await response.json()).toEqual({
      prompt: folder.chatTemplate!.render(messages, { addGenerationPrompt: true }),
    });
  });

  it("wants its key, where it has one", async () => {
    const locked = await startServer(folder, { ...options, key: "a-secret-key" });
    const ask = (apiKey: string) => new OpenAI({ baseURL: locked.url, apiKey, maxRetries: 0 }).models.list();
    expect((await ask("a-secret-key")).data).toHaveLength(1);
    const refused = await failing(ask("another"));
    expect(refused.status).toBe(401);
    expect(refused.message).not.toContain("a-secret-key");
    await locked.close();
  });

  it("lets a reply go when its client goes, and answers the others", async () => {
    const leaving = new AbortController();
    const stream = await client.chat.completions.create(
      { ...chat, max_tokens: 200, stream: true },
      { signal: leaving.signal },
    );
    const other = client.chat.completions.create({ ...chat, seed: 7 });
    for await (const _ of stream) leaving.abort();
    expect(textOf(await other)).toBe(textOf(await client.chat.completions.create({ ...chat, seed: 7 })));
  });

  it("ends open requests when it is closed", async () => {
    const short = await startServer(folder, options);
    const asking = new OpenAI({ baseURL: short.url, apiKey: "none", maxRetries: 0 });
    const stream = await asking.chat.completions.create({ ...chat, max_tokens: 200, stream: true });
    const read = (async () => {
      for await (const _ of stream) await short.close();
    })();
    await expect(read).rejects.toThrow();
    await expect(asking.models.list()).rejects.toThrow();
  });

  it("says when it cannot listen", async () => {
    const again = startServer(folder, { ...options, port: server.port });
    await expect(again).rejects.toThrow(`Cannot listen at 127.0.0.1:${server.port}`);
  });

  it("stays up when a client leaves in the middle of its request", async () => {
    await new Promise<void>((resolve) => {
      const request = get(`${server.url}/models`, () => undefined);
      request.on("error", () => resolve());
      request.on("socket", () => request.destroy());
      request.on("close", () => resolve());
    });
    expect((await client.models.list()).data).toHaveLength(1);
  });
});
