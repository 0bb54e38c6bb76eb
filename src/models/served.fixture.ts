// Servers of several kinds in a time of their own, which passes only when all that can go on has gone on: what they turn
// down, keep waiting and answer is counted. Knows nobody who asks.

import { createRandom } from "../core/index.ts";
import { type ModelFailureCode, modelFailure } from "./failure.ts";

/** Time that leaps to the next moment for which somebody waits. */
export const createTime = () => {
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
    /** Until the work is done. */
    async pass(work: Promise<unknown>): Promise<void> {
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
export type Time = ReturnType<typeof createTime>;

/**
 * latency: milliseconds of an answer in the mean; lognormal. spread: of its logarithm, default a half. bears: calls at once;
 * those beyond are turned down with the status or, without one, wait for their turn, patience milliseconds at most with
 * their answer. away: from when to when it cannot be reached. breaks: whether calls beyond break it: it cannot be reached
 * for so long. fails: the share of calls that fail whatever the load, with the status or 500.
 */
export type Kind = {
  readonly latency?: number;
  readonly spread?: number;
  readonly bears?: number;
  readonly status?: number;
  readonly patience?: number;
  readonly away?: readonly [from: number, to: number];
  readonly breaks?: number;
  readonly fails?: number;
};

/** Milliseconds after which a call is turned down. */
const refusal = 50;

const failure = (code: ModelFailureCode, status?: number): Error =>
  modelFailure(code, "not now", {
    model: "served",
    retriable: true,
    ...(status === undefined ? {} : { status }),
  });

/** Starts a server. most: calls on their way at once; failed: those that were turned down, cut or given up. */
export const startServed = (time: Time, kind: Kind, seed: number) => {
  const { latency = 500, spread = 0.5, bears = Number.POSITIVE_INFINITY } = kind;
  const { status, patience, breaks, fails } = kind;
  let [from, to] = kind.away ?? [-1, -1];
  const random = createRandom(seed);
  const queue: (() => void)[] = [];
  const seen = { most: 0, failed: 0, failedAt: [] as number[], answeredAt: [] as number[] };
  let [present, busy] = [0, 0];
  const takes = (): number => latency * Math.exp(spread * random.normal() - spread ** 2 / 2);
  const isAway = (): boolean => time.now() >= from && time.now() < to;
  const serve = async (): Promise<void> => {
    if (breaks !== undefined && !isAway() && busy >= bears) [from, to] = [time.now(), time.now() + breaks];
    const begun = time.now();
    if (fails !== undefined && random.next() < fails) throw failure("model-status", status ?? 500);
    if (isAway()) throw failure("model-connection");
    if (busy >= bears) {
      if (status !== undefined) throw failure("model-status", status);
      await new Promise<void>((resolve) => queue.push(resolve));
    } else busy++;
    const left = patience === undefined ? Number.POSITIVE_INFINITY : begun + patience - time.now();
    const work = left <= 0 ? 0 : takes();
    await time.wait(Math.max(0, Math.min(work, left)));
    const next = queue.shift();
    if (next === undefined) busy--;
    else next();
    if (from >= begun && from < time.now()) throw failure("model-connection");
    if (work > left || left <= 0) throw failure("model-timeout");
  };
  const ask = async (): Promise<void> => {
    present++;
    seen.most = Math.max(seen.most, present);
    try {
      await serve();
      seen.answeredAt.push(time.now());
    } catch (thrown) {
      await time.wait(refusal);
      seen.failed++;
      seen.failedAt.push(time.now());
      throw thrown;
    } finally {
      present--;
    }
  };
  return { seen, ask };
};
