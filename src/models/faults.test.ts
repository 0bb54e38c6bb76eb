// A server that fails in every way a network knows, a fifth of the time each: nothing is lost, nothing doubled, nothing
// scored that was not answered, and money is counted once. Hangs end by a short time limit; nobody sleeps.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom, deriveSeed } from "../core/index.ts";
import { type Ledger, openAnswerStore, openLedger, openModel } from "./index.ts";
import {
  type Charged,
  type Endpoint,
  type EndpointBehaviour,
  type Fault,
  probabilityOfA,
  startEndpoint,
} from "./providers/endpoint-server.fixture.ts";
import type { GenerateRequest } from "./specification.ts";

const root = mkdtempSync(join(tmpdir(), "covenant-faults-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const failed = (status: number, headers: Readonly<Record<string, string>> = {}): Fault => ({
  status,
  body: { error: { message: "not now" } },
  headers,
});

const faults: Readonly<Record<string, Fault>> = {
  "429 with Retry-After": failed(429, { "retry-after": "2" }),
  "429 with a date": failed(429, { "retry-after": "Mon, 01 Jan 2024 00:01:00 GMT" }),
  "429 without": failed(429),
  "500": failed(500),
  "503": { status: 503, body: "<html>busy</html>" },
  reset: "reset",
  hang: "hang",
  "half a body": "half",
  "invalid JSON": { status: 200, body: '{"choices": [' },
  "other JSON": { status: 200, body: { ok: true } },
  "another model's name": "other-model",
  "slow drips": "drip",
};
const kinds = Object.keys(faults);
/** Those that no time limit has to end. */
const passing = kinds.filter((kind) => kind !== "hang");

/** Which calls fail, and how, by the number of the call: a fifth of a single kind, half of a mix. */
const mixOf =
  (names: readonly string[]): NonNullable<EndpointBehaviour["fault"]> =>
  ({ path }, before) => {
    if (!path.endsWith("completions")) return undefined;
    const random = createRandom(deriveSeed(names.join(), before));
    return random.next() < (names.length === 1 ? 0.2 : 0.5) ? faults[random.pick(names)] : undefined;
  };

const ask = (seed: number): GenerateRequest => ({
  messages: [{ role: "user", content: `question {${seed}}: 💡` }],
  maxTokens: 20,
  temperature: 1,
  seed,
});

/** What the server writes. isPlain: to a transcript. */
const expectedText = ({ messages, seed }: GenerateRequest, isPlain: boolean): string => {
  const asked = isPlain ? `\n\nHuman: ${messages[0]?.content}\n\nAssistant:` : JSON.stringify(messages);
  return `reply ${deriveSeed(seed, asked)} to {this}: done`;
};

/** Opens a server with such faults and a model of it with everything around it; members: of a pool. */
const open = async (names: readonly string[], members = 1, behaviour: EndpointBehaviour = {}) => {
  const servers = await Promise.all(
    Array.from({ length: members }, () =>
      startEndpoint({ ...behaviour, models: ["m"], fault: mixOf(names) }),
    ),
  );
  const ledger = await openLedger();
  const cache = await openAnswerStore(mkdtempSync(join(root, "answers-")));
  const path = behaviour.texts === undefined ? "" : "/completions";
  const name = servers.map(({ baseURL }) => `${baseURL}${path}#m`).join("|");
  const told: string[] = [];
  const model = await openModel(name, {
    environment: {},
    concurrency: 40,
    timeout: names.includes("hang") ? 5000 : 60_000,
    retry: { attempts: 60, wait: async () => {} },
    ledger,
    cache,
    prices: { m: { input: 1_000_000, output: 1_000_000 } },
    onNotice: ({ code }) => told.push(code),
  });
  const close = async (): Promise<void> => {
    await model.close();
    await cache.close();
    for (const server of servers) await server.close();
  };
  return { model, ledger, cache, servers, told, close };
};

