// Models that do not take all fields of a request: what they turn down is left out, told once, and paid by nobody; what
// is wrong with a value stays the user's to change.

import { afterEach, describe, expect, it } from "vitest";
import { openLedger } from "../ledger.ts";
import { openModel } from "../open.ts";
import type { GenerateRequest } from "../specification.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  startEndpoint,
  thinkingFault,
} from "./endpoint-server.fixture.ts";
import { type EndpointOptions, openAiCompatibleModel } from "./openai-compatible.ts";
import type { RefusedFields } from "./refused-fields.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const serve = async (behaviour: EndpointBehaviour): Promise<Endpoint> => {
  const server = await startEndpoint(behaviour);
  open.push(server);
  return server;
};

const start = async (behaviour: EndpointBehaviour, options: Partial<EndpointOptions> = {}) => {
  const server = await serve(behaviour);
  const told: string[] = [];
  const model = openAiCompatibleModel({
    ...{ id: "m", baseURL: server.baseURL, model: "gpt-5", onIgnored: (text) => told.push(text) },
    ...options,
  });
  return { server, model, told };
};

const ask = (change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content: "Hi" }],
  ...{ maxTokens: 20, temperature: 0, seed: 5, ...change },
});

const fieldsOf = ({ calls }: Endpoint): string[][] =>
  calls.map(({ body }) => Object.keys(body).filter((name) => name !== "messages" && name !== "model"));

const turnsDown = (field: string, message: string, status = 400): EndpointBehaviour => ({
  fault: ({ body }) => (field in body ? { status, body: { error: { message } } } : undefined),
});

