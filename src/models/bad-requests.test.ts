// Requests that a server fails for their own sake, through all that stands around an endpoint: rate limits in between,
// pools, budgets.

import { afterEach, describe, expect, it } from "vitest";
import { openLedger, openModel } from "./index.ts";
import type { OpenOptions } from "./open-options.ts";
import {
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  startEndpoint,
} from "./providers/endpoint-server.fixture.ts";
import type { GenerateRequest } from "./specification.ts";

const open: Endpoint[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const failed = (status: number, headers: Readonly<Record<string, string>> = {}): Fault => ({
  status,
  body: { error: { message: "not this" } },
  headers,
});

const ask = (content: string): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 20,
  temperature: 1,
  seed: 1,
});
const question = (content: string) => ({ messages: ask(content).messages, continuations: ["(A)", "(B)"] });

type Call = Parameters<NonNullable<EndpointBehaviour["fault"]>>[0];
const contentOf = ({ body }: Call): string =>
  (body["messages"] as { content: string }[] | undefined)?.at(-1)?.content ?? "";

const serve = async (fault: EndpointBehaviour["fault"]): Promise<Endpoint> => {
  const server = await startEndpoint({ models: ["m"], ...(fault === undefined ? {} : { fault }) });
  open.push(server);
  return server;
};

const openAll = (servers: readonly Endpoint[], options: Partial<OpenOptions> = {}) =>
  openModel(servers.map(({ baseURL }) => `${baseURL}#m`).join("|"), {
    environment: {},
    retry: { attempts: 3, wait: async () => {} },
    ...options,
  });

/** What a server was asked for replies, in this order. */
const asked = ({ calls }: Endpoint): string[] =>
  calls.filter(({ path }) => path.endsWith("/chat/completions")).map((call) => contentOf(call));

describe("a request that a server fails for its own sake", () => {
  it("is told from a rate limit that comes between, which is waited for", async () => {
    let slowed = 0;
    const server = await serve((call) => {
      if (contentOf(call) === "bad")
        return slowed++ === 3 ? failed(429, { "retry-after": "0" }) : failed(502);
      return undefined;
    });
    const model = await openAll([server]);
    expect(await model.generate(["one", "bad"].map(ask))).toMatchObject([
      { finish: "stop" },
      { finish: "rejected" },
    ]);
    const hello = "Hello.";
    expect(asked(server).filter((content) => content !== "one")).toEqual([
      ...["bad", "bad", "bad", hello, "bad", "bad", hello],
    ]);
    await model.close();
  });

  it("has no score, and others do", async () => {
    const server = await serve((call) => (contentOf(call) === "bad" ? "reset" : undefined));
    const model = await openAll([server]);
    const scores = await model.score(["one", "bad", "two"].map(question));
    expect(scores.map(({ declined }) => declined)).toEqual([undefined, "rejected", undefined]);
    expect(scores[1]?.logProbabilities).toEqual([null, null]);
    await model.close();
  });

  it("is rejected by a pool with a member that is gone", async () => {
    const [gone, there] = [
      await serve(undefined),
      await serve((call) => (contentOf(call) === "bad" ? "reset" : undefined)),
    ];
    await gone.close();
    const model = await openAll([gone, there]);
    expect(await model.generate(["one", "bad", "two"].map(ask))).toMatchObject([
      { finish: "stop" },
      { finish: "rejected" },
      { finish: "stop" },
    ]);
    await model.close();
  });

  it("is not what a pool's member makes of all requests, when it refuses access", async () => {
    const servers = [await serve(() => failed(403)), await serve(undefined)];
    const model = await openAll(servers);
    await expect(model.generate(["one", "two"].map(ask))).rejects.toThrow("refused access (403");
    await model.close();
  });

  it("is not found out beyond the budget", async () => {
    const server = await serve((call) => (contentOf(call) === "bad" ? failed(502) : undefined));
    const ledger = await openLedger({ budget: { calls: 4 } });
    const model = await openAll([server], { ledger });
    await expect(model.generate([ask("bad")])).rejects.toMatchObject({ code: "budget-used-up" });
    expect(asked(server)).toHaveLength(4);
    expect(ledger.totals()).toMatchObject({ calls: 4, failed: 3 });
    await model.close();
  });
});