/** Holds the account to what the servers say of themselves: each call, and a dollar a token. */
const expectPaid = (ledger: Ledger, servers: readonly Endpoint[]): void => {
  const paths = servers.flatMap((server) => server.calls).filter(({ path }) => path.endsWith("completions"));
  const sum = (part: keyof Charged): number =>
    servers.reduce((total, { charged }) => total + charged[part], 0);
  const { calls, failed: failures, money, estimated, estimatedMoney } = ledger.totals();
  expect(calls).toBe(paths.length);
  expect(calls - failures).toBe(sum("answered"));
  expect(money - estimatedMoney).toBeCloseTo(sum("promptTokens") + sum("completionTokens"), 6);
  expect(estimated).toBe(sum("lost"));
  expect(estimatedMoney).toBeGreaterThanOrEqual(estimated);
};

type Mix = readonly [name: string, faults: readonly string[], members: number, count: number];
const mixes: Mix[] = [
  ...kinds.map((kind): Mix => [kind, [kind], 1, 60]),
  ["all of them", kinds, 1, 80],
  ["all of them, over a pool of three", kinds, 3, 120],
  ["all but hangs, going on with texts", passing, 1, 80],
];

const hangs = ([, names]: readonly [string, readonly string[], ...rest: unknown[]]): boolean =>
  names.includes("hang");
const isQuick = (mix: readonly [string, readonly string[], ...rest: unknown[]]): boolean => !hangs(mix);

const costsPatience = async (
  mix: string,
  names: readonly string[],
  members: number,
  count: number,
): Promise<void> => {
  const isPlain = mix.endsWith("texts");
  const behaviour: EndpointBehaviour = isPlain ? { chat: false, texts: true } : {};
  const { model, ledger, cache, servers, told, close } = await open(names, members, behaviour);
  const requests = Array.from({ length: count }, (_, seed) => ask(seed));
  const expected = requests.map((request) => expectedText(request, isPlain));
  const replies = await model.generate(requests);
  expect(replies.map(({ text }) => text)).toEqual(expected);
  expect(replies.every(({ finish, cached }) => finish === "stop" && cached === undefined)).toBe(true);
  const { calls, failed: failures } = ledger.totals();
  expect(calls - failures).toBe(count);
  const isOther = names.includes("another model's name");
  expect(told.filter((code) => code === "model-other").length > 0).toBe(isOther);
  expectPaid(ledger, servers);
  expect(cache.size()).toBe(count);
  expect(told.filter((code) => code === "model-retry")).toHaveLength(failures);
  // Once more: all is there, and nothing is paid.
  expect((await model.generate(requests)).map(({ text }) => text)).toEqual(expected);
  expect(ledger.totals().calls).toBe(calls);
  await close();
};

type Scoring = readonly [name: string, faults: readonly string[], behaviour: EndpointBehaviour, each: number];
const scorings: Scoring[] = [
  ["in chats", kinds, {}, 1],
  ["by echo, two calls each", passing, { echo: true, template: "apply-template" as const }, 2],
  ["by echo in a transcript, after others were tried", passing, { echo: true, top: "ignored" as const }, 2],
  ["behind a transcript, after echo was tried", passing, { chat: false, texts: true }, 1],
];

const scoresAreAnswers = async (
  _name: string,
  names: readonly string[],
  behaviour: EndpointBehaviour,
  each: number,
): Promise<void> => {
  const { model, ledger, servers, close } = await open(names, 1, behaviour);
  const requests = Array.from({ length: 60 }, (_, seed) => ({
    messages: ask(seed).messages,
    continuations: ["(A)", "(B)"],
  }));
  const scores = await model.score(requests);
  for (const [index, { logProbabilities }] of scores.entries()) {
    const share = probabilityOfA(requests[index]!.messages[0]!.content);
    const [a, b] = logProbabilities.map((value) => Math.exp(value ?? Number.NaN));
    expect(a! / (a! + b!)).toBeCloseTo(share, 6);
  }
  // None is paid again because another call of the same score failed; the question by which the way to score is found
  // is paid, too.
  const { calls, failed: failures } = ledger.totals();
  const isSearched = "top" in behaviour || "texts" in behaviour;
  // An echo is looked at once more, to see that it can be believed.
  const looks = behaviour.echo === true ? 1 : 0;
  if (!isSearched) expect(calls - failures).toBe(61 * each + looks);
  else expect(calls - failures).toBeGreaterThan(61 * each);
  expectPaid(ledger, servers);
  await close();
};