describe("what a model does not take", () => {
  it("is left out, for good, and told once", async () => {
    const { server, model, told } = await start({ fault: thinkingFault });
    const [reply] = await model.generate([ask({ topP: 0.9 })]);
    expect(reply?.finish).toBe("stop");
    expect(fieldsOf(server)).toEqual([
      ["max_tokens", "temperature", "top_p", "seed"],
      ["max_tokens", "top_p", "seed"],
      ["max_completion_tokens", "top_p", "seed"],
      ["max_completion_tokens", "seed"],
    ]);
    await model.generate([ask({ topP: 0.9 }), ask({ temperature: 0.7 })]);
    expect(fieldsOf(server).slice(4)).toEqual([
      ["max_completion_tokens", "seed"],
      ["max_completion_tokens", "seed"],
    ]);
    expect(told.toSorted()).toEqual([
      expect.stringContaining('m takes no "temperature": its replies are drawn at the server\'s own'),
      expect.stringContaining('m takes no "top_p"'),
    ]);
  });

  it("is looked for here where it is a stop", async () => {
    const { server, model } = await start({ fault: thinkingFault });
    const [whole] = await model.generate([ask()]);
    const [cut] = await model.generate([ask({ stop: [" to", "{this}"] })]);
    expect(whole?.text).toMatch(/^reply \d+ to \{this\}: done$/);
    expect(cut).toMatchObject({ text: whole?.text.replace(/ to.*/, ""), finish: "stop" });
    expect(fieldsOf(server).at(-1)).not.toContain("stop");
  });

  it("is known where the same model is opened again", async () => {
    const refusedFields: RefusedFields = new Map();
    const { server, model } = await start({ fault: thinkingFault }, { refusedFields });
    await model.generate([ask()]);
    const asked = server.calls.length;
    const again = openAiCompatibleModel({
      ...{ id: "m", baseURL: server.baseURL, model: "gpt-5", refusedFields },
    });
    await again.generate([ask()]);
    expect(server.calls).toHaveLength(asked + 1);
  });

  it("hides no form of the answer, and a form that is turned down hides no temperature", async () => {
    const answer = { name: "areas", schema: { type: "object" } };
    const { server, model } = await start(
      turnsDown("temperature", "Unsupported parameter: 'temperature' is not supported with this model."),
    );
    await model.generate([ask({ answer })]);
    expect(fieldsOf(server).at(-1)).toEqual(["max_tokens", "seed", "response_format"]);
    const both = await start({
      fault: ({ body }): Fault | undefined => {
        if ("response_format" in body) return { status: 400, body: { error: { message: "unknown field" } } };
        return thinkingFault({ path: "/completions", body, headers: {} }, 0);
      },
    });
    expect((await both.model.generate([ask({ answer })]))[0]?.finish).toBe("stop");
    expect(fieldsOf(both.server).at(-1)).toEqual(["max_completion_tokens", "seed"]);
  });

  it("is no call that costs, and is in the account", async () => {
    const server = await serve({ fault: thinkingFault });
    const ledger = await openLedger();
    const told: string[] = [];
    const model = await openModel(`${server.baseURL}#gpt-5`, {
      environment: {},
      ledger,
      prices: { "gpt-5": { input: 1_000_000, output: 1_000_000 } },
      onNotice: ({ code }) => told.push(code),
    });
    await model.generate([ask()]);
    const { promptTokens, completionTokens } = server.charged;
    expect(ledger.totals()).toMatchObject({
      ...{ calls: 3, failed: 2, estimated: 0, promptTokens, completionTokens },
      money: promptTokens + completionTokens,
    });
    expect(told).toEqual(["model-sampling"]);
    await model.close();
  });

  it.each([
    ["temperature", "OpenAI", "Unsupported value: 'temperature' does not support 0 with this model."],
    [
      "temperature",
      "LiteLLM",
      "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0. Only temperature=1 is supported. Received Model Group=gpt-5",
    ],
    [
      "temperature",
      "a proxy of Azure's",
      "AzureException - Unsupported parameter: 'temperature' is not supported with this model.. Model Group=gpt-5",
    ],
    ["temperature", "Moonshot", "invalid temperature: only 1 is allowed for this model"],
    ["top_p", "Moonshot", "invalid top_p: only 0.95 is allowed for this model"],
    ["temperature", "Anthropic", "`temperature` is deprecated for this model."],
    [
      "top_p",
      "Anthropic, of two",
      "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ],
    [
      "seed",
      "Mistral",
      '{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted","input":5}]}',
    ],
    ["stop", "xAI", "Argument not supported on this model: stop"],
  ])("is read in the words for %s of %s", async (field, _, message) => {
    const { server, model } = await start(turnsDown(field, message, field === "seed" ? 422 : 400));
    expect((await model.generate([ask({ topP: 0.9, stop: ["\n\n"] })]))[0]?.finish).toBe("stop");
    expect(fieldsOf(server).map((fields) => fields.includes(field))).toEqual([true, false]);
  });

  it.each([
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    '[{"type":"less_than_equal","loc":["body","temperature"],"msg":"Input should be less than or equal to 1"}]',
    "temperature must be non-negative, got -1.",
    "Unsupported content: please stop to seed it.",
  ])("is not what is wrong with a value, or something else: %s", async (message) => {
    const { server, model } = await start(turnsDown("temperature", message));
    await expect(model.generate([ask({ temperature: 3 })])).rejects.toMatchObject({ code: "model-status" });
    expect(server.calls).toHaveLength(1);
  });

  it("is told as it was where it is turned down all the same, and not remembered", async () => {
    const message = "invalid temperature: only 0.6 is allowed for this model";
    const { server, model, told } = await start({ fault: () => ({ status: 400, body: { error: message } }) });
    for (const _ of [1, 2]) await expect(model.generate([ask()])).rejects.toThrow("only 0.6 is allowed");
    expect(fieldsOf(server).map((fields) => fields.includes("temperature"))).toEqual([
      ...[true, false, true, false],
    ]);
    expect(told).toEqual([]);
  });
});

describe("a model that thinks", () => {
  const question = { messages: ask().messages, continuations: ["(A)", "(B)"] };
  const cutWords = "Could not finish the message because max_tokens or model output limit was reached.";

  it.each(["auto", "chat"] as const)(
    "gives no log-probabilities, which is no failure (%s)",
    async (scoring) => {
      const { model } = await start(
        { fault: thinkingFault },
        { scoring, tokenLimit: "max_completion_tokens" },
      );
      expect((await model.score([question]))[0]).toMatchObject({ logProbabilities: [null, null] });
      expect(model.capabilities.scores).toBe(false);
    },
  );

  it("has a reply that was cut where it thinks longer than it may, with a status of failure too", async () => {
    const { model } = await start({
      fault: (call, before) =>
        thinkingFault(call, before) ?? { status: 400, body: { error: { message: cutWords } } },
    });
    expect((await model.generate([ask()]))[0]).toMatchObject({ text: "", finish: "length" });
    expect((await model.score([question]))[0]).toMatchObject({ logProbabilities: [null, null] });
    expect(model.capabilities.scores).toBe(false);
  });
});
