// A request at fault costs itself and no other; a server at fault is told as before. Which of the two it is, is asked.

import { describe, expect, it } from "vitest";
import { manualClock, UserError } from "../../core/index.ts";
import { type ModelFailureCode, modelFailure } from "../failure.ts";
import { scriptedModel } from "../index.ts";
import { poolModel } from "../pool.ts";
import type { GenerateRequest, LanguageModel, Reply } from "../specification.ts";
import { withCache } from "./cache.ts";
import { withRejection } from "./rejection.ts";

const ask = (content: string): GenerateRequest => ({
  messages: [{ role: "user", content }],
  maxTokens: 500,
  temperature: 0.5,
  topP: 0.9,
  seed: 1,
});
const question = (content: string) => ({ messages: ask(content).messages, continuations: ["(A)", "(B)"] });

const turnedDown = (status: number) =>
  modelFailure("model-status", `m answered with status ${status}: roles must alternate`, {
    model: "m",
    retriable: status === 500,
    status,
  });

/** A model that fails on what contains "bad", or on everything from its n-th call on. */
const failing = (failure: Error, everythingFrom = Number.POSITIVE_INFINITY) => {
  let calls = 0;
  const check = (content: string | undefined): void => {
    if (content?.includes("bad") || ++calls > everythingFrom) throw failure;
  };
  const model = scriptedModel({
    id: "m",
    reply: ({ messages }) => {
      check(messages[0]?.content);
      return `to ${messages[0]?.content}`;
    },
    score: ({ messages }) => {
      check(messages[0]?.content);
      return [-1, -2];
    },
  });
  const told: string[] = [];
  return {
    model,
    told,
    rejecting: withRejection(model, { onRejection: ({ message }) => told.push(message) }),
  };
};

describe("withRejection", () => {
  it.each([400, 413, 422, 500])("rejects the one request that a server answers with %i", async (status) => {
    const { rejecting, told } = failing(turnedDown(status));
    const replies = await rejecting.generate(["one", "bad", "two"].map(ask));
    expect(replies.map(({ text, finish }) => [text, finish])).toEqual([
      ["to one", "stop"],
      ["", "rejected"],
      ["to two", "stop"],
    ]);
    expect(told).toEqual([turnedDown(status).message]);
    // What was asked to find that out is in the account, not in a record.
    expect(replies[1]?.usage).toEqual({ promptTokens: 0, completionTokens: 0 });
    const scores = await rejecting.score(["one", "bad"].map(question));
    expect(scores.map(({ logProbabilities, declined }) => [logProbabilities, declined])).toEqual([
      [[-1, -2], undefined],
      [[null, null], "rejected"],
    ]);
  });

  it("rejects the first request, too: a plain one with its settings shows that the server is well", async () => {
    const { rejecting, model } = failing(turnedDown(400));
    expect((await rejecting.generate([ask("bad")]))[0]?.finish).toBe("rejected");
    const asked = model.calls.flatMap(({ requests }) => [...requests]);
    expect(asked.at(-1)).toMatchObject({ maxTokens: 16, temperature: 0.5, topP: 0.9, seed: 1 });
  });

  it("throws what the server said where a plain request fares no better", async () => {
    const { rejecting, told } = failing(turnedDown(400), 0);
    await expect(rejecting.generate([ask("any")])).rejects.toThrow(/roles must alternate/);
    expect(told).toEqual([]);
  });

  it("throws what is nobody's request: servers that are busy or away, keys, accounts, unknown models", async () => {
    const model = { model: "m", retriable: true };
    const user = (code: string, status: number) => new UserError(code, code, { status });
    for (const failure of [
      modelFailure("model-status", "busy", { ...model, status: 429 }),
      modelFailure("model-status", "busy", { ...model, status: 503, retryAfter: 1000 }),
      modelFailure("model-status", "overloaded", { ...model, status: 529 }),
      modelFailure("model-connection", "away", { ...model, unsent: true }),
      ...[user("model-key", 401), user("model-quota", 402), user("model-unknown", 404)],
    ]) {
      const { rejecting, model } = failing(failure);
      await expect(rejecting.generate([ask("bad")])).rejects.toBe(failure);
      expect(model.calls).toHaveLength(1);
    }
  });

  it("is asked again where answers are kept", async () => {
    const kept = new Map<string, unknown>();
    const store = {
      get: (key: string) => kept.get(key),
      put: (key: string, answer: unknown) => kept.set(key, answer),
    };
    const cached = withCache(failing(turnedDown(400)).rejecting, store);
    await cached.generate(["one", "bad"].map(ask));
    await cached.score([question("bad")]);
    expect([...kept.values()]).toEqual([expect.objectContaining({ text: "to one" })]);
  });
});

const failed = (code: ModelFailureCode, status?: number) =>
  modelFailure(code, `${code} ${status}`, {
    ...{ model: "m", retriable: true },
    ...(status === undefined ? {} : { status }),
  });

/** What a server does with the calls to come, one after another; "hello" and "ok" are answers, and the last one stays. */
const scripted = (...steps: readonly ("ok" | Error)[]) => {
  const asked: string[] = [];
  const inner = scriptedModel({ id: "m", reply: ({ messages }) => `to ${messages[0]?.content}` });
  const model: LanguageModel = {
    ...inner,
    generate: async (requests, options) => {
      const step = steps[Math.min(asked.length, steps.length - 1)];
      asked.push(requests[0]?.messages[0]?.content ?? "");
      if (step instanceof Error) throw step;
      return inner.generate(requests, options);
    },
  };
  const told: string[] = [];
  return {
    asked,
    told,
    rejecting: withRejection(model, { onRejection: ({ message }) => told.push(message) }),
  };
};

