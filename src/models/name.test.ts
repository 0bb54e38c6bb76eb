// Model names: the forms, what is refused without repeating a secret, and what opening a model by its name does
// and tells.

import { describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { type ModelNotice, openModel, parseModelName } from "./index.ts";
import { startEndpoint } from "./providers/endpoint-server.fixture.ts";

const failure = (name: string): UserError => {
  try {
    parseModelName(name);
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
  }
  throw new Error(`"${name}" was accepted`);
};

describe("parseModelName", () => {
  it.each([
    [
      "http://localhost:8000/v1#qwen",
      { type: "endpoint", baseURL: "http://localhost:8000/v1", model: "qwen" },
    ],
    ["https://host/v1/#org/name", { type: "endpoint", baseURL: "https://host/v1", model: "org/name" }],
    [
      "http://host/v1/completions/#org/name",
      { type: "endpoint", baseURL: "http://host/v1", model: "org/name", generation: "completions" },
    ],
    ["http://[::1]:80/v1#a%20b", { type: "endpoint", baseURL: "http://[::1]/v1", model: "a b" }],
    ["openai:gpt-4o-mini", { type: "openai", model: "gpt-4o-mini" }],
    ["openai:ft:gpt-4o:me::1", { type: "openai", model: "ft:gpt-4o:me::1" }],
    ["embedded:covenant-tiny", { type: "embedded", model: "covenant-tiny" }],
    ["./runs/a/model", { type: "folder", folder: "./runs/a/model" }],
    ["../model", { type: "folder", folder: "../model" }],
    ["/tmp/model", { type: "folder", folder: "/tmp/model" }],
    ["scripted:a/b.yaml", { type: "scripted", file: "a/b.yaml" }],
    ["anthropic:claude-x", { type: "anthropic", model: "claude-x" }],
    ["replay:a/b.jsonl", { type: "replay", file: "a/b.jsonl" }],
    [
      "replay:b.jsonl#http://a/v1#m|http://b/v1#m",
      { type: "replay", file: "b.jsonl", model: "http://a/v1#m|http://b/v1#m" },
    ],
    [
      "http://a:1/v1#m | openai:x|anthropic:y",
      { type: "pool", members: ["http://a:1/v1#m", "openai:x", "anthropic:y"] },
    ],
  ])("reads %s", (name, expected) => {
    expect(parseModelName(name)).toEqual(expected);
  });

  it.each([
    ["gpt-4", "where the model runs"],
    ["", "where the model runs"],
    ["claude:x", '"claude:" is not known'],
    ["openai:", "nothing follows"],
    ["127.0.0.1:18412/v1#good", 'Use "http://127.0.0.1:18412/v1#good"'],
    ["localhost:80", "does not begin with http://"],
    ["http://host/v1", "no model is named"],
    ["http://host/v1#", "no model is named"],
    ["http://#x", "not a valid address"],
    ["embedded:../../etc", "one word"],
    ["http://a/v1/chat/completions#m", "the address of chats"],
    ["http://a/v1#m|./folder", "a pool is made of endpoints"],
    ["http://a/v1#m|", "no endpoint follows"],
    ["http://a/v1#m|http://a/v1#m", "in it twice"],
    ["http://a/v1#m|gpt-4", "where the model runs"],
  ])("refuses %s with advice", (name, problem) => {
    const { message } = failure(name);
    expect(message).toContain(problem);
    expect(message).toMatch(/Use "http|Add it|For a folder/);
  });

  it.each(["http://me:sesame@host/v1#m", "https://host/v1?api_key=sesame#m"])(
    "refuses secrets in an address without repeating them (%s)",
    (name) => {
      const error = failure(name);
      expect(error.message).toContain("COVENANT_API_KEY");
      expect(JSON.stringify([error.message, error.facts])).not.toContain("sesame");
    },
  );
});

describe("openModel", () => {
  it("says which variable is missing for openai:", async () => {
    await expect(openModel("openai:gpt-x", { environment: { COVENANT_API_KEY: "k" } })).rejects.toThrow(
      /OPENAI_API_KEY is not set/,
    );
  });

  it("does not open anything after an abort", async () => {
    const signal = AbortSignal.abort();
    await expect(openModel("http://127.0.0.1:1/v1#m", { environment: {}, signal })).rejects.toMatchObject({
      code: "interrupted",
    });
  });

  it("tells of calls made again, and of a model that the endpoint does not list", async () => {
    const server = await startEndpoint({
      models: ["tiny", "small"],
      fault: ({ path }, before) =>
        path.endsWith("completions") && before < 2 ? { status: 503, body: {} } : undefined,
    });
    const ask = async (name: string): Promise<ModelNotice[]> => {
      const notices: ModelNotice[] = [];
      const model = await openModel(`${server.baseURL}#${name}`, {
        environment: {},
        retry: { firstWait: 0 },
        onNotice: (notice) => notices.push(notice),
      });
      const request = { messages: [{ role: "user" as const, content: "Hi" }], maxTokens: 9, temperature: 1 };
      await model.generate([1, 2].map((seed) => ({ ...request, seed })));
      await model.close();
      return notices;
    };
    const told = await ask("tniy");
    const retries = told.filter(({ code }) => code === "model-retry");
    expect(retries.length).toBeGreaterThan(0);
    expect(retries[0]?.text).toContain("status 503");
    const listing = told.filter(({ code }) => code === "model-not-listed").map(({ text }) => text);
    expect(listing).toHaveLength(1);
    expect(listing[0]).toMatch(/"tniy"; it lists tiny, small/);
    expect(await ask("small")).toEqual([]);
    await server.close();
  });

  it("keeps what each member of a pool was found to bear, for the next time that it is opened", async () => {
    const servers = [await startEndpoint(), await startEndpoint()];
    const members = servers.map(({ baseURL }) => `${baseURL}#m`);
    const borneNumbers = new Map([[members[1]!, { number: 2, tooMuch: 3 }]]);
    const model = await openModel(members.join("|"), { environment: {}, concurrency: 4, borneNumbers });
    const request = { messages: [{ role: "user" as const, content: "?" }], maxTokens: 9, temperature: 0 };
    await model.generate(Array.from({ length: 40 }, (_, seed) => ({ ...request, seed })));
    await model.close();
    expect([...borneNumbers.keys()].sort()).toEqual([...members].sort());
    const [first, second] = members.map((member) => borneNumbers.get(member));
    expect(first).toEqual({ number: 4, tooMuch: Number.POSITIVE_INFINITY });
    expect(second?.tooMuch).toBe(3);
    for (const server of servers) await server.close();
  });

  it("opens an endpoint without sending anything", async () => {
    const model = await openModel("http://127.0.0.1:1/v1#m", { environment: {}, concurrency: 3 });
    expect(model.id).toBe("http://127.0.0.1:1/v1#m");
    expect(model.capabilities.batch).toBe(3);
    await model.close();
  });
});