const longestMilliseconds = 180_000;

describe("a server with faults that end by themselves", () => {
  it.each(mixes.filter(isQuick))("%s costs patience and nothing else", costsPatience, longestMilliseconds);

  it.each(scorings.filter(isQuick))(
    "gives scores, %s, that are those of its answers, each of them and no other",
    scoresAreAnswers,
    longestMilliseconds,
  );
});

// Side by side, since all that they do is to wait; the others would make them wait in vain.
describe.concurrent("a server that hangs, too,", () => {
  it.each(mixes.filter(hangs))("%s costs patience and nothing else", costsPatience, longestMilliseconds);

  it.each(scorings.filter(hangs))(
    "gives scores, %s, that are those of its answers, each of them and no other",
    scoresAreAnswers,
    longestMilliseconds,
  );
});

describe("a server that never gets well", () => {
  it("ends in its failure, without an answer that it did not give", async () => {
    const server = await startEndpoint({ fault: () => failed(503) });
    const ledger = await openLedger();
    const model = await openModel(`${server.baseURL}#m`, {
      environment: {},
      retry: { attempts: 3, wait: async () => {} },
      ledger,
    });
    await expect(model.generate([ask(1)])).rejects.toThrow("status 503");
    await expect(model.score([{ messages: ask(1).messages, continuations: ["(A)", "(B)"] }])).rejects.toThrow(
      "status 503",
    );
    // Three times itself and three times a plain request; what a score asks for the chat template is no call of the model.
    expect(ledger.totals()).toMatchObject({ calls: 6, failed: 6, money: 0 });
    await model.close();
    await server.close();
  });
});

describe("a budget", () => {
  it("is overshot by no more than the calls in flight, however many wait and whatever answers take", async () => {
    const [atOnce, first, later] = [8, 2, 40];
    const server = await startEndpoint({
      fault: (_, before) => ({
        status: 200,
        body: {
          model: "m",
          choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
          usage: { prompt_tokens: 1, completion_tokens: before < 20 ? first : later },
        },
      }),
    });
    const budget = 400;
    const ledger = await openLedger({ budget: { tokens: budget } });
    const model = await openModel(`${server.baseURL}#m`, { environment: {}, ledger, concurrency: atOnce });
    // Others in the way between pass requests on one by one, and so does a caller with many of its own.
    const all = Array.from({ length: 100 }, (_, seed) => model.generate([{ ...ask(seed), maxTokens: 60 }]));
    const ended = await Promise.allSettled(all);
    const failures = ended.filter(({ status }) => status === "rejected");
    expect(failures.length).toBeGreaterThan(0);
    const { promptTokens, completionTokens } = ledger.totals();
    expect(promptTokens + completionTokens - budget).toBeLessThanOrEqual(atOnce * (1 + later));
    expect(server.most()).toBeLessThanOrEqual(atOnce);
    await model.close();
    await server.close();
  });
});

describe("a call that waits for the budget", () => {
  it("has not begun: the wait is not taken for a server that answers slowly", async () => {
    let begun = 0;
    const begunAt: number[] = [];
    const server = await startEndpoint({
      fault: ({ path }) => {
        if (path.endsWith("completions")) begunAt.push(begun);
        return undefined;
      },
    });
    // Reads of the clock: one when a call begins, one when it has ended.
    const clock = { now: () => ++begun };
    // What a model takes that has not answered yet, one call finds out.
    const ledger = await openLedger({ budget: { tokens: 1000 } });
    const model = await openModel(`${server.baseURL}#m`, { environment: {}, ledger, clock });
    await model.generate([1, 2, 3, 4].map((seed) => ({ ...ask(seed), maxTokens: 900 })));
    expect(begunAt).toHaveLength(4);
    expect(begunAt[0]).toBe(1);
    await model.close();
    await server.close();
  });
});
