// A form that a reply is to have: sent to a server that takes it, and left out for one that turns it down, from then on.

import { afterEach, describe, expect, it } from "vitest";
import { type Endpoint, type EndpointBehaviour, startEndpoint } from "./providers/endpoint-server.fixture.ts";
import { openAiCompatibleModel } from "./providers/openai-compatible.ts";
import type { GenerateRequest } from "./specification.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const start = async (behaviour: EndpointBehaviour = {}) => {
  const server = await startEndpoint(behaviour);
  open.push(server);
  return { server, model: openAiCompatibleModel({ id: "m", baseURL: server.baseURL, model: "pretend" }) };
};

const answer = { name: "areas", schema: { type: "object" } };
const ask = (change: Partial<GenerateRequest> = {}): GenerateRequest => ({
  messages: [{ role: "user", content: "Hi" }],
  ...{ maxTokens: 20, temperature: 0, seed: 1, ...change },
});
const refusing: EndpointBehaviour = {
  fault: ({ body }) =>
    "response_format" in body ? { status: 400, body: { error: { message: "unknown field" } } } : undefined,
};

describe("a form of the answer", () => {
  it("is sent where it is asked for, and only there", async () => {
    const { server, model } = await start();
    await model.generate([ask()]);
    await model.generate([ask({ answer })]);
    expect(server.calls.map(({ body }) => body["response_format"])).toEqual([
      undefined,
      { type: "json_schema", json_schema: { name: "areas", strict: true, schema: { type: "object" } } },
    ]);
  });

  it("is left out for a server that turns it down", async () => {
    const { server, model } = await start(refusing);
    const [reply] = await model.generate([ask({ answer })]);
    expect(reply?.finish).toBe("stop");
    await model.generate([ask({ answer })]);
    expect(server.calls.map(({ body }) => "response_format" in body)).toEqual([true, false, false]);
  });

  it("does not hide what else a server has against a request", async () => {
    const { model } = await start({ fault: () => ({ status: 400, body: { error: { message: "no" } } }) });
    await expect(model.generate([ask({ answer })])).rejects.toMatchObject({ code: "model-status" });
  });
});
