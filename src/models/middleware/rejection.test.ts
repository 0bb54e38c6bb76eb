// A request at fault costs itself and no other; a server at fault is told as before. Which of the two it is, is asked.

import { describe, expect, it } from "vitest";
import { UserError } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import { scriptedModel } from "../index.ts";
import type { GenerateRequest } from "../specification.ts";
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
    // What the plain request took that showed whose fault it was.
    const [plain] = await rejecting.generate([ask("Hello.")]);
    expect(replies[1]?.usage).toEqual(plain?.usage);
    expect(plain?.usage.completionTokens).toBeGreaterThan(0);
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

  it("throws what is nobody's request: servers that are away, keys, unknown models", async () => {
    const passing = modelFailure("model-status", "busy", { model: "m", retriable: true, status: 503 });
    const away = modelFailure("model-connection", "away", { model: "m", retriable: true });
    for (const failure of [passing, away, new UserError("model-key", "no key", { status: 401 })]) {
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
