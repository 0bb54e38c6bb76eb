// Plain completions: which text is sent, where replies end, and how log-probabilities are read behind a transcript.

import { afterEach, describe, expect, it } from "vitest";
import { openLedger, openModel } from "../index.ts";
import type { GenerateRequest } from "../specification.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  probabilityOfA,
  startEndpoint,
} from "./endpoint-server.fixture.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** A model whose name says that it goes on with texts; its server has no chats. */
const start = async (behaviour: EndpointBehaviour = {}) => {
  const server = await startEndpoint({ chat: false, texts: true, ...behaviour });
  open.push(server);
  const ledger = await openLedger();
  const told: string[] = [];
  const model = await openModel(`${server.baseURL}/completions#pretend`, {
    environment: {},
    ledger,
    retry: { attempts: 1 },
    onNotice: ({ code }) => told.push(code),
  });
  return { server, model, ledger, told };
};

const ask = (content = "Hi", change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 0.7,
  seed: 5,
  ...change,
});

const promptsOf = (server: Endpoint) => server.calls.map(({ body }) => body["prompt"]).filter(Boolean);
const answered = (choice: object): EndpointBehaviour => ({
  fault: ({ path }): Fault | undefined =>
    path.endsWith("completions") ? { status: 200, body: { choices: [choice] } } : undefined,
});

describe("a text that is gone on with", () => {
  it("is a transcript of the messages, and nothing is asked of the chat", async () => {
    const { server, model } = await start();
    const messages = [
      { role: "system" as const, content: "Be {brief}." },
      { role: "user" as const, content: "One 💡" },
      { role: "assistant" as const, content: "Two" },
      { role: "user" as const, content: "Human: \u0000 three" },
    ];
    await model.generate([ask("", { messages, topP: 0.9, stop: ["\n\nQ:"] })]);
    const calls = server.calls.filter(({ path }) => path !== "/v1/models");
    expect(calls.map(({ path, body }) => [path, body])).toEqual([
      [
        "/v1/completions",
        {
          model: "pretend",
          prompt:
            "\n\nSystem: Be {brief}.\n\nHuman: One 💡\n\nAssistant: Two\n\nHuman: Human: \u0000 three\n\nAssistant:",
          max_tokens: 20,
          temperature: 0.7,
          top_p: 0.9,
          stop: ["\n\nQ:", "\n\nHuman:"],
          seed: 5,
        },
      ],
    ]);
  });

  it("is sent as it is where a single message is a transcript", async () => {
    const { server, model } = await start();
    const text = "\n\nHuman: Hi  \n\nAssistant: Hello.\n\nCritiqueRequest: What is wrong?\n\nCritique:";
    await model.generate([ask(text, { stop: ["\n\nHuman:"] })]);
    expect(promptsOf(server)).toEqual([text]);
    expect(server.calls.at(-1)?.body["stop"]).toEqual(["\n\nHuman:"]);
    await model.generate([ask(`\n\nSystem: Be kind.${text}`)]);
    expect(promptsOf(server).at(-1)).toBe(`\n\nSystem: Be kind.${text}`);
    const published =
      "\n\nConsider the following conversation between a human and an assistant:\n\nHuman: Hi\n\n\nWhich? Options:\n (A) [[[x]]]\n (B) [[[y]]]\n\nThe answer is:";
    await model.generate([ask(published)]);
    expect(promptsOf(server).at(-1)).toBe(published);
    const { model: other, server: second } = await start();
    await other.generate([ask("Human: not at the beginning of a turn")]);
    expect(promptsOf(second)).toEqual(["\n\nHuman: Human: not at the beginning of a turn\n\nAssistant:"]);
  });
});

