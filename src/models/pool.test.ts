// A pool: work goes where there is room, a member that fails rests while its requests go to the others, and records see
// one model.

import { describe, expect, it } from "vitest";
import { manualClock, UserError } from "../core/index.ts";
import { modelFailure } from "./failure.ts";
import { poolModel, scriptedModel } from "./index.ts";
import type { GenerateRequest, LanguageModel } from "./specification.ts";

const ask = (seed: number): GenerateRequest => ({ messages: [], maxTokens: 9, temperature: 1, seed });
const asks = (count: number) => Array.from({ length: count }, (_, seed) => ask(seed));
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A member that counts its calls and fails while `state.failure` says so. held: answers wait for release(). */
const member = (name: string, batch = 4, held = false) => {
  const inner = scriptedModel({ id: name, batch, reply: ({ seed }) => `reply ${seed}` });
  const state: { calls: number; failure: Error | undefined } = { calls: 0, failure: undefined };
  const ends: (() => void)[] = [];
  const model: LanguageModel = {
    ...inner,
    generate: async (requests, options) => {
      state.calls++;
      if (held) await new Promise<void>((resolve) => ends.push(resolve));
      if (state.failure !== undefined) throw state.failure;
      return inner.generate(requests, options);
    },
  };
  const release = async (): Promise<void> => {
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await settle();
    }
  };
  return { model, state, release };
};
const busy = (retryAfter?: number) =>
  modelFailure("model-status", "busy", {
    model: "m",
    retriable: true,
    status: 503,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });

describe("a pool", () => {
  it("gives work by the room that members have, and answers under its own name", async () => {
    const [small, large] = [member("small", 2, true), member("large", 6, true)];
    const pool = poolModel({ id: "a|b", members: [small.model, large.model], clock: manualClock() });
    expect([pool.id, pool.capabilities.batch]).toEqual(["a|b", 8]);
    const replies = pool.generate(asks(8));
    await settle();
    expect([small.state.calls, large.state.calls]).toEqual([2, 6]);
    await Promise.all([small.release(), large.release()]);
    expect((await replies).map(({ text }) => text)).toEqual(asks(8).map(({ seed }) => `reply ${seed}`));
  });

  it("lets a failing member rest, longer each time, and loses nothing", async () => {
    const clock = manualClock(1_000_000);
    const [good, bad] = [member("good"), member("bad")];
    const told: string[] = [];
    const members = [bad.model, good.model];
    const pool = poolModel({
      id: "p",
      members,
      clock,
      firstRest: 1000,
      onFailover: ({ message }) => told.push(message),
    });
    bad.state.failure = busy();
    expect(await pool.generate([ask(1)])).toHaveLength(1);
    for (let call = 0; call < 5; call++) await pool.generate([ask(call)]);
    expect([bad.state.calls, good.state.calls, told]).toEqual([1, 6, ["busy"]]);
    clock.advance(1000);
    await pool.generate(asks(3));
    expect(bad.state.calls).toBe(2);
    clock.advance(1000);
    await pool.generate([ask(1)]);
    expect(bad.state.calls).toBe(2);
    clock.advance(1000);
    bad.state.failure = undefined;
    await pool.generate([ask(1)]);
    expect(bad.state.calls).toBe(3);
    await pool.generate([ask(1)]);
    expect(bad.state.calls).toBe(4);
  });

  it("rests as long as a server asks", async () => {
    const clock = manualClock(5);
    const [good, bad] = [member("good"), member("bad")];
    const pool = poolModel({ id: "p", members: [bad.model, good.model], clock, firstRest: 10 });
    bad.state.failure = busy(60_000);
    await pool.generate([ask(1)]);
    bad.state.failure = undefined;
    clock.advance(59_999);
    await pool.generate([ask(1)]);
    expect(bad.state.calls).toBe(1);
    clock.advance(1);
    await pool.generate([ask(1)]);
    expect(bad.state.calls).toBe(2);
  });

  it("gives up a request when all members have failed it, and asks again the next time", async () => {
    const members = [member("a"), member("b")];
    for (const { state } of members) state.failure = busy();
    const pool = poolModel({ id: "p", members: members.map(({ model }) => model), clock: manualClock() });
    await expect(pool.generate([ask(1)])).rejects.toThrow("busy");
    for (const { state } of members) state.failure = undefined;
    expect(await pool.generate([ask(1)])).toHaveLength(1);
  });

  it("asks every member on trial, and scores where all of those that answer do", async () => {
    const scores = { logProbabilities: [-1, -2], usage: { promptTokens: 1, completionTokens: 1 } };
    const mute = { ...scores, logProbabilities: [null, null] };
    const asked: string[] = [];
    const scorer = (name: string, answer: object | Error): LanguageModel => ({
      ...member(name).model,
      score: async () => {
        asked.push(name);
        if (answer instanceof Error) throw answer;
        return [answer as typeof scores];
      },
    });
    const request = { messages: [], continuations: ["(A)", "(B)"] };
    const ask = async (answers: Record<string, object | Error>, more: object = { trial: true }) => {
      const members = Object.entries(answers).map(([name, answer]) => scorer(name, answer));
      const pool = poolModel({ id: "p", members, clock: manualClock(1_000_000) });
      asked.length = 0;
      return (await pool.score([{ ...request, ...more }]))[0]?.logProbabilities;
    };
    expect(await ask({ a: scores, b: mute })).toEqual([null, null]);
    expect(asked).toEqual(["a", "b"]);
    expect(await ask({ a: scores, b: scores })).toEqual([-1, -2]);
    expect(await ask({ a: busy(), b: scores })).toEqual([-1, -2]);
    await expect(ask({ a: busy(), b: busy() })).rejects.toThrow("busy");
    await expect(ask({ a: scores, b: new UserError("key", "no key") })).rejects.toThrow("no key");
    expect(await ask({ a: scores, b: mute }, {})).toEqual([-1, -2]);
    expect(asked).toEqual(["a"]);
    const declined = { ...mute, declined: "refusal" };
    expect(await ask({ a: declined, b: mute })).toBe(mute.logProbabilities);
    expect(await ask({ a: mute, b: declined })).toBe(mute.logProbabilities);
  });

  it("scores by the others where a member that no trial reached gives no log-probabilities", async () => {
    const usage = { promptTokens: 1, completionTokens: 1 };
    const asked: string[] = [];
    const clock = manualClock(1_000_000);
    const scorer = (name: string, logProbabilities: (number | null)[], wakes: number) => {
      let scores = true;
      const model: LanguageModel = {
        ...member(name).model,
        capabilities: {
          independentRequests: true,
          batch: 1,
          get scores() {
            return scores;
          },
        },
        score: async () => {
          asked.push(name);
          if (clock.now() < wakes) throw busy();
          scores = !logProbabilities.includes(null);
          return [{ logProbabilities, usage }];
        },
      };
      return model;
    };
    const members = [scorer("late", [null, null], 1_000_001), scorer("good", [-1, -2], 0)];
    const pool = poolModel({ id: "p", members, clock });
    const request = { messages: [], continuations: ["(A)", "(B)"] };
    const ask = async (more: { trial?: true }) =>
      (await pool.score([{ ...request, ...more }]))[0]?.logProbabilities;
    expect(await ask({ trial: true })).toEqual([-1, -2]);
    clock.advance(10_000);
    asked.length = 0;
    expect(await ask({})).toEqual([-1, -2]);
    expect(await ask({})).toEqual([-1, -2]);
    expect(asked).toEqual(["late", "good", "good"]);
    expect(pool.capabilities.scores).toBe(true);
  });

  it("does not hide a mistake behind members that work", async () => {
    const [good, wrong] = [member("good"), member("wrong")];
    wrong.state.failure = new UserError("model-key", "no key");
    const pool = poolModel({ id: "p", members: [wrong.model, good.model], clock: manualClock() });
    await expect(pool.generate([ask(1)])).rejects.toThrow("no key");
    expect(good.state.calls).toBe(0);
  });
});