/** Failures that a server in trouble has as well as one request. */
const either = [
  ["no answer in time", failed("model-timeout")],
  ["a connection that is cut", failed("model-connection")],
  ["no JSON", failed("model-response")],
  ["an end in trouble", failed("model-end")],
  ...[408, 500, 502, 503, 504].map((status) => [`${status}`, failed("model-status", status)] as const),
  ["403", new UserError("model-key", "no access", { model: "m", status: 403 })],
  ["418", modelFailure("model-status", "teapot", { model: "m", status: 418, retriable: false })],
  ["451", modelFailure("model-status", "by law", { model: "m", status: 451, retriable: false })],
] as const;

describe.each(either)("a failure that may be the server's as well (%s)", (_, failure) => {
  it("is the request's where it comes again between plain ones that are answered", async () => {
    const { rejecting, asked, told } = scripted(failure, "ok", failure, "ok");
    expect(await rejecting.generate([ask("bad")])).toMatchObject([{ text: "", finish: "rejected" }]);
    expect(asked).toEqual(["bad", "Hello.", "bad", "Hello."]);
    expect(told).toEqual([failure.message]);
  });

  it("is none where the server came back meanwhile", async () => {
    const { rejecting, asked, told } = scripted(failure, "ok");
    expect(await rejecting.generate([ask("good")])).toMatchObject([{ text: "to good", finish: "stop" }]);
    expect([asked, told]).toEqual([["good", "Hello.", "good"], []]);
  });

  it("is the server's where it has died, be it before or after a plain request was answered", async () => {
    for (const steps of [[failure], [failure, "ok", failure]] as const) {
      const { rejecting, told } = scripted(...steps);
      await expect(rejecting.generate([ask("good")])).rejects.toBe(failure);
      expect(told).toEqual([]);
    }
  });
});

describe("many requests that fail at once", () => {
  /** A server that answers nothing but plain requests, each when it is let go. */
  const start = (answersPlain: boolean) => {
    const plain: string[] = [];
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const inner = scriptedModel({ id: "m", reply: () => "Hello to you." });
    const generate: LanguageModel["generate"] = async (requests, options): Promise<Reply[]> => {
      if (requests[0]?.messages[0]?.content !== "Hello.") throw failed("model-connection");
      plain.push("");
      await gate;
      if (!answersPlain) throw failed("model-connection");
      return inner.generate(requests, options);
    };
    return { plain, go, rejecting: withRejection({ ...inner, generate }) };
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  it("share one plain request while it is under way, and are told as the server's failure where that fails", async () => {
    const { plain, go, rejecting } = start(false);
    const all = ["a", "b", "c", "d"].map((content, seed) => rejecting.generate([{ ...ask(content), seed }]));
    const ended = Promise.allSettled(all);
    await turn();
    expect(plain).toHaveLength(1);
    go();
    expect((await ended).map(({ status }) => status)).toEqual(Array(4).fill("rejected"));
    expect(plain).toHaveLength(1);
  });

  it("do not end with the one of them that is interrupted", async () => {
    const { plain, go, rejecting } = start(true);
    const stop = new AbortController();
    const first = rejecting.generate([ask("a")], { signal: stop.signal }).catch((thrown: unknown) => thrown);
    const second = rejecting.generate([ask("b")]);
    await turn();
    expect(plain).toHaveLength(1);
    stop.abort();
    go();
    expect(await first).toMatchObject({ code: "interrupted" });
    expect(await second).toMatchObject([{ finish: "rejected" }]);
  });
});

describe("a pool", () => {
  /** A pool of members that fail as they say, and what asks the one that failed. */
  const start = (...failures: readonly ((content: string | undefined) => Error | undefined)[]) => {
    const members = failures.map((failureOf, at): LanguageModel => {
      const inner = scriptedModel({ id: `${at}`, reply: () => "fine" });
      const generate: LanguageModel["generate"] = async (requests, options) => {
        const failure = failureOf(requests[0]?.messages[0]?.content);
        if (failure !== undefined) throw failure;
        return inner.generate(requests, options);
      };
      return { ...inner, generate };
    });
    const pool = poolModel({ id: "0|1", members, clock: manualClock() });
    const memberOf = (id: string) => {
      const member = members.find((one) => one.id === id);
      return member === undefined ? undefined : { retried: member, direct: member };
    };
    return withRejection(pool, { memberOf });
  };

  it("with a member that turns everything down is not taken for a whole one that turns one request down", async () => {
    const denied = new UserError("model-key", "0 refused access", { model: "0", status: 403 });
    const rejecting = start(
      () => denied,
      () => undefined,
    );
    await expect(rejecting.generate([ask("any")])).rejects.toBe(denied);
  });

  it("has a request rejected that all of its members fail but one that is away", async () => {
    const away = modelFailure("model-connection", "away", { model: "0", retriable: true, unsent: true });
    const broken = modelFailure("model-status", "broken", { model: "1", retriable: true, status: 502 });
    const rejecting = start(
      () => away,
      (content) => (content === "bad" ? broken : undefined),
    );
    expect(await rejecting.generate([ask("bad")])).toMatchObject([{ finish: "rejected" }]);
  });
});