describe("replies", () => {
  it.each([
    ["[filter]", "refusal", "partly"],
    ["[empty]", "empty", ""],
    ["[blank]", "length", " \n"],
  ])("to %s end as %s", async (content, finish, text) => {
    const { model } = await start();
    expect((await model.generate([ask(content)]))[0]).toMatchObject({ finish, text });
  });

  it("keep their text as it came, say when they were cut, and are counted once", async () => {
    const { model, ledger } = await start();
    const [whole, cut] = await model.generate([ask(), ask("Hi", { maxTokens: 2 })]);
    expect(whole).toMatchObject({ finish: "stop", usage: { promptTokens: 2, completionTokens: 5 } });
    expect(cut?.finish).toBe("length");
    expect(ledger.totals()).toMatchObject({ calls: 2, failed: 0, promptTokens: 4, completionTokens: 10 });
    const spaced = await start(answered({ text: " I will.", finish_reason: "stop" }));
    expect((await spaced.model.generate([ask()]))[0]?.text).toBe(" I will.");
  });

  it("are counted by estimate where the server counts nothing, by what was written", async () => {
    const { model, told } = await start({ uncounted: true });
    const [reply] = await model.generate([ask()]);
    expect(reply?.usage).toMatchObject({ estimated: true });
    expect(reply?.usage.completionTokens).toBe(Math.ceil((reply?.text.length ?? 0) / 4));
    expect(told).toEqual(["model-usage"]);
  });

  it.each([[{ message: { content: "a chat" } }], [{ text: 3 }], [{}]])(
    "are none where the server sends %j",
    async (choice) => {
      const { model } = await start(answered(choice));
      await expect(model.generate([ask()])).rejects.toThrow(/not a completion \(at choices/);
    },
  );

  it("that are too long for the context or rejected cost themselves alone", async () => {
    const fault = ({ body }: { readonly body: object }): Fault | undefined => {
      if (JSON.stringify(body).includes("long"))
        return { status: 400, body: { error: { message: "maximum context length is 9" } } };
      if (JSON.stringify(body).includes("odd")) return { status: 422, body: { detail: "no" } };
      return undefined;
    };
    const { model, told } = await start({ fault });
    const replies = await model.generate([ask("long"), ask("odd"), ask("fine")]);
    expect(replies.map(({ finish }) => finish)).toEqual(["overflow", "rejected", "stop"]);
    expect(told).toEqual(["model-rejected"]);
  });
});

describe("log-probabilities behind a transcript", () => {
  const texts = ["Which {is} better?", "💡 Who: says (A) so?", "q"];
  const scoresOf = async (behaviour: EndpointBehaviour) => {
    const { server, model } = await start(behaviour);
    const requests = texts.map((text) => ({ messages: ask(text).messages, continuations: ["(A)", "(B)"] }));
    return { server, model, scores: await model.score(requests) };
  };

  it.each([
    ["OpenAI's lists", {}],
    ["llama.cpp's", { texts: "content" }],
    ["five at most", { top: 5 }],
    ["echo", { echo: true }],
    [
      "what is written where an echo's log-probabilities are those of the tokens behind",
      { echo: "shifted", texts: true },
    ],
    ["what is written where echo is refused", { echo: "refused", texts: true }],
  ] satisfies [string, EndpointBehaviour][])("are read from %s", async (_, behaviour) => {
    const { server, scores } = await scoresOf(behaviour);
    for (const [at, { logProbabilities }] of scores.entries()) {
      const [a, b] = logProbabilities.map((value) => Math.exp(value ?? Number.NaN));
      expect(a! / (a! + b!)).toBeCloseTo(probabilityOfA(`<user>${texts[at]}<assistant>`), 9);
    }
    expect(server.calls.some(({ path }) => path.includes("chat") || path.includes("token"))).toBe(false);
  });

  it("stand behind a transcript that is given as it is", async () => {
    const { server, model } = await start({ echo: true });
    const text = "\n\nHuman: Which?\n\nAssistant: The answer is:";
    await model.score([{ messages: ask(text).messages, continuations: [" (A)", " (B)"] }]);
    expect(promptsOf(server).slice(-2)).toEqual([`${text} (A)`, `${text} (B)`]);
  });

  it("are told to be missing where the server gives none", async () => {
    for (const top of ["ignored", "refused", "broken"] as const) {
      const { model, scores } = await scoresOf({ top });
      expect(scores.map(({ logProbabilities }) => logProbabilities)).toEqual(texts.map(() => [null, null]));
      expect(model.capabilities.scores).toBe(false);
    }
  });
});
