// Keys are bound to hosts: which address is sent which key, what is refused, and what the messages tell to do.

import { afterEach, describe, expect, it } from "vitest";
import { UserError } from "../core/index.ts";
import { keyFor } from "./key.ts";
import { openModel } from "./open.ts";
import { type Endpoint, startEndpoint } from "./providers/endpoint-server.fixture.ts";

const key = "sk-sesame-open";
const choose = (address: string, hosts?: string, environment: Record<string, string> = {}) =>
  keyFor(`${address}#m`, address, {
    COVENANT_API_KEY: key,
    ...(hosts === undefined ? {} : { COVENANT_API_KEY_HOSTS: hosts }),
    ...environment,
  }).key;

const refusal = (address: string, hosts?: string): UserError => {
  try {
    choose(address, hosts);
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown;
  }
  throw new Error(`${address} was given a key or none, without a word`);
};

describe("the key for an address", () => {
  it.each([
    ["http://localhost:8000/v1", undefined],
    ["http://127.0.0.1:8000/v1", undefined],
    ["http://[::1]:8000/v1", undefined],
    ["https://api.example.com/v1", "api.example.com"],
    ["https://api.example.com/v1", "other.example, API.example.com"],
    ["https://api.example.com:8443/v1", "api.example.com"],
    ["https://api.example.com:8443/v1", "api.example.com:8443"],
    ["https://api.example.com/v1", "api.example.com:443"],
    ["https://api.example.com/v1", "https://api.example.com/"],
    ["http://10.0.0.5:8000/v1", "http://10.0.0.5:8000"],
  ])("goes to %s where the hosts are %s", (address, hosts) => {
    expect(choose(address, hosts)).toBe(key);
  });

  it.each([
    ["https://api.example.com/v1", "other.example"],
    ["https://api.example.com.evil.example/v1", "api.example.com"],
    ["https://evil-api.example.com/v1", "api.example.com"],
    ["https://api.example.com:8443/v1", "api.example.com:443"],
    ["http://127.0.0.1:8000/v1", "api.example.com"],
  ])("does not go to %s where the hosts are %s", (address, hosts) => {
    expect(choose(address, hosts)).toBeUndefined();
  });

  it.each([
    ["https://api.example.com/v1", undefined, "COVENANT_API_KEY_HOSTS=api.example.com"],
    ["http://10.0.0.5:8000/v1", undefined, "COVENANT_API_KEY_HOSTS=http://10.0.0.5:8000"],
    ["http://localhost.example.com/v1", undefined, "COVENANT_API_KEY_HOSTS=http://localhost.example.com"],
    ["http://api.example.com/v1", "api.example.com", "Use https"],
    ["http://10.0.0.5:8000/v1", "10.0.0.5:8000", "write http://10.0.0.5:8000 into COVENANT_API_KEY_HOSTS"],
  ])("is refused to %s where the hosts are %s, with what to do", (address, hosts, advice) => {
    const { message, code } = refusal(address, hosts);
    expect(code).toBe("model-key-host");
    expect(message).toContain(advice);
    expect(message).not.toContain(key);
  });

  it("is OpenAI's at OpenAI's address alone, and no other's there", () => {
    const both = { OPENAI_API_KEY: "sk-openai" };
    expect(choose("https://api.openai.com/v1", "api.openai.com", both)).toBe("sk-openai");
    expect(() => choose("https://api.openai.com/v1", "api.openai.com")).toThrow("OPENAI_API_KEY is not set");
    expect(choose("https://api.example.com/v1", "api.example.com", both)).toBe(key);
    expect(
      choose("https://api.example.com/v1", undefined, { ...both, COVENANT_API_KEY: " " }),
    ).toBeUndefined();
  });

  it("is refused where it could not stand in a header, without being repeated", () => {
    const broken = "two words\nand a line";
    const asked = () => choose("http://localhost/v1", undefined, { COVENANT_API_KEY: broken });
    expect(asked).toThrow(/COVENANT_API_KEY holds spaces/);
    expect(asked).not.toThrow(/two words/);
  });
});

describe("an opened endpoint", () => {
  const open: Endpoint[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  const ask = async (hosts: (host: string) => string) => {
    const server = await startEndpoint({
      fault: ({ headers }) =>
        headers.authorization === undefined ? { status: 401, body: { detail: "who are you" } } : undefined,
    });
    open.push(server);
    const { host } = new URL(server.baseURL);
    const environment = { COVENANT_API_KEY: key, COVENANT_API_KEY_HOSTS: hosts(host) };
    const model = await openModel(`${server.baseURL}#m`, { environment });
    const request = {
      messages: [{ role: "user" as const, content: "Hi" }],
      maxTokens: 9,
      temperature: 1,
      seed: 1,
    };
    return { server, host, reply: model.generate([request]) };
  };

  it("is sent the key where it is named", async () => {
    const { server, reply } = await ask((host) => `http://${host}`);
    expect((await reply)[0]?.finish).toBe("stop");
    expect(server.calls[0]?.headers.authorization).toBe(`Bearer ${key}`);
  });

  it("is sent none where another is named, and says which name is missing when it wants one", async () => {
    const { server, host, reply } = await ask(() => "api.example.com");
    await expect(reply).rejects.toThrow(`Add http://${host} to COVENANT_API_KEY_HOSTS`);
    expect(server.calls[0]?.headers.authorization).toBeUndefined();
  });
});
