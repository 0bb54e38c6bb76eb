// Whole runs of hundreds of calls at once, with retries, at servers of many kinds, in a time that passes only when all that
// can go on has gone on: how soon a strong one is used, how little a weak one is bothered, and that nothing is lost.

import { describe, expect, it } from "vitest";
import { createRandom } from "../../core/index.ts";
import { modelFailure } from "../failure.ts";
import type { LanguageModel } from "../specification.ts";
import { type BorneNumbers, withAdaptiveConcurrency } from "./concurrency.ts";
import { withRetry } from "./retry.ts";

/** Milliseconds of an answer in the mean, and after which a call is turned down. */
const latency = 500;
const refusal = 50;
/** What a beginning is. */
const firstMilliseconds = 4 * latency;

/** Time that leaps to the next moment for which somebody waits. */
const createTime = () => {
  let now = 0;
  const waiting = new Map<number, (() => void)[]>();
  return {
    now: () => now,
    wait: (milliseconds: number): Promise<void> =>
      new Promise((resolve) => {
        const at = now + Math.round(milliseconds);
        const others = waiting.get(at);
        if (others === undefined) waiting.set(at, [resolve]);
        else others.push(resolve);
      }),
    async passUntil(work: Promise<unknown>): Promise<void> {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      for (;;) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (isDone) break;
        now = Math.min(...waiting.keys());
        for (const resume of waiting.get(now) ?? []) resume();
        waiting.delete(now);
      }
      await done;
    },
  };
};
type Time = ReturnType<typeof createTime>;

const failure = (status?: number): Error =>
  modelFailure(status === undefined ? "model-connection" : "model-status", "not now", {
    model: "served",
    retriable: true,
    ...(status === undefined ? {} : { status }),
  });

/**
 * What a server does: bears so many calls, and turns those beyond down with a status or, without one, lets them queue;
 * away: from when to when it cannot be reached. spread: whether answers take differently long.
 */
type Kind = {
  readonly bears?: number;
  readonly status?: number;
  readonly away?: readonly [from: number, to: number];
  readonly spread?: boolean;
};

const startServer = (time: Time, { bears = Number.POSITIVE_INFINITY, status, away, spread }: Kind) => {
  const random = createRandom(1);
  const queue: (() => void)[] = [];
  const seen = { most: 0, refused: 0, refusedAtFirst: 0, answered: 0, busy: 0 };
  let present = 0;
  const turnDown = async (code?: number): Promise<never> => {
    await time.wait(refusal);
    seen.refused++;
    if (time.now() <= firstMilliseconds) seen.refusedAtFirst++;
    throw failure(code);
  };
  const isAway = (): boolean => away !== undefined && time.now() >= away[0] && time.now() < away[1];
  const answer = async (): Promise<void> => {
    if (isAway()) return turnDown();
    if (seen.busy >= bears) {
      if (status !== undefined) return turnDown(status);
      await new Promise<void>((resolve) => queue.push(resolve));
    } else seen.busy++;
    await time.wait(spread === true ? latency * (0.5 + random.next()) : latency);
    const next = queue.shift();
    if (next === undefined) seen.busy--;
    else next();
    if (isAway()) await turnDown();
    seen.answered++;
  };
  const ask = async (): Promise<void> => {
    present++;
    seen.most = Math.max(seen.most, present);
    try {
      await answer();
    } finally {
      present--;
    }
  };
  return { seen, ask };
};

const request = { messages: [], maxTokens: 1, temperature: 0, seed: 1 };

/** So many calls by 500 who ask one after another; rounds: how long it took, in answers' latencies. */
const run = async (kind: Kind, calls: number, borne?: BorneNumbers) => {
  const time = createTime();
  const { seen, ask } = startServer(time, kind);
  const served: LanguageModel = {
    id: "served",
    capabilities: { batch: 500, scores: false },
    async generate() {
      await ask();
      return [{ text: "x", finish: "stop", usage: { promptTokens: 1, completionTokens: 1 } }];
    },
    score: async () => [],
    close: async () => {},
  };
  let attempts = 1;
  const model = withRetry(withAdaptiveConcurrency(served, { clock: time, borne }), {
    wait: (milliseconds) => time.wait(milliseconds),
    onRetry: ({ attempt }) => {
      attempts = Math.max(attempts, attempt);
    },
  });
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < calls) {
      begun++;
      await model.generate([request]);
    }
  };
  await time.passUntil(Promise.all(Array.from({ length: 500 }, work)));
  await model.close();
  return { ...seen, attempts, rounds: time.now() / latency };
};

describe("a server that bears all that is asked at once", () => {
  it("is fully used after three rounds: under a tenth is lost of 25,000 calls, 500 at once", async () => {
    const { rounds, most, refused } = await run({}, 25_000);
    expect([most, refused]).toEqual([500, 0]);
    // The last round may hold a single call.
    expect(rounds - 1).toBeLessThan(50 / 0.95);
  });

  it("is fully used from the first round on where the same command has found that out before", async () => {
    const borne: BorneNumbers = new Map();
    const first = await run({}, 6_000, borne);
    const next = await run({}, 6_000, borne);
    expect(next.rounds).toBe(12);
    expect(first.rounds).toBeGreaterThan(next.rounds + 2);
  });

  it("is soon fully used again after five seconds in which it could not be reached", async () => {
    const { answered, rounds, attempts } = await run({ away: [10_000, 15_000], spread: true }, 25_000);
    expect(answered).toBe(25_000);
    expect(attempts).toBeLessThanOrEqual(6);
    expect(rounds).toBeLessThan(50 + 10 + 25);
  });
});

describe("a server that bears twenty calls where it is asked for 500 at once", () => {
  const ideal = 1000 / 20;

  it.each([
    ["429", { status: 429 }],
    ["429, and takes differently long", { status: 429, spread: true }],
    ["503", { status: 503 }],
    ["503, and takes differently long", { status: 503, spread: true }],
  ] as const)("turns few down: %s", async (_, kind) => {
    const { answered, refused, attempts, rounds } = await run({ bears: 20, ...kind }, 1000);
    expect(answered).toBe(1000);
    expect(refused).toBeLessThan(40);
    expect(attempts).toBeLessThanOrEqual(3);
    expect(rounds).toBeLessThan(1.4 * ideal);
  });

  it.each([
    ["alike", {}],
    ["differently", { spread: true }],
  ] as const)(
    "is not flooded where it turns none down and gets slower: answers take %s long",
    async (_, kind) => {
      const { answered, most, attempts, rounds } = await run({ bears: 20, ...kind }, 2000);
      expect([answered, attempts]).toEqual([2000, 1]);
      expect(most).toBeLessThan(160);
      expect(rounds).toBeLessThan(1.1 * 2 * ideal);
    },
  );

  it("is not hit harder by a resume than by a beginning, nor by the next stage of the same command", async () => {
    const kind: Kind = { bears: 20, status: 429, spread: true };
    const borne: BorneNumbers = new Map();
    const first = await run(kind, 1000, borne);
    expect(borne.get("served")?.number).toBeLessThanOrEqual(21);
    const next = await run(kind, 1000, borne);
    expect(next.refusedAtFirst).toBeLessThan(first.refusedAtFirst / 2);
    // A resume knows nothing and begins anew: as many as a round had too many when every command began with sixteen.
    const resumed = await run(kind, 300);
    expect(resumed.refusedAtFirst).toBe(first.refusedAtFirst);
    expect(resumed.refusedAtFirst).toBeLessThanOrEqual(12);
  });
});
